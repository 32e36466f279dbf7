"""String and bytes literals."""

import string
from typing import Final

_SIMPLE: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "`": "`",
    "?": "?",
}
_CODES: Final = {"x": 2, "X": 2, "u": 4, "U": 8}
"""Hexadecimal digits behind such an escape."""

_HEX: Final = frozenset(string.hexdigits)
_OCTAL: Final = frozenset("01234567")
MAX_CODE_POINT: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)


class CelSyntaxError(ValueError):
    """A text that is no rule."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(f"{message} (at character {at + 1})")


def read_quoted(text: str, at: int, *, raw: bool, is_bytes: bool) -> tuple[str | bytes, int]:
    """Return what the literal whose quote is at `at` means, and the offset behind it; CelSyntaxError."""
    quote = text[at] * 3 if text.startswith(text[at] * 3, at) else text[at]
    at += len(quote)
    parts: list[str | int] = []
    while not text.startswith(quote, at):
        if at >= len(text) or (len(quote) == 1 and text[at] in "\r\n"):
            raise CelSyntaxError(at, "a string without an end")
        if text[at] == "\\" and not raw:
            part, at = _escape(text, at + 1, is_bytes=is_bytes)
            parts.append(part)
            continue
        step = 2 if text[at] == "\\" and text[at + 1 : at + 2] else 1
        parts.append(text[at : at + step])
        at += step
    end = at + len(quote)
    if is_bytes:
        return b"".join(bytes((part,)) if isinstance(part, int) else part.encode() for part in parts), end
    return "".join(chr(part) if isinstance(part, int) else part for part in parts), end


def _escape(text: str, at: int, *, is_bytes: bool) -> tuple[str | int, int]:
    """Return what the escape behind a backslash means: text, or the number of a byte or character."""
    letter = text[at : at + 1]
    if letter in _SIMPLE:
        return _SIMPLE[letter], at + 1
    if letter in _CODES and not (is_bytes and letter in "uU"):
        digits = text[at + 1 : at + 1 + _CODES[letter]]
        if len(digits) == _CODES[letter] and _HEX.issuperset(digits):
            return _code_point(int(digits, 16), at), at + 1 + len(digits)
    octal = text[at : at + 3]
    if len(octal) == 3 and _OCTAL.issuperset(octal) and octal[0] in "0123":
        return int(octal, 8), at + 3
    raise CelSyntaxError(at, f"the escape \\{letter} means nothing")


def _code_point(number: int, at: int) -> int:
    if number > MAX_CODE_POINT or number in _SURROGATES:
        raise CelSyntaxError(at, f"U+{number:04X} is no character")
    return number
