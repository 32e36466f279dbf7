"""Conversions between types: `int(x)`, `string(x)`, `duration("1m")` and the like."""

import decimal
import math
from collections.abc import Callable
from typing import Any, Final

from mesh.durations import DurationError, parse_duration
from mesh.schema.cel.budget import Budget
from mesh.schema.cel.function import Function, untyped
from mesh.schema.cel.operators import timestamp
from mesh.schema.cel.times import SECOND, read_timestamp, write_timestamp
from mesh.schema.cel.values import (
    MAX_INT,
    MIN_INT,
    CelError,
    Duration,
    Timestamp,
    Type,
    Uint,
    no_overload,
    type_name,
    unsigned,
    whole,
)

MAX_DIGITS: Final = 64
"""Characters of a text that may be a number; none that fits needs more, and reading longer ones takes the square."""

MIN_POINT: Final = -4
"""Power of ten below which Go writes a double with an exponent."""

MAX_POINT: Final = 6
"""Power of ten from which Go writes a double with an exponent."""

_DIGITS: Final = frozenset("0123456789")
_FLOAT: Final = frozenset("0123456789+-.eE_")
_TRUE: Final = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_FALSE: Final = frozenset(("0", "f", "F", "false", "FALSE", "False"))
_INFINITIES: Final = frozenset(("inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "nan"))


def _no_conversion(kind: str) -> CelError:
    return CelError(f"type conversion error from 'string' to '{kind}'")


def _digits(text: str) -> int:
    body = text[1:] if text[:1] in ("+", "-") else text
    if not body or not _DIGITS.issuperset(body) or len(body) > MAX_DIGITS:
        raise _no_conversion("int")
    return int(text)


def _to_int(_: Budget, value: Any) -> int:
    match value:
        case bool():
            raise no_overload()
        case float():
            if not math.isfinite(value) or not MIN_INT < value < MAX_INT:
                raise CelError("integer overflow")
            return int(value)
        case int():
            return whole(int(value))
        case str():
            return _in_range(_digits(value))
        case Timestamp():
            return value.ns // SECOND
        case Duration():
            return value.ns
    raise no_overload()


def _in_range(number: int) -> int:
    if MIN_INT <= number <= MAX_INT:
        return number
    raise _no_conversion("int")


def _to_uint(budget: Budget, value: Any) -> Uint:
    return unsigned(
        _digits(value) if type(value) is str else int(value) if type(value) is Uint else _to_int(budget, value)
    )


def _to_double(_: Budget, value: Any) -> float:
    match value:
        case bool():
            raise no_overload()
        case int() | float():
            return float(value)
        case str():
            plain = value.lower() in _INFINITIES or (_FLOAT.issuperset(value) and len(value) <= MAX_DIGITS)
            try:
                number = float(value) if plain else float("")
            except ValueError:
                raise _no_conversion("double") from None
            if math.isinf(number) and value.lower() not in _INFINITIES:
                raise _no_conversion("double")
            return number
    raise no_overload()


def write_float(value: float) -> str:
    """Return a double as Go prints it: as few digits as say which it is, with an exponent from a million on."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    sign, digits, exponent = decimal.Decimal(repr(value)).normalize().as_tuple()
    point = len(digits) + int(exponent) - 1
    if value and not MIN_POINT <= point < MAX_POINT:
        text = "".join(map(str, digits))
        mantissa = text[0] + (f".{text[1:]}" if len(text) > 1 else "")
        return f"{'-' if sign else ''}{mantissa}e{point:+03d}"
    text = f"{decimal.Decimal(repr(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _write_duration(value: Duration) -> str:
    whole_seconds, rest = divmod(abs(value.ns), SECOND)
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    return f"{'-' if value.ns < 0 else ''}{whole_seconds}{fraction}s"


def _to_string(budget: Budget, value: Any) -> str:
    writer = _WRITERS.get(type(value))
    if writer is not None:
        return writer(value)
    if type(value) is bytes:
        budget.spend_length(len(value))
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise CelError("invalid UTF-8 in bytes, cannot convert to string") from None
    text = getattr(value, "cel_text", None)
    if isinstance(text, str):
        return text
    raise no_overload()


_WRITERS: Final[dict[type, Callable[[Any], str]]] = {
    str: lambda value: value,
    bool: lambda value: "true" if value else "false",
    int: str,
    Uint: lambda value: str(int(value)),
    float: write_float,
    Duration: _write_duration,
    Timestamp: write_timestamp,
}


def _to_bool(_: Budget, value: Any) -> bool:
    if type(value) is bool:
        return value
    if type(value) is str and value in _TRUE | _FALSE:
        return value in _TRUE
    if type(value) is str:
        raise _no_conversion("bool")
    raise no_overload()


def _to_bytes(budget: Budget, value: Any) -> bytes:
    if type(value) is bytes:
        return value
    if type(value) is str:
        budget.spend_length(len(value))
        return value.encode()
    raise no_overload()


def _to_duration(_: Budget, value: Any) -> Duration:
    match value:
        case Duration():
            return value
        case str():
            try:
                return Duration(parse_duration(value))
            except DurationError:
                raise _no_conversion("google.protobuf.Duration") from None
    if type(value) is int:
        return Duration(value)
    raise no_overload()


def _to_timestamp(_: Budget, value: Any) -> Timestamp:
    match value:
        case Timestamp():
            return value
        case str():
            try:
                return read_timestamp(value)
            except ValueError:
                raise _no_conversion("google.protobuf.Timestamp") from None
    if type(value) is int:
        return timestamp(value * SECOND)
    raise no_overload()


GLOBALS: Final[dict[str, Function]] = {
    "int": untyped(_to_int, 1),
    "uint": untyped(_to_uint, 1),
    "double": untyped(_to_double, 1),
    "string": untyped(_to_string, 1),
    "bool": untyped(_to_bool, 1),
    "bytes": untyped(_to_bytes, 1),
    "duration": untyped(_to_duration, 1),
    "timestamp": untyped(_to_timestamp, 1),
    "dyn": untyped(lambda _, value: value, 1),
    "type": untyped(lambda _, value: Type(type_name(value)), 1),
}
