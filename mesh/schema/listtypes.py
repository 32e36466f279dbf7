"""Lists that are sets or maps (`x-kubernetes-list-type`): no entry may be there twice."""

from collections.abc import Callable, Iterator
from typing import Any

from mesh.schema.cel.values import hashable
from mesh.schema.nodes import Schema, listing
from mesh.schema.problems import MAX_PROBLEMS, Kind, Problem, Problems, invalid, show

Check = Callable[[Any], Problems]


def compile_list_type(schema: Schema) -> Check | None:
    """The check of a list's type, if it has one that asks for something."""
    kind = schema.get("x-kubernetes-list-type")
    if kind == "set":
        return _check_set
    keys = [key for key in listing(schema.get("x-kubernetes-list-map-keys")) if isinstance(key, str)]
    return (lambda value: _check_map(value, keys)) if kind == "map" else None


def _check_set(value: list[Any]) -> Problems:
    return _duplicates(value, value)


def _check_map(value: list[Any], keys: list[str]) -> Problems:
    for position, item in enumerate(value):
        if item is not None and not isinstance(item, dict):
            problems = invalid(Kind.TYPE, item, "must be an object for an array of list-type map")
            problems[0].steps.append(position)
            return problems
    return _duplicates(value, [{key: item[key] for key in keys if key in item} if item else {} for item in value])


def _duplicates(value: list[Any], keys: list[Any]) -> Problems:
    if len(value) <= 1:
        return None
    found: list[Problem] = []
    for position in _second_ones(keys):
        found.append(Problem(Kind.DUPLICATE, f"Duplicate value: {show(keys[position])}", "", steps=[position]))
        if len(found) >= MAX_PROBLEMS:
            break
    return found


def _second_ones(keys: list[Any]) -> Iterator[int]:
    """Where each key that was there before comes the second time."""
    times: dict[Any, int] = {}
    for position, key in enumerate(keys):
        fixed = hashable(key)
        times[fixed] = times.get(fixed, 0) + 1
        if times[fixed] == 2:
            yield position
