"""`"%s is %d".format([…])` and `strings.quote`."""

import math
from collections.abc import Callable
from typing import Any, Final

from mesh.schema.cel.budget import Budget
from mesh.schema.cel.conversions import GLOBALS as CONVERSIONS
from mesh.schema.cel.values import CelError, Duration, Timestamp, Type, Uint, no_overload, type_name

MAX_PRECISION: Final = 100
"""Digits behind the point that a format may ask for; a double has no more than 17 that mean anything."""

_ESCAPES: Final = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def quote(budget: Budget, text: str) -> str:
    """Return `text` in double quotes, what would not print escaped."""
    budget.spend_length(len(text))
    return f'"{"".join(_ESCAPES.get(character, character) for character in text)}"'


def format_text(budget: Budget, template: Any, values: Any) -> str:
    """Return `template` with its clauses (`%s`, `%d`, `%.2f`, …) filled in; CelError."""
    if type(template) is not str or type(values) is not list:
        raise no_overload()
    budget.spend_length(len(template))
    parts: list[str] = []
    used = at = 0
    while (start := template.find("%", at)) >= 0:
        parts.append(template[at:start])
        if template[start + 1 : start + 2] == "%":
            parts.append("%")
            at = start + 2
            continue
        precision, at = _precision(template, start + 1)
        writer = _CLAUSES.get(template[at : at + 1])
        if writer is None:
            raise CelError(
                f'could not parse formatting clause: unrecognized formatting clause "{template[at : at + 1]}"'
            )
        if used >= len(values):
            raise CelError(f"index {used} out of range")
        text = writer(budget, values[used], precision)
        budget.spend_length(len(text))
        parts.append(text)
        used, at = used + 1, at + 1
    return "".join(parts) + template[at:]


def _precision(template: str, at: int) -> tuple[int, int]:
    """Return the digits that a clause asks for (6 unless it says) and where its letter is."""
    if template[at : at + 1] != ".":
        return 6, at
    end = at + 1
    while end < len(template) and template[end] in "0123456789":
        end += 1
    digits = template[at + 1 : end]
    if not digits or len(digits) > 3 or int(digits) > MAX_PRECISION:
        raise CelError("could not parse formatting clause: error while parsing precision")
    return int(digits), end


def _plain(budget: Budget, value: Any, _: int = 0) -> str:
    match value:
        case None:
            return "null"
        case list():
            budget.spend_length(len(value) * 8)
            return f"[{', '.join(_inner(budget, item) for item in value)}]"
        case dict():
            budget.spend_length(len(value) * 8)
            entries = sorted((_inner(budget, key), _inner(budget, item)) for key, item in value.items())
            return f"{{{', '.join(f'{key}:{item}' for key, item in entries)}}}"
        case Type():
            return value.name
        case bool() | str() | int() | float() | bytes() | Duration() | Timestamp():
            return str(CONVERSIONS["string"].call(budget, value))
    raise _unfit("string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types", value)


def _inner(budget: Budget, value: Any) -> str:
    """Write a part of a list or map: texts in quotes, doubles with six digits."""
    if type(value) is str:
        return quote(budget, value)
    return f"{value:.6f}" if type(value) is float and math.isfinite(value) else _plain(budget, value)


def _unfit(message: str, value: Any) -> CelError:
    return CelError(f"error during formatting: {message}, was given {type_name(value)}")


def _decimal(_: Budget, value: Any, __: int) -> str:
    if type(value) in (int, Uint):
        return str(int(value))
    raise _unfit("decimal clause can only be used on integers", value)


def _number(letter: str) -> Callable[[Budget, Any, int], str]:
    name = {"f": "fixed-point", "e": "scientific"}[letter]

    def write(_: Budget, value: Any, precision: int) -> str:
        if type(value) is not float:
            raise _unfit(f"{name} clause can only be used on doubles", value)
        if not math.isfinite(value):
            return {"inf": "Infinity", "-inf": "-Infinity"}.get(str(value), "NaN")
        return f"{value:.{precision}{letter}}"

    return write


def _based(letter: str) -> Callable[[Budget, Any, int], str]:
    def write(_: Budget, value: Any, __: int) -> str:
        if type(value) in (str, bytes) and letter in "xX":
            data = value.encode() if type(value) is str else value
            return str(data.hex().upper() if letter == "X" else data.hex())
        if type(value) is bool and letter == "b":
            return "1" if value else "0"
        if type(value) in (int, Uint):
            return format(int(value), letter)
        raise _unfit(f"the clause %{letter} cannot be used on this type", value)

    return write


_CLAUSES: Final[dict[str, Callable[[Budget, Any, int], str]]] = {
    "s": _plain,
    "d": _decimal,
    "f": _number("f"),
    "e": _number("e"),
    **{letter: _based(letter) for letter in "bxXo"},
}
