"""The one place that talks to PyYAML's parser: events one at a time, and what its errors mean.

libyaml's parser is used where PyYAML was built with it, else PyYAML's own, which gives the same events more slowly.
Both keep their state on the heap, so no depth of nesting can exhaust the stack, as PyYAML's composer can.
"""

from collections.abc import Callable
from typing import Any, Final

import yaml

GetEvent = Callable[[], Any]
"""Gives the next event; None behind the last. Untyped, since PyYAML's stubs doubt marks that are always there."""

HAS_LIBYAML: Final = bool(yaml.__with_libyaml__)
"""Whether PyYAML was built with libyaml."""

_LOADER: Final[Any] = yaml.CSafeLoader if HAS_LIBYAML else yaml.SafeLoader

ERRORS: Final = (yaml.YAMLError, UnicodeEncodeError)
"""What opening a text or asking for an event may raise."""


def open_events(text: str) -> GetEvent:
    """Return the events of `text`; ERRORS."""
    get_event: GetEvent = _LOADER(text).get_event
    return get_event


def describe(error: Exception, text: str) -> tuple[int, str]:
    """Return the line, from 1, and the message of one of ERRORS that reading `text` has raised."""
    if isinstance(error, yaml.MarkedYAMLError):
        return _describe_marked(error, text)
    if isinstance(error, yaml.reader.ReaderError):
        before = text.encode("utf-8", "replace")[: error.position] if HAS_LIBYAML else text[: error.position].encode()
        return before.count(b"\n") + 1, f"a character that YAML does not take: U+{error.character:04X}"
    if isinstance(error, UnicodeEncodeError):
        return text.count("\n", 0, error.start) + 1, "half of a surrogate pair, which is no character"
    return 1, "unreadable"


def _describe_marked(error: yaml.MarkedYAMLError, text: str) -> tuple[int, str]:
    mark = error.problem_mark or error.context_mark
    line = 1 if mark is None else min(mark.line, text.count("\n")) + 1
    message = str(error.problem or error.context or "unreadable")
    if error.context and error.problem:
        since = "" if error.context_mark is None else f" that begins in line {error.context_mark.line + 1}"
        message += f" {error.context}{since}"
    return line, message
