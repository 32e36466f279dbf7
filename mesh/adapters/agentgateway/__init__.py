"""agentgateway: a gateway in Rust, without Envoy, between agents and principal."""

from collections.abc import Sequence
from typing import Final

from mesh.adapters.agentgateway.checks import CHECKS
from mesh.adapters.agentgateway.generating import GROUP, generate, wiring
from mesh.adapters.agentgateway.neutral import NEUTRAL
from mesh.adapters.agentgateway.standalone import files
from mesh.adapters.base import Adapter, Generated, Neutral
from mesh.adapters.common.gatewayapi import gateway_world, intent_or_default
from mesh.adapters.common.shared import SHARED_NEUTRAL, shared_findings
from mesh.bundle import Bundle
from mesh.findings import Document, Finding
from mesh.intent import Intent


class AgentgatewayAdapter:
    """agentgateway."""

    name = "agentgateway"
    neutral: Sequence[Neutral] = (*SHARED_NEUTRAL, *NEUTRAL)

    def applies(self, bundle: Bundle) -> bool:
        """Whether there are objects of agentgateway's, or a file for one without a controller."""
        return GROUP in bundle.groups or any(True for _ in files(bundle))

    def generate(self, intent: Intent) -> list[Generated]:
        """Kgateway's objects, and those that every mesh has."""
        return generate(intent)

    def verify(self, intent: Intent | None, manifests: Sequence[Document]) -> list[Finding]:
        """What is wrong with `manifests` for agentgateway."""
        world = gateway_world(manifests, intent, wiring(intent_or_default(intent)))
        return shared_findings(world, CHECKS)


ADAPTER: Final[Adapter] = AgentgatewayAdapter()
