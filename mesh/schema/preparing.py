"""What the API server makes of an object before it looks at it: unknown fields out, nulls out, defaults in.

Nothing is changed in place: what differs is a new mapping or list, the rest is shared.
"""

from typing import Any, Final

from mesh.schema.nodes import META, Node
from mesh.schema.problems import MAX_PROBLEMS

Unknown = list[list[str | int]]
"""Paths of unknown fields, from the inside out."""


def prepare(node: Node, value: Any, unknown: Unknown, *, root: bool = False) -> Any:
    """Return `value` as it is validated; paths of fields that are not in the schema are added to `unknown`."""
    if type(value) is dict:
        return _prepare_map(node, value, unknown, meta=root or node.embedded)
    if type(value) is list and node.items is not None:
        return _prepare_list(node.items, value, unknown)
    return value


def _prepare_map(node: Node, value: dict[str, Any], unknown: Unknown, *, meta: bool) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for key, item in value.items():
        if meta and key in META:
            continue
        child = node.of(key)
        new = _unnamed(node, key, item, unknown) if child is None else _part(child, key, item, unknown)
        if new is not item:
            changed[key] = new
    changed |= _missing(node, value)
    if not changed:
        return value
    return {key: item for key, item in (value | changed).items() if item is not _GONE}


def _prepare_list(items: Node, value: list[Any], unknown: Unknown) -> list[Any]:
    changed: dict[int, Any] = {}
    for position, item in enumerate(value):
        new = _part(items, position, item, unknown)
        if new is not item and new is not _GONE:
            changed[position] = new
    if not changed:
        return value
    return [changed.get(position, item) for position, item in enumerate(value)]


_GONE: Final = object()
"""Stands for what is taken out."""


def _part(child: Node, step: str | int, item: Any, unknown: Unknown) -> Any:
    """Return a part as it is validated; _GONE for a null that stands for nothing."""
    if item is None:
        return item if child.nullable else child.schema["default"] if child.has_default else _GONE
    if type(item) is not dict and type(item) is not list:
        return item
    before = len(unknown)
    new = prepare(child, item, unknown)
    for path in unknown[before:]:
        path.append(step)
    return new


def _unnamed(node: Node, key: str, item: Any, unknown: Unknown) -> Any:
    """Return a field that the schema does not name, or _GONE."""
    if node.preserves or node.schema.get("additionalProperties") is True:
        return item
    if len(unknown) < MAX_PROBLEMS:
        unknown.append([key])
    return _GONE


def _missing(node: Node, value: dict[str, Any]) -> dict[str, Any]:
    """What is not written and has a default."""
    defaults: list[tuple[str, Any]] | None = node.made.get("defaults")
    if defaults is None:
        defaults = node.made["defaults"] = node.properties.defaults()
    found: dict[str, Any] = {}
    for key, default in defaults:
        child = node.properties.get(key)
        if key not in value and child is not None:
            found[key] = prepare(child, default, [])
    return found
