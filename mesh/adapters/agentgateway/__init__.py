"""agentgateway: a gateway in Rust, without Envoy, between agents and principal."""

from collections.abc import Sequence
from typing import Final

from mesh.adapters.agentgateway import running
from mesh.adapters.agentgateway.checks import CHECKS
from mesh.adapters.agentgateway.files import dumps, standalones
from mesh.adapters.agentgateway.generating import GROUP, generate, wiring
from mesh.adapters.agentgateway.neutral import NEUTRAL
from mesh.adapters.base import Adapter, Generated, Neutral, run_checks
from mesh.adapters.common.gatewayapi import gateway_world, has_class, intent_or_default
from mesh.adapters.common.shared import SHARED_NEUTRAL, shared_findings
from mesh.bundle import Bundle
from mesh.findings import Document, Finding
from mesh.foreign import is_dump
from mesh.intent import Intent
from mesh.world import World


class AgentgatewayAdapter:
    """agentgateway."""

    name = "agentgateway"
    neutral: Sequence[Neutral] = (*SHARED_NEUTRAL, *NEUTRAL)

    def applies(self, bundle: Bundle) -> bool:
        """Whether there are objects of agentgateway's, a Gateway of its class, or files of its own."""
        if GROUP in bundle.groups or has_class(bundle, self.name):
            return True
        return bool(standalones(bundle)) or bool(dumps(bundle))

    def generate(self, intent: Intent) -> list[Generated]:
        """Agentgateway's objects, and those that every mesh has."""
        return generate(intent)

    def verify(self, intent: Intent | None, manifests: Sequence[Document]) -> list[Finding]:
        """What is wrong with `manifests` for agentgateway."""
        if manifests and all(is_dump(each.data) for each in manifests):
            # Only what a proxy has in memory: what else there is in the cluster is not known.
            return run_checks(running.CHECKS, World.of(manifests, intent, None))
        world = gateway_world(manifests, intent, wiring(intent_or_default(intent)))
        return shared_findings(world, CHECKS)


ADAPTER: Final[Adapter] = AgentgatewayAdapter()
