"""CEL's own functions that are neither operators nor conversions."""

from typing import Any, Final

from mesh.schema.cel.budget import Budget
from mesh.schema.cel.function import Function, typed, untyped
from mesh.schema.cel.regexes import compiled
from mesh.schema.cel.times import length_part, part
from mesh.schema.cel.values import Duration, Timestamp, no_overload


def _size(_: Budget, value: Any) -> int:
    if type(value) in (str, list, dict, bytes):
        return len(value)
    raise no_overload()


def matches(budget: Budget, text: str, pattern: str) -> bool:
    """Whether the expression is found anywhere in the text."""
    budget.spend_length(len(text) * (1 + len(pattern) // 16))
    return compiled(pattern).search(text) is not None


def _contains(budget: Budget, text: str, piece: str) -> bool:
    budget.spend_length(len(text))
    return piece in text


def _moment(name: str) -> Function:
    def call(_: Budget, value: Any, *zone: str) -> int:
        if type(value) is Timestamp and all(type(each) is str for each in zone):
            return part(value, name, *zone)
        if type(value) is Duration and not zone and name in _LENGTHS:
            return length_part(value, name)
        raise no_overload()

    return untyped(call, 1, 2)


_LENGTHS: Final = ("getHours", "getMinutes", "getSeconds", "getMilliseconds")
_MOMENTS: Final = ("getFullYear", "getMonth", "getDayOfYear", "getDayOfMonth", "getDate", "getDayOfWeek", *_LENGTHS)

GLOBALS: Final[dict[str, Function]] = {
    "size": untyped(_size, 1),
    "matches": typed(matches, str, str),
}
METHODS: Final[dict[str, Function]] = {
    "size": untyped(_size, 1),
    "matches": typed(matches, str, str),
    "contains": typed(_contains, str, str),
    "startsWith": typed(lambda _, text, piece: text.startswith(piece), str, str),
    "endsWith": typed(lambda _, text, piece: text.endswith(piece), str, str),
    **{name: _moment(name) for name in _MOMENTS},
}
