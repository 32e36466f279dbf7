"""From a rule's text to tokens, without regular expressions."""

import string
from dataclasses import dataclass
from typing import Final

from mesh.schema.cel.quoting import CelSyntaxError, read_quoted

MAX_LENGTH: Final = 32 * 1024
"""Characters of a rule. The longest of the CRDs met so far has 1,400."""

_DIGITS: Final = frozenset(string.digits)
_HEX: Final = frozenset(string.hexdigits)
_NAME_STARTS: Final = frozenset(string.ascii_letters + "_")
_NAME: Final = _NAME_STARTS | _DIGITS
_SPACE: Final = frozenset(" \t\n\f\r")
_PAIRS: Final = frozenset(("==", "!=", "<=", ">=", "&&", "||", ".?", "[?"))
_SINGLES: Final = frozenset("<>+-*/%!?:.,()[]{}")
_PREFIXES: Final = frozenset(("r", "R", "b", "B", "rb", "rB", "Rb", "RB", "br", "bR", "Br", "BR"))


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a rule."""

    kind: str
    """`name`, `int`, `uint`, `float`, `string`, `bytes`, `op` or `end`."""
    text: str
    """As written; of a string, what it means."""
    at: int
    """Offset in characters."""
    data: bytes = b""
    """What a bytes literal means."""


def tokenize(text: str) -> list[Token]:
    """Return the tokens of `text`, the last of kind `end`; CelSyntaxError."""
    if len(text) > MAX_LENGTH:
        raise CelSyntaxError(0, f"a rule of {len(text)} characters, more than {MAX_LENGTH}")
    tokens: list[Token] = []
    at = 0
    while (at := _skip(text, at)) < len(text):
        token, at = _next(text, at)
        tokens.append(token)
    tokens.append(Token("end", "", len(text)))
    return tokens


def _skip(text: str, at: int) -> int:
    """Return where the next token begins: behind blanks and comments."""
    while at < len(text):
        if text[at] in _SPACE:
            at += 1
        elif text.startswith("//", at):
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        else:
            break
    return at


def _next(text: str, at: int) -> tuple[Token, int]:
    first = text[at]
    if first in _DIGITS or (first == "." and text[at + 1 : at + 2] in _DIGITS and text[at + 1 : at + 2]):
        return _number(text, at)
    if first in _NAME_STARTS:
        end = _run(text, at, _NAME)
        if text[at:end] in _PREFIXES and text[end : end + 1] in ("'", '"'):
            return _string(text, at, prefix=text[at:end].lower())
        return Token("name", text[at:end], at), end
    if first in "'\"":
        return _string(text, at, prefix="")
    if text[at : at + 2] in _PAIRS:
        return _pair(text, at)
    if first in _SINGLES:
        return Token("op", first, at), at + 1
    raise CelSyntaxError(at, f"the character {first!r} means nothing here")


def _pair(text: str, at: int) -> tuple[Token, int]:
    """Read an operator of two characters; `?.5` and `.?` meet only in rules that mean the latter."""
    return Token("op", text[at : at + 2], at), at + 2


def _string(text: str, at: int, *, prefix: str) -> tuple[Token, int]:
    quoted, end = read_quoted(text, at + len(prefix), raw="r" in prefix, is_bytes="b" in prefix)
    if isinstance(quoted, bytes):
        return Token("bytes", "", at, quoted), end
    return Token("string", quoted, at), end


def _run(text: str, at: int, characters: frozenset[str]) -> int:
    while at < len(text) and text[at] in characters:
        at += 1
    return at


def _number(text: str, at: int) -> tuple[Token, int]:
    if text[at : at + 2] in ("0x", "0X") and _run(text, at + 2, _HEX) > at + 2:
        end = _run(text, at + 2, _HEX)
        kind = "int"
    else:
        end = _run(text, at, _DIGITS)
        kind = "int"
        if text[end : end + 1] == "." and _run(text, end + 1, _DIGITS) > end + 1:
            kind, end = "float", _run(text, end + 1, _DIGITS)
        exponent = end + 2 if text[end + 1 : end + 2] in ("+", "-") and text[end + 1 : end + 2] else end + 1
        if text[end : end + 1] in ("e", "E") and text[end : end + 1] and _run(text, exponent, _DIGITS) > exponent:
            kind, end = "float", _run(text, exponent, _DIGITS)
    if kind == "int" and text[end : end + 1] in ("u", "U") and text[end : end + 1]:
        return Token("uint", text[at:end], at), end + 1
    return Token(kind, text[at:end], at), end
