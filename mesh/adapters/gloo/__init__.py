"""Gloo Gateway (Envoy): a gateway between agents and principal, which ends the agents' mutual TLS."""

from collections.abc import Sequence
from typing import Final

from mesh.adapters.base import Adapter, Generated, Neutral
from mesh.adapters.common.gatewayapi import gateway_world, intent_or_default
from mesh.adapters.common.shared import SHARED_NEUTRAL, shared_findings
from mesh.adapters.gloo.checks import CHECKS
from mesh.adapters.gloo.generating import GATEWAY, GLOO, generate, wiring
from mesh.adapters.gloo.neutral import NEUTRAL
from mesh.bundle import Bundle
from mesh.findings import Document, Finding
from mesh.foreign import is_gloo_values
from mesh.intent import Intent


class GlooAdapter:
    """Gloo Gateway with its own API."""

    name = "gloo"
    neutral: Sequence[Neutral] = (*SHARED_NEUTRAL, *NEUTRAL)

    def applies(self, bundle: Bundle) -> bool:
        """Whether there are objects of Gloo's, or values of its chart."""
        if {GATEWAY, GLOO} & bundle.groups:
            return True
        return any(is_gloo_values(each.root.mapping) for each in bundle.items)

    def generate(self, intent: Intent) -> list[Generated]:
        """Gloo's objects, and those that every mesh has."""
        return generate(intent)

    def verify(self, intent: Intent | None, manifests: Sequence[Document]) -> list[Finding]:
        """What is wrong with `manifests` for Gloo."""
        world = gateway_world(manifests, intent, wiring(intent_or_default(intent)))
        return shared_findings(world, CHECKS)


ADAPTER: Final[Adapter] = GlooAdapter()
