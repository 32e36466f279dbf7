"""Linkerd: principal and agents each behind its micro-proxy."""

from collections.abc import Sequence
from typing import Final

from mesh.adapters.base import Adapter, Generated, Neutral
from mesh.adapters.common.shared import SHARED_NEUTRAL, shared_findings
from mesh.adapters.linkerd import (
    authorizations,
    generating,
    injection,
    keepalive,
    ports,
    principals,
    references,
    timers,
)
from mesh.adapters.linkerd.facts import CLIENT_ID, CONFIG, INJECT, POLICY, PROFILES
from mesh.adapters.linkerd.neutral import NEUTRAL
from mesh.bundle import Bundle, workloads
from mesh.configuration.settings import components
from mesh.findings import Document, Finding
from mesh.intent import Intent
from mesh.world import Check, World

CHECKS: Final[tuple[Check, ...]] = (
    *injection.CHECKS,
    *principals.CHECKS,
    *ports.CHECKS,
    *references.CHECKS,
    *authorizations.CHECKS,
    *timers.CHECKS,
    *keepalive.CHECKS,
)
"""Linkerd's own checks, in the order in which findings about one place are listed."""


class LinkerdAdapter:
    """Linkerd."""

    name = "linkerd"
    neutral: Sequence[Neutral] = (*SHARED_NEUTRAL, *NEUTRAL)

    def applies(self, bundle: Bundle) -> bool:
        """Whether there are objects of Linkerd's, pods that ask for its proxy, or a principal that reads its header."""
        if bundle.groups & {POLICY, PROFILES}:
            return True
        pods = workloads(bundle)
        if any(name == INJECT or name.startswith(CONFIG) for each in pods for name in each.annotations):
            return True
        return any(_reads_header(each.get("auth").text) for each in components(bundle) if each.side == "principal")

    def generate(self, intent: Intent) -> list[Generated]:
        """Linkerd's objects, and those that every mesh has."""
        return generating.generate(intent)

    def verify(self, intent: Intent | None, manifests: Sequence[Document]) -> list[Finding]:
        """What is wrong with `manifests` for Linkerd."""
        wiring = generating.wiring(intent) if intent is not None else None
        return shared_findings(World.of(manifests, intent, wiring), CHECKS)


def _reads_header(rule: str | None) -> bool:
    _, _, rest = (rule or "").partition(":")
    return rest.partition(":")[0].strip().lower() == CLIENT_ID


ADAPTER: Final[Adapter] = LinkerdAdapter()
