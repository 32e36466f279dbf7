"""kgateway (Envoy): a gateway between agents and principal, which ends the agents' mutual TLS."""

from collections.abc import Sequence
from typing import Final

from mesh.adapters.base import Adapter, Generated, Neutral
from mesh.adapters.common.gatewayapi import gateway_world, has_class, intent_or_default
from mesh.adapters.common.shared import SHARED_NEUTRAL, shared_findings
from mesh.adapters.kgateway.checks import CHECKS
from mesh.adapters.kgateway.generating import GROUP, generate, wiring
from mesh.adapters.kgateway.neutral import NEUTRAL
from mesh.bundle import Bundle
from mesh.findings import Document, Finding
from mesh.intent import Intent


class KgatewayAdapter:
    """kgateway's Envoy data plane."""

    name = "kgateway"
    neutral: Sequence[Neutral] = (*SHARED_NEUTRAL, *NEUTRAL)

    def applies(self, bundle: Bundle) -> bool:
        """Whether there are objects of kgateway's, or a Gateway of its class."""
        return GROUP in bundle.groups or has_class(bundle, self.name)

    def generate(self, intent: Intent) -> list[Generated]:
        """Kgateway's objects, and those that every mesh has."""
        return generate(intent)

    def verify(self, intent: Intent | None, manifests: Sequence[Document]) -> list[Finding]:
        """What is wrong with `manifests` for kgateway."""
        world = gateway_world(manifests, intent, wiring(intent_or_default(intent)))
        return shared_findings(world, CHECKS)


ADAPTER: Final[Adapter] = KgatewayAdapter()
