"""A user's regex over a certificate's texts: RE2, as in Go, over UTF-8."""

from typing import Any, Self, final

import re2

from mesh.identity.errors import RuleError, shown
from mesh.identity.regex_rule import MAX_PATTERN_BYTES, MAX_PROGRAM


@final
class Pattern:
    """A regex whose first group is an agent's name; it matches anywhere unless it anchors itself, as in Go."""

    def __init__(self, text: str, compiled: Any) -> None:
        self.text = text
        self._compiled = compiled

    @classmethod
    def parse(cls, text: str) -> Self:
        """The regex `text`; RuleError when RE2 refuses it, it has no group, or it is too big."""
        try:
            encoded = text.encode("utf-8")
        except UnicodeEncodeError:
            raise RuleError("regex-text", f"the regex {shown(text)} is not valid UTF-8") from None
        if not encoded:
            raise RuleError("regex-empty", "the regex is empty, and would match nobody; accepted: one with a group")
        if len(encoded) > MAX_PATTERN_BYTES:
            raise RuleError(
                "regex-length", f"the regex has {len(encoded)} bytes; accepted: at most {MAX_PATTERN_BYTES}"
            )
        options = re2.Options()
        # RE2 would write each bad pattern to stderr, beside our own message.
        options.log_errors = False
        try:
            compiled = re2.compile(encoded, options)
        except re2.error as error:
            raise RuleError("regex-syntax", f"RE2 refuses the regex {shown(text)}: {_words(error)}") from None
        if compiled.groups < 1:
            raise RuleError(
                "regex-group", f"the regex {shown(text)} has no group; its first group, (...), is the agent's name"
            )
        if compiled.programsize > MAX_PROGRAM:
            raise RuleError(
                "regex-size",
                f"the regex {shown(text)} compiles to {compiled.programsize} instructions; "
                f"accepted: at most {MAX_PROGRAM}",
            )
        return cls(text, compiled)

    def first_group(self, value: str) -> str | None:
        """The first group where the regex matches `value`, empty if it took no part; None without a match."""
        match = self._compiled.search(value.encode("utf-8"))
        if match is None:
            return None
        group: bytes | None = match.group(1)
        return (group or b"").decode("utf-8", "replace")


def _words(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
