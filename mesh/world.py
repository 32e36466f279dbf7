"""What a check looks at: the manifests, the intent, and what a mesh makes of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeVar

from mesh.bundle import Bundle, Workload, workloads
from mesh.configuration.settings import Component, components
from mesh.findings import Document, Finding
from mesh.intent import Intent
from mesh.wiring import Wiring

_T = TypeVar("_T")

MAX_PRINCIPALS: Final = 10
"""Principals in one verification; each is compared with every policy. More than a few in one set are none."""


@dataclass(frozen=True)
class World:
    """The manifests of one verification. What many checks need is worked out once."""

    bundle: Bundle
    intent: Intent | None = None
    """None: checks that need one are left out."""
    wiring: Wiring | None = None
    """What the mesh needs, for the intent; None without an intent, and when no mesh is known."""
    bare: bool = False
    """Whether no mesh and no gateway is known: between agents and principal there may be either, or none."""

    @classmethod
    def of(cls, manifests: Sequence[Document], intent: Intent | None, wiring: Wiring | None = None) -> "World":
        """The world of `manifests`."""
        return cls(Bundle.made_of(manifests), intent, wiring)

    @cached_property
    def workloads(self) -> Sequence[Workload]:
        """Everything that makes pods."""
        return workloads(self.bundle)

    @cached_property
    def components(self) -> Sequence[Component]:
        """Every principal and agent."""
        return components(self.bundle)

    @cached_property
    def principals(self) -> Sequence[Component]:
        """The principals, MAX_PRINCIPALS at most."""
        return [each for each in self.components if each.side == "principal"][:MAX_PRINCIPALS]

    @cached_property
    def agents(self) -> Sequence[Component]:
        """Every agent."""
        return [each for each in self.components if each.side == "agent"]

    @cached_property
    def _made(self) -> dict[Any, Any]:
        return {}

    def once(self, make: "Callable[[World], _T]") -> _T:
        """What `make` gives for this world, made at most once; `make` must be a module's function."""
        if make not in self._made:
            self._made[make] = make(self)
        made: _T = self._made[make]
        return made


Check = Callable[[World], Iterator[Finding]]
"""One check; a pure function."""


def run_checks(checks: Iterable[Check], world: World) -> list[Finding]:
    """The findings of all checks, each once, in the order of the checks."""
    return list(dict.fromkeys(finding for check in checks for finding in check(world)))
