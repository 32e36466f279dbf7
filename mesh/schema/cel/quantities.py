"""Kubernetes' `quantity("1.5Gi")`: exact numbers with a suffix."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from mesh.schema.cel.budget import Budget
from mesh.schema.cel.function import Function, typed, untyped
from mesh.schema.cel.readable import is_readable
from mesh.schema.cel.values import MAX_INT, MIN_INT, CelError, no_overload

MAX_TEXT: Final = 64
"""Characters of a quantity; what fits an int64 with nine digits behind the point needs 30."""

MAX_EXPONENT: Final = 64
"""Of ten; a quantity beyond 2⁶³ is capped anyhow, and one below 10⁻⁹ rounded up."""

_NANO: Final = 10**9
_DIGITS: Final = frozenset("0123456789")
_SUFFIXES: Final[dict[str, Fraction]] = {
    "": Fraction(1),
    **{suffix: Fraction(1, 10 ** (3 * power)) for power, suffix in ((3, "n"), (2, "u"), (1, "m"))},
    **{suffix: Fraction(10 ** (3 * power)) for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Fraction(2 ** (10 * power)) for power, suffix in enumerate("KMGTPE", start=1)},
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact number."""

    value: Fraction


def read_quantity(text: str) -> Quantity:
    """Return the quantity `text`; ValueError."""
    if not text or len(text) > MAX_TEXT:
        raise ValueError("no quantity")
    sign, body = (text[0], text[1:]) if text[0] in "+-" else ("", text)
    end = 0
    while end < len(body) and (body[end] in _DIGITS or body[end] == "."):
        end += 1
    whole, _, fraction = body[:end].partition(".")
    if "." in fraction or not whole + fraction:
        raise ValueError("no number")
    number = Fraction(int((whole + fraction) or "0"), 10 ** len(fraction)) * _scale(body[end:])
    # Kubernetes keeps nothing finer than a nano, and rounds what is finer away from zero.
    number = Fraction(math.ceil(number * _NANO), _NANO)
    return Quantity(-number if sign == "-" else number)


def _scale(suffix: str) -> Fraction:
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if suffix[0] in "eE":
        digits = suffix[2:] if suffix[1:2] in ("+", "-") else suffix[1:]
        if digits and _DIGITS.issuperset(digits) and int(digits) <= MAX_EXPONENT:
            return Fraction(10) ** (-int(digits) if suffix[1] == "-" else int(digits))
    raise ValueError("no suffix of a quantity")


def _quantity(_: Budget, text: str) -> Quantity:
    try:
        return read_quantity(text)
    except ValueError:
        message = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        raise CelError(message) from None


def _is_quantity(_: Budget, text: str) -> bool:
    return is_readable(read_quantity, text)


def _is_integer(_: Budget, quantity: Quantity) -> bool:
    return quantity.value.denominator == 1 and MIN_INT <= quantity.value <= MAX_INT


def _as_integer(budget: Budget, quantity: Quantity) -> int:
    if not _is_integer(budget, quantity):
        raise CelError("cannot convert value to integer")
    return int(quantity.value)


def _compare(_: Budget, one: Quantity, other: Quantity) -> int:
    return (one.value > other.value) - (one.value < other.value)


def _add(_: Budget, one: Any, other: Any) -> Quantity:
    return Quantity(_exact(one) + _exact(other))


def _sub(_: Budget, one: Any, other: Any) -> Quantity:
    return Quantity(_exact(one) - _exact(other))


def _exact(value: Any) -> Fraction:
    if type(value) is Quantity:
        return value.value
    if type(value) is int:
        return Fraction(value)
    raise no_overload()


GLOBALS: Final[dict[str, Function]] = {
    "quantity": typed(_quantity, str),
    "isQuantity": typed(_is_quantity, str),
    "sign": typed(lambda _, quantity: (quantity.value > 0) - (quantity.value < 0), Quantity),
}
METHODS: Final[dict[str, Function]] = {
    "isInteger": typed(_is_integer, Quantity),
    "asInteger": typed(_as_integer, Quantity),
    "asApproximateFloat": typed(lambda _, quantity: float(quantity.value), Quantity),
    "compareTo": typed(_compare, Quantity, Quantity),
    "isGreaterThan": typed(lambda budget, one, other: _compare(budget, one, other) > 0, Quantity, Quantity),
    "isLessThan": typed(lambda budget, one, other: _compare(budget, one, other) < 0, Quantity, Quantity),
    "add": untyped(_add, 2),
    "sub": untyped(_sub, 2),
}
