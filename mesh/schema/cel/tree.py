"""The tree of a rule."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A variable or the name of a type."""

    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`, or `operand.?field`."""

    operand: "Node"
    field: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Test:
    """`has(operand.field)`."""

    operand: "Node"
    field: str


@dataclass(frozen=True, slots=True)
class Index:
    """`operand[key]`, or `operand[?key]`."""

    operand: "Node"
    key: "Node"
    optional: bool


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`, `target.function(arguments)`; operators too, by their sign, as in `_+_`."""

    function: str
    target: "Node | None"
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Items:
    """`[a, ?b]`: each item, and whether it is left out when it is an empty optional."""

    items: tuple[tuple["Node", bool], ...]


@dataclass(frozen=True, slots=True)
class Entries:
    """`{k: v, ?k: v}`: each key and value, and whether it is left out when the value is an empty optional."""

    entries: tuple[tuple["Node", "Node", bool], ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """A macro that goes through a list or a map, such as `source.all(x, body)`."""

    macro: str
    source: "Node"
    names: tuple[str, ...]
    """One variable, or two: the index or key, and the value."""
    bodies: tuple["Node", ...]


Node = Literal | Name | Select | Test | Index | Call | Items | Entries | Fold


def weigh(node: Node) -> int:
    """How many parts `node` has, those inside its loops not counted: what running it once costs."""
    return 1 + sum(map(weigh, _parts(node)))


def is_deeper(node: Node, most: int) -> bool:
    """Whether more than `most` parts are inside one another, loops counted; found without recursion."""
    level: list[Node] = [node]
    for _ in range(most):
        level = [part for each in level for part in (*_parts(each), *(each.bodies if isinstance(each, Fold) else ()))]
        if not level:
            return False
    return True


def _parts(node: Node) -> tuple[Node, ...]:
    match node:
        case Select(operand=part) | Test(operand=part) | Fold(source=part):
            return (part,)
        case Index(operand=operand, key=key):
            return operand, key
        case Call(target=target, arguments=arguments):
            return arguments if target is None else (target, *arguments)
        case Items(items=items):
            return tuple(item for item, _ in items)
        case Entries(entries=entries):
            return tuple(part for key, value, _ in entries for part in (key, value))
    return ()
