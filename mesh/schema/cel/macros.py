"""Macros: calls that are no calls, since their arguments are not values but names and rules."""

from typing import Final

from mesh.schema.cel.quoting import CelSyntaxError
from mesh.schema.cel.tree import Call, Fold, Name, Node, Select, Test

FOLDS: Final[dict[str, frozenset[tuple[int, int]]]] = {
    "all": frozenset({(1, 1), (2, 1)}),
    "exists": frozenset({(1, 1), (2, 1)}),
    "exists_one": frozenset({(1, 1), (2, 1)}),
    "existsOne": frozenset({(1, 1), (2, 1)}),
    "filter": frozenset({(1, 1)}),
    "map": frozenset({(1, 1), (1, 2)}),
    "sortBy": frozenset({(1, 1)}),
    "transformList": frozenset({(2, 1), (2, 2)}),
    "transformMap": frozenset({(2, 1), (2, 2)}),
    "transformMapEntry": frozenset({(2, 1), (2, 2)}),
    "optMap": frozenset({(1, 1)}),
    "optFlatMap": frozenset({(1, 1)}),
}
"""The macros behind a dot, and how many names and how many rules each takes."""


def expand(call: Call) -> Node:
    """Return what `call` stands for: itself, unless it is a macro."""
    if call.target is None:
        return _expand_has(call) if call.function == "has" else call
    for names, bodies in FOLDS.get(call.function, ()):
        if len(call.arguments) == names + bodies:
            variables = call.arguments[:names]
            if all(isinstance(each, Name) for each in variables):
                found = tuple(each.name for each in variables if isinstance(each, Name))
                return Fold(call.function, call.target, found, call.arguments[names:])
    return call


def _expand_has(call: Call) -> Node:
    match call.arguments:
        case (Select(operand=operand, field=field, optional=False),):
            return Test(operand, field)
    raise CelSyntaxError(0, "invalid argument to has() macro")
