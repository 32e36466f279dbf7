"""What a check looks at: the manifests, the intent, and what a mesh makes of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from mesh.bundle import Bundle, Workload, workloads
from mesh.configuration.settings import Component, components
from mesh.findings import Document, Finding
from mesh.intent import Intent
from mesh.wiring import Wiring


@dataclass(frozen=True)
class World:
    """The manifests of one verification. What many checks need is worked out once."""

    bundle: Bundle
    intent: Intent | None = None
    """None: checks that need one are left out."""
    wiring: Wiring | None = None
    """What the mesh needs, for the intent; None without an intent, and when no mesh is known."""

    @classmethod
    def of(cls, manifests: Sequence[Document], intent: Intent | None, wiring: Wiring | None = None) -> "World":
        """The world of `manifests`."""
        return cls(Bundle(manifests), intent, wiring)

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
        """Every principal."""
        return [each for each in self.components if each.side == "principal"]

    @cached_property
    def agents(self) -> Sequence[Component]:
        """Every agent."""
        return [each for each in self.components if each.side == "agent"]


Check = Callable[[World], Iterator[Finding]]
"""One check; a pure function."""


def run_checks(checks: Iterable[Check], world: World) -> list[Finding]:
    """The findings of all checks, each once, in the order of the checks."""
    return list(dict.fromkeys(finding for check in checks for finding in check(world)))
