"""What a function of a library is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mesh.schema.cel.values import no_overload

Kinds = tuple[frozenset[type], ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function or a method."""

    call: Callable[..., Any]
    """Takes the budget and the values, the one before the dot first; CelError."""
    least: int
    """How many values it needs, the one before the dot counted."""
    most: int
    kinds: Kinds = ()
    """The types of its values; empty when it looks at them itself."""

    def fits(self, values: Sequence[Any]) -> bool:
        """Whether the values have the types that it wants."""
        return all(type(value) in kinds for value, kinds in zip(values, self.kinds, strict=False))


def typed(call: Callable[..., Any], *kinds: type | tuple[type, ...], least: int | None = None) -> Function:
    """Return `call` as a function whose values are of `kinds`, of which the last may be left out down to `least`."""
    accepted = tuple(frozenset(kind if isinstance(kind, tuple) else (kind,)) for kind in kinds)

    def checked(budget: Any, *values: Any) -> Any:
        for value, expected in zip(values, accepted, strict=False):
            if type(value) not in expected:
                raise no_overload()
        return call(budget, *values)

    return Function(checked, len(kinds) if least is None else least, len(kinds), accepted)


def untyped(call: Callable[..., Any], least: int, most: int | None = None) -> Function:
    """Return `call`, which looks at the types itself, as a function of `least` to `most` values."""
    return Function(call, least, least if most is None else most)
