"""Lists as sets."""

from typing import Any, Final

from mesh.schema.cel.budget import Budget
from mesh.schema.cel.function import Function, typed
from mesh.schema.cel.values import hashable


def _sets(budget: Budget, *lists: list[Any]) -> list[set[Any]]:
    budget.spend(sum(map(len, lists)))
    return [set(map(hashable, items)) for items in lists]


def _contains(budget: Budget, one: list[Any], other: list[Any]) -> bool:
    first, second = _sets(budget, one, other)
    return second <= first


def _equivalent(budget: Budget, one: list[Any], other: list[Any]) -> bool:
    first, second = _sets(budget, one, other)
    return first == second


def _intersects(budget: Budget, one: list[Any], other: list[Any]) -> bool:
    first, second = _sets(budget, one, other)
    return not first.isdisjoint(second)


NAMESPACES: Final[dict[str, Function]] = {
    "sets.contains": typed(_contains, list, list),
    "sets.equivalent": typed(_equivalent, list, list),
    "sets.intersects": typed(_intersects, list, list),
}
