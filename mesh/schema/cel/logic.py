"""Operators as closures: those that do not look at every side, and the rest."""

from collections.abc import Callable
from typing import Any, Final

from mesh.schema.cel.operators import BINARY, invert, negate
from mesh.schema.cel.values import CelError, no_overload

Frame = list[Any]
Run = Callable[[Frame], Any]


def _comes_to(run: Run, frame: Frame, wanted: bool) -> bool:
    """Whether a part comes to `wanted`; an error of its own does not count beside the one that is there already."""
    try:
        return run(frame) is wanted
    except CelError:
        return False


def _settled_by(wanted: bool) -> Callable[[Run, Run], Run]:
    """`&&`, which one false part settles, or `||`, which one true part does: whatever the other is, an error too."""
    other = not wanted

    def join(left: Run, right: Run) -> Run:
        def joined(frame: Frame) -> Any:
            try:
                first = left(frame)
            except CelError:
                if _comes_to(right, frame, wanted):
                    return wanted
                raise
            if first is wanted:
                return wanted
            second = right(frame)
            if second is wanted:
                return wanted
            if first is other and second is other:
                return other
            raise no_overload()

        return joined

    return join


def _choose(condition: Run, yes: Run, no: Run) -> Run:
    def choose(frame: Frame) -> Any:
        decided = condition(frame)
        if decided is True:
            return yes(frame)
        if decided is False:
            return no(frame)
        raise no_overload()

    return choose


def _unary(operation: Callable[[Any], Any]) -> Callable[[Run], Run]:
    return lambda operand: lambda frame: operation(operand(frame))


def _not(operand: Run) -> Run:
    def flip(frame: Frame) -> bool:
        value = operand(frame)
        if value is True:
            return False
        return True if value is False else invert(value)

    return flip


def _same(left: Run, right: Run) -> Run:
    equal = BINARY["_==_"]

    def same(frame: Frame) -> bool:
        a, b = left(frame), right(frame)
        if type(a) is str and type(b) is str:
            return a == b
        return bool(equal(a, b, frame[0]))

    return same


def _binary(operation: Callable[..., Any]) -> Callable[[Run, Run], Run]:
    return lambda left, right: lambda frame: operation(left(frame), right(frame), frame[0])


SPECIAL: Final[dict[str, Callable[..., Run]]] = {
    "_&&_": _settled_by(False),
    "_||_": _settled_by(True),
    "_?_:_": _choose,
    "!_": _not,
    "-_": _unary(negate),
    **{name: _binary(operation) for name, operation in BINARY.items()},
    "_==_": _same,
}
"""By the name in the tree; each takes the operands as closures."""
