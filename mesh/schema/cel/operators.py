"""Operators, by their names in the tree."""

import math
from collections.abc import Callable
from typing import Any, Final

from mesh.schema.cel.budget import Budget
from mesh.schema.cel.times import MAX_TIMESTAMP, MIN_TIMESTAMP
from mesh.schema.cel.values import (
    MAX_INT,
    MIN_INT,
    NUMBERS,
    CelError,
    Duration,
    Timestamp,
    Uint,
    compare,
    equal,
    key_of,
    no_overload,
    type_name,
    unsigned,
    whole,
)

Binary = Callable[[Any, Any, Budget], Any]


def duration(ns: int) -> Duration:
    """Return the duration of `ns` nanoseconds; CelError when Go cannot keep it."""
    if MIN_INT <= ns <= MAX_INT:
        return Duration(ns)
    raise CelError("duration overflow")


def timestamp(ns: int) -> Timestamp:
    """Return the moment `ns`; CelError outside the years 1 to 9999."""
    if MIN_TIMESTAMP <= ns <= MAX_TIMESTAMP:
        return Timestamp(ns)
    raise CelError("timestamp overflow")


def _add(left: Any, right: Any, budget: Budget) -> Any:
    match left, right:
        case (str(), str()) | (bytes(), bytes()):
            budget.spend_length(len(left) + len(right))
            return left + right
        case list(), list():
            budget.spend(1 + len(left) + len(right))
            return left + right
        case Duration(), Duration():
            return duration(left.ns + right.ns)
        case (Timestamp(), Duration()) | (Duration(), Timestamp()):
            return timestamp(left.ns + right.ns)
    return _arithmetic(left, right, lambda a, b: a + b)


def _subtract(left: Any, right: Any, _: Budget) -> Any:
    match left, right:
        case (Duration(), Duration()) | (Timestamp(), Timestamp()):
            return duration(left.ns - right.ns)
        case Timestamp(), Duration():
            return timestamp(left.ns - right.ns)
    return _arithmetic(left, right, lambda a, b: a - b)


def _multiply(left: Any, right: Any, _: Budget) -> Any:
    return _arithmetic(left, right, lambda a, b: a * b)


def _divide(left: Any, right: Any, _: Budget) -> Any:
    if type(left) is float and type(right) is float:
        return _divide_floats(left, right)
    if right == 0 and type(left) is type(right) and type(left) in (int, Uint):
        raise CelError("division by zero")
    return _arithmetic(left, right, _truncated)


def _divide_floats(left: float, right: float) -> float:
    if right:
        return left / right
    if math.isnan(left) or left == 0:
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _remainder(left: Any, right: Any, _: Budget) -> Any:
    if type(left) is not type(right) or type(left) not in (int, Uint):
        raise no_overload()
    if right == 0:
        raise CelError("modulus by zero")
    return _arithmetic(left, right, lambda a, b: a - b * _truncated(a, b))


def _truncated(left: int, right: int) -> int:
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _arithmetic(left: Any, right: Any, operation: Callable[[Any, Any], Any]) -> Any:
    kind = type(left)
    if kind is not type(right) or kind not in NUMBERS:
        raise no_overload()
    if kind is float:
        return operation(left, right)
    result = operation(int(left), int(right))
    return whole(result) if kind is int else unsigned(result)


def _contains(item: Any, container: Any, budget: Budget) -> bool:
    kind = type(container)
    if kind is dict:
        return type(item) in (str, int, bool, Uint, float) and key_of(item) in container
    if kind is not list:
        raise no_overload()
    budget.spend_length(len(container))
    if type(item) is str:
        return item in container
    return any(equal(item, each, budget) for each in container)


BINARY: Final[dict[str, Binary]] = {
    "_==_": equal,
    "_!=_": lambda left, right, budget: not equal(left, right, budget),
    "_<_": lambda left, right, _: compare(left, right) < 0,
    "_<=_": lambda left, right, _: compare(left, right) <= 0,
    "_>_": lambda left, right, _: compare(left, right) > 0,
    "_>=_": lambda left, right, _: compare(left, right) >= 0,
    "_+_": _add,
    "_-_": _subtract,
    "_*_": _multiply,
    "_/_": _divide,
    "_%_": _remainder,
    "_in_": _contains,
}


def negate(value: Any) -> Any:
    """`-value`."""
    match value:
        case bool() | Uint():
            raise no_overload()
        case int():
            return whole(-value)
        case float():
            return -value
        case Duration():
            return duration(-value.ns)
    raise no_overload()


def invert(value: Any) -> bool:
    """`!value`."""
    if type(value) is not bool:
        raise no_overload()
    return not value


def index(container: Any, key: Any) -> Any:
    """`container[key]`."""
    if type(container) is dict:
        key = key_of(key)
        if key in container:
            return container[key]
        raise CelError(f"no such key: {key}")
    if type(container) is list:
        position = _position(key)
        if 0 <= position < len(container):
            return container[position]
        raise CelError(f"index out of bounds: {position}")
    raise no_overload()


def _position(key: Any) -> int:
    if type(key) in (int, Uint) or (type(key) is float and key.is_integer()):
        return int(key)
    raise CelError(f"unsupported index type '{type_name(key)}' in list")
