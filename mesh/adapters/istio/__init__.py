"""Istio with sidecars: principal and agents each behind an Envoy that istiod configures."""

from collections.abc import Sequence
from typing import Final

from mesh.adapters.base import Adapter, Generated, Neutral
from mesh.adapters.common.shared import SHARED_NEUTRAL, shared_findings
from mesh.adapters.istio import (
    authentication,
    authorization,
    filters,
    generating,
    injection,
    pings,
    ports,
    routes,
    rules,
    sidecars,
)
from mesh.adapters.istio.guessing import is_there
from mesh.adapters.istio.neutral import NEUTRAL
from mesh.bundle import Bundle
from mesh.findings import Document, Finding
from mesh.intent import Intent
from mesh.world import Check, World

CHECKS: Final[tuple[Check, ...]] = (
    *injection.CHECKS,
    *sidecars.CHECKS,
    *ports.CHECKS,
    *rules.CHECKS,
    *pings.CHECKS,
    *authentication.CHECKS,
    *authorization.CHECKS,
    *filters.CHECKS,
    *routes.CHECKS,
)
"""Istio's own checks, in the order in which findings about one place are listed."""


class IstioAdapter:
    """Istio with sidecars."""

    name = "istio"
    neutral: Sequence[Neutral] = (*SHARED_NEUTRAL, *NEUTRAL)

    def applies(self, bundle: Bundle) -> bool:
        """Whether there are objects of Istio's, or pods that ask for its sidecar."""
        return is_there(bundle)

    def generate(self, intent: Intent) -> list[Generated]:
        """Istio's objects, and those that every mesh has."""
        return generating.generate(intent)

    def verify(self, intent: Intent | None, manifests: Sequence[Document]) -> list[Finding]:
        """What is wrong with `manifests` for Istio with sidecars."""
        wiring = generating.wiring(intent) if intent is not None else None
        return shared_findings(World.of(manifests, intent, wiring), CHECKS)


ADAPTER: Final[Adapter] = IstioAdapter()
