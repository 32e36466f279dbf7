"""Lists: CEL's list extension, version 3, and Kubernetes' own."""

import functools
import itertools
from collections.abc import Callable
from typing import Any, Final

from mesh.schema.cel.budget import Budget
from mesh.schema.cel.function import Function, typed, untyped
from mesh.schema.cel.operators import BINARY
from mesh.schema.cel.values import CelError, compare, equal, hashable, no_overload

MAX_RANGE: Final = 100_000
"""Items that `lists.range` makes at most; the budget ends it earlier, as a rule."""


def _is_sorted(budget: Budget, items: list[Any]) -> bool:
    budget.spend_length(len(items) * 8)
    return all(compare(one, other) <= 0 for one, other in itertools.pairwise(items))


def _sum(budget: Budget, items: list[Any]) -> Any:
    budget.spend_length(len(items) * 8)
    return functools.reduce(lambda one, other: BINARY["_+_"](one, other, budget), items) if items else 0


def _extreme(name: str, sign: int) -> Callable[..., Any]:
    def call(budget: Budget, items: list[Any]) -> Any:
        if not items:
            raise CelError(f"{name} called on empty list")
        budget.spend_length(len(items) * 8)
        best = items[0]
        for item in items[1:]:
            best = item if compare(item, best) == sign else best
        return best

    return call


def _index_of(budget: Budget, items: list[Any], wanted: Any) -> int:
    positions = (at for at, item in enumerate(items) if equal(item, wanted, budget))
    budget.spend_length(len(items) * 8)
    return next(positions, -1)


def _last_index_of(budget: Budget, items: list[Any], wanted: Any) -> int:
    at = _index_of(budget, items[::-1], wanted)
    return at if at < 0 else len(items) - 1 - at


def _includes(budget: Budget, value: Any, wanted: Any) -> bool:
    if type(value) is not list:
        return equal(value, wanted, budget)
    return _index_of(budget, value, wanted) >= 0


def _slice(budget: Budget, items: list[Any], start: int, end: int) -> list[Any]:
    if start < 0 or end < 0:
        raise CelError(f"cannot slice({start}, {end}), negative indexes not supported")
    if start > end:
        raise CelError(f"cannot slice({start}, {end}), start index must be less than or equal to end index")
    if end > len(items):
        raise CelError(f"cannot slice({start}, {end}), list is length {len(items)}")
    budget.spend_length(end - start)
    return items[start:end]


def _flatten(budget: Budget, items: list[Any], depth: int = 1) -> list[Any]:
    if depth < 0:
        raise CelError("level must be non-negative")
    flat = items
    while depth > 0 and any(type(item) is list for item in flat):
        flat = [part for item in flat for part in (item if type(item) is list else [item])]
        budget.spend(1 + len(flat))
        depth -= 1
    return flat


def _range(budget: Budget, length: int) -> list[int]:
    budget.spend(min(max(length, 0), MAX_RANGE))
    if length > MAX_RANGE:
        raise CelError(f"lists.range of {length} items, more than {MAX_RANGE}")
    return list(range(length))


def _distinct(budget: Budget, items: list[Any]) -> list[Any]:
    budget.spend(1 + len(items))
    seen: set[Any] = set()
    found: list[Any] = []
    for item in items:
        key = hashable(item)
        if key not in seen:
            seen.add(key)
            found.append(item)
    return found


def _sort(budget: Budget, items: list[Any]) -> list[Any]:
    budget.spend(1 + len(items) * max(1, len(items).bit_length()))
    if any(type(item) is not type(items[0]) for item in items):
        raise CelError("list elements must have the same type")
    return sorted(items, key=functools.cmp_to_key(compare))


def _reverse(budget: Budget, items: list[Any]) -> list[Any]:
    budget.spend_length(len(items))
    return items[::-1]


def _any_list(call: Callable[..., Any]) -> Function:
    """A method of a list and a value of any type."""

    def checked(budget: Budget, items: Any, wanted: Any) -> Any:
        if type(items) is not list:
            raise no_overload()
        return call(budget, items, wanted)

    return untyped(checked, 2)


NAMESPACES: Final[dict[str, Function]] = {"lists.range": typed(_range, int)}
METHODS: Final[dict[str, Function]] = {
    "isSorted": typed(_is_sorted, list),
    "sum": typed(_sum, list),
    "min": typed(_extreme("min", -1), list),
    "max": typed(_extreme("max", 1), list),
    "indexOf": _any_list(_index_of),
    "lastIndexOf": _any_list(_last_index_of),
    "includes": untyped(_includes, 2),
    "slice": typed(_slice, list, int, int),
    "flatten": typed(_flatten, list, int, least=1),
    "distinct": typed(_distinct, list),
    "sort": typed(_sort, list),
    "reverse": typed(_reverse, list),
}
