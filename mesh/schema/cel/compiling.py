"""From a tree to closures: each part of a rule becomes a function of a frame.

A frame is a list: the budget, `self`, `oldSelf`, then one place for each variable of a loop. `&&`, `||` and the loops
built on them absorb an error when the other side decides by itself, as CEL has it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from mesh.schema.cel.budget import Budget, TooCostlyError
from mesh.schema.cel.folds import FOLDERS
from mesh.schema.cel.function import Function
from mesh.schema.cel.functions import CONSTANTS, GLOBALS, METHODS, NAMESPACES
from mesh.schema.cel.logic import SPECIAL
from mesh.schema.cel.operators import index
from mesh.schema.cel.quoting import CelSyntaxError
from mesh.schema.cel.tree import Call, Entries, Fold, Index, Items, Literal, Name, Node, Select, Test, weigh
from mesh.schema.cel.values import NONE, CelError, Optional, key_of, no_overload

Frame = list[Any]
Run = Callable[[Frame], Any]

_CONSTANT_UNITS: Final = 10_000
"""What calling a function of constants may cost, before the rule runs."""

_FIRST_SLOT: Final = 3
_ROOTS: Final = {"self": 1, "oldSelf": 2}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A tree as a function of a frame, and how long the frame must be."""

    run: Run
    slots: int
    uses_old_self: bool


def compile_tree(node: Node) -> Compiled:
    """Return `node` as a function; CelSyntaxError for a name or a function that is not there."""
    compiler = _Compiler()
    run = compiler.charged(node, dict(_ROOTS))
    return Compiled(run, compiler.slots, compiler.uses_old_self)


class _Compiler:
    """Gives out places in the frame."""

    def __init__(self) -> None:
        self.slots = _FIRST_SLOT
        self.uses_old_self = False
        self._makers: dict[type, Callable[[Any, dict[str, int]], Run]] = {
            Literal: self._literal,
            Name: self._name,
            Select: self._select,
            Test: self._test,
            Index: self._index,
            Items: self._items,
            Entries: self._entries,
            Fold: self._fold,
            Call: self._call,
        }

    def charged(self, node: Node, scope: dict[str, int]) -> Run:
        """Return `node` as a function that pays for all its parts at once."""
        run, weight = self.compile(node, scope), weigh(node)

        def pay(frame: Frame) -> Any:
            frame[0].spend(weight)
            return run(frame)

        return pay

    def compile(self, node: Node, scope: dict[str, int]) -> Run:
        make: Callable[[Any, dict[str, int]], Run] = self._makers[type(node)]
        return make(node, scope)

    def _literal(self, node: Literal, _: dict[str, int]) -> Run:
        value = node.value
        return lambda _: value

    def _name(self, node: Name, scope: dict[str, int]) -> Run:
        name = node.name
        slot = scope.get(name)
        if slot is not None:
            self.uses_old_self |= slot == _ROOTS["oldSelf"]
            return lambda frame: frame[slot]
        if name in CONSTANTS:
            constant = CONSTANTS[name]
            return lambda _: constant
        raise CelSyntaxError(0, f"undeclared reference to {name[:80]!r}")

    def _select(self, node: Select, scope: dict[str, int]) -> Run:
        constant = CONSTANTS.get(dotted(node))
        if constant is not None:
            return lambda _: constant
        operand, field, optional = self.compile(node.operand, scope), node.field, node.optional

        def select(frame: Frame) -> Any:
            value = operand(frame)
            if type(value) is dict and field in value and not optional:
                return value[field]
            return _select_other(value, field, optional=optional)

        return select

    def _test(self, node: Test, scope: dict[str, int]) -> Run:
        operand, field = self.compile(node.operand, scope), node.field

        def test(frame: Frame) -> bool:
            value = operand(frame)
            if type(value) is dict:
                return field in value
            if type(value) is Optional:
                return _select_other(value, field, optional=True).present is True
            raise no_overload()

        return test

    def _index(self, node: Index, scope: dict[str, int]) -> Run:
        operand, key = self.compile(node.operand, scope), self.compile(node.key, scope)
        if node.optional:
            return lambda frame: _index_optional(operand(frame), key(frame))

        def plain(frame: Frame) -> Any:
            value = operand(frame)
            if type(value) is Optional:
                return _index_optional(value, key(frame))
            return index(value, key(frame))

        return plain

    def _items(self, node: Items, scope: dict[str, int]) -> Run:
        items = [(self.compile(item, scope), optional) for item, optional in node.items]
        if not any(optional for _, optional in items):
            runs = [run for run, _ in items]
            return lambda frame: [run(frame) for run in runs]

        def collect(frame: Frame) -> list[Any]:
            found: list[Any] = []
            for run, optional in items:
                value = run(frame)
                if not optional:
                    found.append(value)
                elif _given(value).present:
                    found.append(value.value)
            return found

        return collect

    def _entries(self, node: Entries, scope: dict[str, int]) -> Run:
        entries = [(self.compile(k, scope), self.compile(v, scope), optional) for k, v, optional in node.entries]

        def collect(frame: Frame) -> dict[Any, Any]:
            found: dict[Any, Any] = {}
            for key_run, value_run, optional in entries:
                key, value = key_of(key_run(frame)), value_run(frame)
                if optional and not _given(value).present:
                    continue
                found[key] = value.value if optional else value
            return found

        return collect

    def _fold(self, node: Fold, scope: dict[str, int]) -> Run:
        source = self.compile(node.source, scope)
        slots = tuple(range(self.slots, self.slots + len(node.names)))
        self.slots += len(node.names)
        inner = scope | dict(zip(node.names, slots, strict=True))
        bodies = tuple(self.charged(body, inner) for body in node.bodies)
        return FOLDERS[node.macro](source, slots, bodies)

    def _call(self, node: Call, scope: dict[str, int]) -> Run:
        special = SPECIAL.get(node.function)
        if special is not None and node.target is None:
            return special(*(self.compile(argument, scope) for argument in node.arguments))
        if node.target is None:
            return self._apply(GLOBALS, node, node.arguments, scope)
        if isinstance(node.target, Name) and node.target.name not in scope:
            named = f"{node.target.name}.{node.function}"
            if named in NAMESPACES:
                return self._apply(NAMESPACES, Call(named, None, node.arguments), node.arguments, scope)
        return self._apply(METHODS, node, (node.target, *node.arguments), scope)

    def _apply(self, table: dict[str, Function], node: Call, arguments: tuple[Node, ...], scope: dict[str, int]) -> Run:
        function = table.get(node.function)
        if function is None:
            raise CelSyntaxError(0, f"undeclared reference to the function {node.function[:80]!r}")
        if not function.least <= len(arguments) <= function.most:
            raise CelSyntaxError(0, f"the function {node.function[:80]!r} with {len(arguments)} values")
        runs = tuple(self.compile(argument, scope) for argument in arguments)
        call = function.call
        if all(isinstance(argument, Literal) for argument in arguments):
            constant = _constant(call, arguments)
            if constant is not None:
                return lambda _: constant
        if len(runs) == 1:
            (only,) = runs
            return lambda frame: call(frame[0], only(frame))
        return lambda frame: call(frame[0], *[run(frame) for run in runs])


def dotted(node: Node) -> str:
    """Return `a.b.c` when the tree is just that, as in the name of a type; else an empty text."""
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Select) and not node.optional:
        before = dotted(node.operand)
        return f"{before}.{node.field}" if before else ""
    return ""


def _constant(call: Callable[..., Any], arguments: tuple[Node, ...]) -> Any:
    """Return what a call of constants comes to, so that it is not called each time; None when it comes to nothing."""
    values = [argument.value for argument in arguments if isinstance(argument, Literal)]
    try:
        return call(Budget(_CONSTANT_UNITS), *values)
    except (CelError, TooCostlyError):
        return None


def _select_other(value: Any, field: str, *, optional: bool) -> Any:
    """Select from what is no map, or maybe nothing."""
    if type(value) is Optional:
        if not value.present:
            return NONE
        value, optional = value.value, True
    if type(value) is not dict and optional:
        raise no_overload()
    if type(value) is list:
        raise CelError("unsupported index type 'string' in list")
    if type(value) is dict and field in value:
        return Optional(value[field], present=True)
    if optional:
        return NONE
    raise CelError(f"no such key: {field}")


def _index_optional(value: Any, key: Any) -> Optional:
    if type(value) is Optional:
        if not value.present:
            return NONE
        value = value.value
    if type(value) not in (list, dict):
        raise no_overload()
    try:
        return Optional(index(value, key), present=True)
    except CelError:
        return NONE


def _given(value: Any) -> Optional:
    if type(value) is not Optional:
        raise no_overload()
    return value
