"""Plain Envoys beside agents and principal, configured by files: bootstraps in, and out."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from mesh.adapters.base import Adapter, Generated, Neutral
from mesh.adapters.common.embedded import has_embedded, lifting
from mesh.adapters.common.shared import shared_findings
from mesh.adapters.envoy import identities, intended, keepalive, planning, secrets, timers, values, ways
from mesh.adapters.envoy.bootstraps import Bootstrap, bootstraps, dumped, is_controlled
from mesh.adapters.envoy.neutral import NEUTRAL
from mesh.bundle import Bundle
from mesh.findings import Document, Finding
from mesh.foreign import BOOTSTRAP, is_bootstrap, is_envoy_dump, is_secret_file
from mesh.intent import Intent
from mesh.world import World

BootstrapCheck = Callable[[World, Bootstrap], Iterator[Finding]]
"""One check of one Envoy's configuration."""

CHECKS: Final[tuple[BootstrapCheck, ...]] = (
    values.refused,
    *timers.CHECKS,
    *identities.CHECKS,
    *ways.CHECKS,
    *keepalive.CHECKS,
    intended.compared,
)
"""The checks of bootstraps, in the order in which findings about one place are listed."""

CLUSTER_KINDS: Final = frozenset({"ServiceAccount", "Deployment", "Service"})
"""What the shared checks miss where nothing runs in Kubernetes."""

BEHIND: Final = frozenset({"MT1805", "MT1810"})
"""Shared codes about the principal's port that do not fit where the Envoy in front has another one."""


class EnvoyAdapter:
    """Plain Envoys."""

    name = "envoy"
    neutral: Sequence[Neutral] = NEUTRAL

    def applies(self, bundle: Bundle) -> bool:
        """Whether there are files of Envoy's, or bootstraps in ConfigMaps."""
        return any(_is_file(each.document) for each in bundle.items) or has_embedded(bundle, BOOTSTRAP)

    def generate(self, intent: Intent) -> list[Generated]:
        """A bootstrap for every Envoy on the way, and the settings of both sides. Needs envoy-data-plane."""
        from mesh.adapters.envoy import generating  # noqa: PLC0415 - half a second, and not needed to verify

        return generating.generate(intent)

    def verify(self, intent: Intent | None, manifests: Sequence[Document]) -> list[Finding]:
        """What is wrong with `manifests` for plain Envoys."""
        files = [each for each in manifests if _is_file(each)]
        told = {id(each) for each in files}
        objects = [each for each in manifests if id(each) not in told] if files else manifests
        world = World.of(objects, intent, planning.wiring(intent) if intent is not None else None)
        own = Own(files)
        found = shared_findings(world, (own.check, intended.unset))
        return [each for each in found if not _is_of_another_world(world, each)]


class Own:
    """The checks of bootstraps and secrets, as one of the world."""

    def __init__(self, files: Sequence[Document]) -> None:
        self._files = files

    def check(self, world: World) -> Iterator[Finding]:
        """Everything about the bootstraps in files and in the world's ConfigMaps."""
        found = list(bootstraps(self._files, world.bundle))
        for each in found:
            for check in CHECKS:
                yield from map(lifting(each.root), check(world, each))
        yield from secrets.checked(self._files, found)
        for file in self._files:
            for running in filter(is_controlled, dumped(file)):
                message = "A control plane rules this Envoy; what it sets is not in the bootstrap, and not looked at."
                yield running.finding("MT1009", message)
        yield from intended.present(world, found)


def _is_file(document: Document) -> bool:
    return any(told(document.data) for told in (is_bootstrap, is_secret_file, is_envoy_dump))


def _is_of_another_world(world: World, finding: Finding) -> bool:
    """Whether a shared check asks for what is only in Kubernetes, or for a port that the Envoy in front has."""
    if finding.code == "MT1816" and finding.object is not None:
        return finding.object.kind in CLUSTER_KINDS and not world.workloads
    return finding.code in BEHIND


ADAPTER: Final[Adapter] = EnvoyAdapter()
