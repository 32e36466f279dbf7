"""The places of a structural schema, made when an object first has something there.

A CRD may have ten thousand places, an object a few dozen: what is not met is not looked at.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

META: Final = frozenset({"apiVersion", "kind", "metadata"})
"""What every object has, whatever its schema says."""

CONVERTED: Final = frozenset({"byte", "date", "date-time", "duration"})
"""Formats of texts that are other types in rules."""


class Node:
    """One place of a schema. Compilers of the other modules keep what they made of it in `made`."""

    __slots__ = ("_properties", "additional", "embedded", "items", "made", "preserves", "schema")

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.made: dict[str, Any] = {}
        self.preserves = schema.get("x-kubernetes-preserve-unknown-fields") is True
        """Whether fields that the schema does not name are kept."""
        self.embedded = schema.get("x-kubernetes-embedded-resource") is True
        """Whether an object of Kubernetes stands here."""
        additional = schema.get("additionalProperties")
        self.additional = Node(additional) if isinstance(additional, dict) else None
        """What every key that is not named has, in a map."""
        items = schema.get("items")
        self.items = Node(items) if isinstance(items, dict) else None
        self._properties = _Properties(mapping(schema.get("properties")))

    @property
    def properties(self) -> "_Properties":
        """The nodes of the named fields, by name."""
        return self._properties

    def of(self, key: str) -> "Node | None":
        """The node of the field `key`, named or not."""
        found = self._properties.get(key)
        return found if found is not None else self.additional

    @property
    def nullable(self) -> bool:
        """Whether null is a value here, rather than the lack of one."""
        return self.schema.get("nullable") is True

    @property
    def has_default(self) -> bool:
        """Whether there is a value for what is not written."""
        return self.schema.get("default") is not None


class _Properties:
    """Named nodes; each is made when it is first asked for."""

    __slots__ = ("_nodes", "_schemas")

    def __init__(self, schemas: Schema) -> None:
        self._schemas = schemas
        self._nodes: dict[str, Node] = {}

    def get(self, key: str) -> Node | None:
        """The node of `key`; None when the schema does not name it."""
        node = self._nodes.get(key)
        if node is None and key in self._schemas:
            node = self._nodes[key] = Node(mapping(self._schemas[key]))
        return node

    def defaults(self) -> list[tuple[str, Any]]:
        """The fields that have a default, and the default."""
        found = ((key, mapping(schema).get("default")) for key, schema in self._schemas.items())
        return [(key, default) for key, default in found if default is not None]

    def __bool__(self) -> bool:
        return bool(self._schemas)


def mapping(value: Any) -> dict[str, Any]:
    """Return `value` if it is a mapping, else an empty one: what a hostile CRD has there is as good as nothing."""
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:
    """Return `value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def below(schema: Schema) -> Iterator[Schema]:
    """The schemas of what is directly inside a place."""
    yield from (each for each in mapping(schema.get("properties")).values() if isinstance(each, dict))
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield schema[key]
    yield from (each for each in listing(schema.get("allOf")) if isinstance(each, dict))


def has_rules(node: Node) -> bool:
    """Whether the place, or anything inside it, has rules."""
    if "has_rules" not in node.made:
        node.made["has_rules"] = _any(node.schema, lambda schema: bool(schema.get("x-kubernetes-validations")))
    return bool(node.made["has_rules"])


def converts(node: Node) -> bool:
    """Whether the place, or anything inside it, is of another type in rules than as it was read."""
    if "converts" not in node.made:
        node.made["converts"] = _any(node.schema, _is_converted)
    return bool(node.made["converts"])


def _is_converted(schema: Schema) -> bool:
    return schema.get("type") == "number" or (schema.get("type") == "string" and schema.get("format") in CONVERTED)


def _any(schema: Schema, wanted: Any) -> bool:
    return bool(wanted(schema)) or any(_any(each, wanted) for each in below(schema))
