"""Values that rules work with.

null, bool, int, double, string, bytes, list and map are Python's None, bool, int, float, str, bytes, list and dict, so
that an object is used as it was read. The rest has classes here and in the libraries. `equal` and `compare` are CEL's:
a bool is no number, numbers of different types compare by value, and what cannot be ordered is an error.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from mesh.schema.cel.budget import Budget

MAX_INT: Final = 2**63 - 1
MIN_INT: Final = -(2**63)
MAX_UINT: Final = 2**64 - 1


class CelError(Exception):
    """A rule that came to no value; the message is what the API server says."""


class Uint(int):
    """An unsigned whole number."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{int(self)}u"


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time."""

    ns: int
    """Nanoseconds."""


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """A moment."""

    ns: int
    """Nanoseconds since 1970-01-01T00:00:00Z."""


@dataclass(frozen=True, slots=True)
class Type:
    """The type of a value, itself a value."""

    name: str


@dataclass(frozen=True, slots=True)
class Optional:
    """A value, or none."""

    value: Any = None
    present: bool = False


NONE: Final = Optional()
"""The empty optional."""

TYPE_NAMES: Final[dict[type, str]] = {
    type(None): "null_type",
    bool: "bool",
    int: "int",
    Uint: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
    Duration: "google.protobuf.Duration",
    Timestamp: "google.protobuf.Timestamp",
    Type: "type",
    Optional: "optional_type",
}
"""What `type(x)` is called; a library adds its own."""

NUMBERS: Final = frozenset({int, Uint, float})
_SAME: Final = frozenset({str, int, Uint, bytes, Duration, Timestamp, Type})
_ORDERED: Final = frozenset({str, int, Uint, bytes, bool, Duration, Timestamp})


def no_overload() -> CelError:
    """The error of an operation that its operands' types do not have."""
    return CelError("no such overload")


def type_name(value: Any) -> str:
    """What the type of `value` is called."""
    return TYPE_NAMES.get(type(value), type(value).__name__.lower())


def whole(number: int) -> int:
    """Return the int `number`; CelError when it is outside 64 bits."""
    if MIN_INT <= number <= MAX_INT:
        return number
    raise CelError("integer overflow")


def unsigned(number: int) -> Uint:
    """Return the uint `number`; CelError when it is outside 64 bits."""
    if 0 <= number <= MAX_UINT:
        return Uint(number)
    raise CelError("unsigned integer overflow")


def equal(left: Any, right: Any, budget: Budget) -> bool:
    """Whether two values are equal as CEL sees it."""
    kind = type(left)
    if kind is type(right):
        if kind in _SAME:
            return bool(left == right)
        special = _EQUAL.get(kind)
        return bool(left == right) if special is None else special(left, right, budget)
    return kind in NUMBERS and type(right) in NUMBERS and bool(left == right)


def _equal_lists(left: list[Any], right: list[Any], budget: Budget) -> bool:
    budget.spend_length(len(left))
    return len(left) == len(right) and all(equal(a, b, budget) for a, b in zip(left, right, strict=True))


def _equal_maps(left: dict[Any, Any], right: dict[Any, Any], budget: Budget) -> bool:
    budget.spend_length(len(left))
    if len(left) != len(right):
        return False
    return all(key in right and equal(value, right[key], budget) for key, value in left.items())


def _equal_optionals(left: Optional, right: Optional, budget: Budget) -> bool:
    if left.present and right.present:
        return equal(left.value, right.value, budget)
    return left.present == right.present


_EQUAL: Final[dict[type, Callable[[Any, Any, Budget], bool]]] = {
    list: _equal_lists,
    dict: _equal_maps,
    Optional: _equal_optionals,
}


def compare(left: Any, right: Any) -> int:
    """Return -1, 0 or 1; CelError when the values have no order."""
    left_kind, right_kind = type(left), type(right)
    if (left_kind is right_kind and left_kind in _ORDERED) or (left_kind in NUMBERS and right_kind in NUMBERS):
        if left != left or right != right:  # noqa: PLR0124 - only NaN differs from itself
            raise CelError("NaN values cannot be ordered")
        return int(left > right) - int(left < right)
    raise no_overload()


def hashable(value: Any) -> Any:
    """Return something that is the same, in a set, for values that are equal."""
    kind = type(value)
    if kind is list:
        return "list", tuple(map(hashable, value))
    if kind is dict:
        return "map", frozenset((key_of(key), hashable(item)) for key, item in value.items())
    if kind in NUMBERS:
        return "number", value if not isinstance(value, float) or not math.isnan(value) else object()
    return kind.__name__, value


def key_of(key: Any) -> Any:
    """Return `key` as maps keep it; CelError for what cannot be a key."""
    if type(key) in (str, int, bool, Uint):
        return key
    if type(key) is float and key.is_integer():
        return int(key)
    raise CelError(f"unsupported key type: {type_name(key)}")
