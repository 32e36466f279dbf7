"""Regular expressions of rules, in RE2 as Go has them: their time is linear in the text, whatever they are."""

import functools
from typing import Any, Final

import re2

from mesh.schema.cel.values import CelError

MAX_PATTERN: Final = 4096
"""Characters of an expression. The longest of the CRDs met so far has 340."""

CACHED: Final = 512
"""Compiled expressions kept: a rule's own are constant, and all CRDs met so far have 120 different ones."""


@functools.lru_cache(maxsize=CACHED)
def compiled(pattern: str) -> Any:
    """Return the compiled expression; CelError when it is none."""
    if len(pattern) > MAX_PATTERN:
        raise CelError(f"a regular expression of {len(pattern)} characters, more than {MAX_PATTERN}")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0]
        shown = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise CelError(f"error parsing regexp: {shown}") from None
