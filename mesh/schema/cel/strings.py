"""Strings: CEL's string extension, version 2, and Kubernetes' regular expressions.

Positions count characters, as Python does.
"""

import string
from typing import Any, Final

from mesh.schema.cel.budget import Budget
from mesh.schema.cel.function import Function, typed, untyped
from mesh.schema.cel.regexes import compiled
from mesh.schema.cel.texts import format_text, quote
from mesh.schema.cel.values import CelError, no_overload

_WHITE: Final = "".join(map(chr, (*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029)))
_WHITE_TOO: Final = "\u202f\u205f\u3000"
_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_UPPER: Final = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)


def _char_at(_: Budget, text: str, at: int) -> str:
    if 0 <= at <= len(text):
        return text[at : at + 1]
    raise CelError(f"index out of range: {at}")


def _index_of(budget: Budget, text: str, piece: str, start: int = 0) -> int:
    budget.spend_length(len(text))
    if start < 0:
        raise CelError(f"index out of range: {start}")
    return text.find(piece, start) if piece else min(start, len(text))


def _last_index_of(budget: Budget, text: str, piece: str, start: int | None = None) -> int:
    budget.spend_length(len(text))
    if start is None:
        return text.rfind(piece)
    if start < 0:
        raise CelError(f"index out of range: {start}")
    if not piece:
        return min(start, len(text))
    return text.rfind(piece, 0, start + len(piece)) if start < len(text) else -1


def _replace(budget: Budget, text: str, old: str, new: str, most: int = -1) -> str:
    times = text.count(old) if most < 0 else min(most, text.count(old))
    budget.spend_length(len(text) + times * (len(old) + len(new)))
    return text.replace(old, new, most)


def _split(budget: Budget, text: str, separator: str, most: int = -1) -> list[str]:
    budget.spend_length(len(text))
    if most == 0:
        return []
    if separator:
        parts = text.split(separator, most - 1 if most > 0 else -1)
    else:
        parts = list(text) if most < 0 or len(text) <= most else [*text[: most - 1], text[most - 1 :]]
    budget.spend_length(len(parts) * 8)
    return parts


def _substring(_: Budget, text: str, start: int, end: int | None = None) -> str:
    last = len(text) if end is None else end
    if not 0 <= start <= len(text):
        raise CelError(f"index out of range: {start}")
    if not 0 <= last <= len(text):
        raise CelError(f"index out of range: {last}")
    if start > last:
        raise CelError(f"invalid substring range. start: {start}, end: {last}")
    return text[start:last]


def _join(budget: Budget, parts: list[Any], separator: str = "") -> str:
    if not all(type(part) is str for part in parts):
        raise no_overload()
    budget.spend_length(sum(map(len, parts)) + len(parts) * (1 + len(separator)))
    return separator.join(parts)


def _find(budget: Budget, text: str, pattern: str) -> str:
    budget.spend_length(len(text) * (1 + len(pattern) // 16))
    match = compiled(pattern).search(text)
    return "" if match is None else str(match.group(0))


def _find_all(budget: Budget, text: str, pattern: str, most: int = -1) -> list[str]:
    budget.spend_length(len(text) * (1 + len(pattern) // 16))
    found: list[str] = []
    for match in compiled(pattern).finditer(text):
        if len(found) == most:
            break
        budget.spend(1)
        found.append(match.group(0))
    return found


GLOBALS: Final[dict[str, Function]] = {}
NAMESPACES: Final[dict[str, Function]] = {"strings.quote": typed(quote, str)}
METHODS: Final[dict[str, Function]] = {
    "charAt": typed(_char_at, str, int),
    "indexOf": typed(_index_of, str, str, int, least=2),
    "lastIndexOf": typed(_last_index_of, str, str, int, least=2),
    "lowerAscii": typed(lambda _, text: text.translate(_LOWER), str),
    "upperAscii": typed(lambda _, text: text.translate(_UPPER), str),
    "replace": typed(_replace, str, str, str, int, least=3),
    "split": typed(_split, str, str, int, least=2),
    "substring": typed(_substring, str, int, int, least=2),
    "trim": typed(lambda _, text: text.strip(_WHITE + _WHITE_TOO), str),
    "join": typed(_join, list, str, least=1),
    "format": untyped(format_text, 2),
    "find": typed(_find, str, str),
    "findAll": typed(_find_all, str, str, int, least=2),
}
