"""Every function that the API server offers to rules, by name, from the libraries."""

from typing import Any, Final

from mesh.schema.cel import (
    addresses,
    conversions,
    formats,
    lists,
    optionals,
    quantities,
    sets,
    standard,
    strings,
    urls,
    versions,
)
from mesh.schema.cel.function import Function
from mesh.schema.cel.values import TYPE_NAMES, Type

LIBRARIES: Final[tuple[Any, ...]] = (
    standard,
    conversions,
    strings,
    lists,
    sets,
    optionals,
    urls,
    addresses,
    quantities,
    versions,
    formats,
)


def _overloaded(name: str) -> dict[str, Function]:
    """Functions of one kind from all libraries; where two have the same name, the value's type decides."""
    found: dict[str, Function] = {}
    for library in LIBRARIES:
        for key, each in getattr(library, name, {}).items():
            found[key] = _either(found[key], each) if key in found else each
    return found


def _either(first: Function, second: Function) -> Function:
    def call(budget: Any, *values: Any) -> Any:
        if first.least <= len(values) <= first.most and first.fits(values):
            return first.call(budget, *values)
        return second.call(budget, *values)

    return Function(call, min(first.least, second.least), max(first.most, second.most), ())


GLOBALS: Final = _overloaded("GLOBALS")
"""`f(x)`"""

METHODS: Final = _overloaded("METHODS")
"""`x.f()`"""

NAMESPACES: Final = _overloaded("NAMESPACES")
"""`sets.f(x)`, by the whole name"""

CONSTANTS: Final[dict[str, Any]] = {
    **{name: Type(name) for name in TYPE_NAMES.values()},
    "optional_type": Type("optional_type"),
}
"""Names of types, for `type(x) == int`."""
