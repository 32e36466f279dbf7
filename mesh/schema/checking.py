"""A value against its schema: what OpenAPI's keywords say, as the API server understands them.

Each place is compiled once into the checks that apply to each type of value (keywords.py, combining.py).
"""

from collections.abc import Callable
from typing import Any, Final

from mesh.schema import combining, keywords
from mesh.schema.nodes import Node
from mesh.schema.problems import HERE, MAX_PROBLEMS, Kind, Problem, Problems, inside, joined

Check = Callable[[Any], Problems]

TYPE_NAMES: Final[dict[type, str]] = {
    bool: "boolean",
    str: "string",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
}
"""What JSON calls them."""

_DATA_FORMATS: Final[dict[type, str]] = {int: "int64", float: "float64"}
"""What the API server calls the format of a number."""

_ACCEPTING: Final[dict[str, frozenset[type]]] = {
    "boolean": frozenset({bool}),
    "string": frozenset({str}),
    "integer": frozenset({int}),
    "number": frozenset({int, float}),
    "array": frozenset({list}),
    "object": frozenset({dict}),
}
_ALL: Final = frozenset(TYPE_NAMES)


class _Table:
    """The checks of one place."""

    __slots__ = ("accepted", "checks", "loose", "null")

    def __init__(self, node: Node) -> None:
        types = keywords.types_of(node.schema)
        self.accepted = frozenset().union(*(_ACCEPTING.get(each, frozenset()) for each in types)) if types else _ALL
        self.null = bool(types) and not node.nullable
        """Whether null is refused."""
        self.loose = types == ("string",) and keywords.format_of(node.schema) != ""
        """Whether a list passes for a text: the API server's own oversight about texts that have a format."""
        self.checks: dict[type, tuple[Check, ...]] = {kind: tuple(_checks(node, kind)) for kind in TYPE_NAMES}


def check(node: Node, value: Any) -> Problems:
    """Return what is wrong with `value` at `node`."""
    table = node.made.get("checks")
    if table is None:
        table = node.made["checks"] = _Table(node)
    kind = type(value)
    if value is None:
        return joined(_mistyped(node, value) if table.null else None, keywords.check_enum(node.schema, value))
    found: Problems = None
    if (
        kind not in table.accepted
        and not (kind is list and table.loose)
        and not (kind is float and int in table.accepted and value.is_integer())
    ):
        found = _mistyped(node, value)
    for each in table.checks[kind]:
        more = each(value)
        if more:
            found = joined(found, more)
    return found


def _checks(node: Node, kind: type) -> list[Check]:
    """The checks for values of one type, in the API server's order."""
    schema = node.schema
    found = combining.compile_all(schema, check)
    if kind is str:
        found += keywords.compile_string(schema)
    elif kind in (int, float):
        found += keywords.compile_number(schema)
    elif kind is list:
        found += [lambda value: _check_items(node, value)] if node.items is not None else []
        found += keywords.compile_list(schema)
    found += keywords.compile_enum(schema)
    if kind is dict:
        found += keywords.compile_map(schema)
        if node.properties or node.additional is not None:
            found.append(lambda value: _check_fields(node, value))
    return found


def _check_items(node: Node, value: list[Any]) -> Problems:
    items = node.items
    if items is None:
        return None
    found: Problems = None
    for position, item in enumerate(value):
        more = check(items, item)
        if more:
            found = joined(found, inside(more, position))
            if found is not None and len(found) >= MAX_PROBLEMS:
                break
    return found


def _check_fields(node: Node, value: dict[str, Any]) -> Problems:
    found: Problems = None
    for key, item in value.items():
        child = node.of(key)
        if child is None:
            continue
        more = check(child, item)
        if more:
            found = joined(found, inside(more, key))
            if found is not None and len(found) >= MAX_PROBLEMS:
                break
    return found


def _mistyped(node: Node, value: Any) -> list[Problem]:
    types = keywords.types_of(node.schema)
    form = keywords.format_of(node.schema)
    expected = ",".join(types)
    actual = "null" if value is None else TYPE_NAMES[type(value)]
    if form and value is not None and not isinstance(value, str | list):
        expected, actual = form, _DATA_FORMATS.get(type(value), "")
    detail = f'{HERE} in body must be of type {expected}: "{actual}"'
    problem = Problem(Kind.TYPE, f'Invalid value: "{actual}"', detail, blocks=True)
    problem.remedy = keywords.accepted(node.schema, value)
    return [problem]
