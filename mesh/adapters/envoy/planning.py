"""The way from agent to principal by plain Envoys: who listens where, whom each lets in, and whom each calls.

One Envoy beside the agents' process, one beside the principal, and one for each gateway of the intent that is an Envoy.
Between them is mutual TLS with names checked on both sides; beside each process there is loopback.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from mesh.identity.header import XFCC
from mesh.intent import Gateway, Intent
from mesh.wiring import Wiring, dialled

Role = Literal["agent", "gateway", "principal"]

FOLDER: Final = "/etc/envoy"
"""Where a bootstrap and what it reads are, on each machine."""

SVIDS: Final = "/run/spiffe"
"""Where certificates are renewed, by spiffe-helper or the like."""

SECRET_FILE: Final = f"{FOLDER}/svid.yaml"
TRUST_FILE: Final = f"{SVIDS}/svid_bundle.pem"
CERTIFICATE_FILE: Final = f"{SVIDS}/svid.pem"
KEY_FILE: Final = f"{SVIDS}/svid_key.pem"

AGENT_PORT: Final = 15443
"""Where the agent's Envoy listens for its agent, on loopback."""

ADMIN_PORTS: Final[dict[Role, int]] = {"principal": 9901, "agent": 9902, "gateway": 9903}
"""Of each Envoy's administration, on loopback; different, so that one machine can be all."""

SHIFT: Final = 10_000
"""By how much the principal's own port moves where its Envoy has the same."""

V6: Final = {"::1", "::"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One Envoy on the way."""

    role: Role
    node: str
    host: str
    """Where it listens."""
    port: int
    callers: tuple[str, ...] = ()
    """Who may connect, as SPIFFE IDs, or as the beginning of one that ends in a slash; none: plaintext on loopback."""
    forwarding: str = "SANITIZE"
    """What it does with x-forwarded-client-cert."""
    next_host: str
    next_port: int
    server: str = ""
    """Whom it takes for the next; nothing: plaintext on loopback."""

    @property
    def file(self) -> str:
        """What its bootstrap's file is called."""
        return f"gateway-{self.node}.yaml" if self.role == "gateway" else f"{self.role}.yaml"

    @property
    def resolves(self) -> bool:
        """Whether the next has a name rather than an address."""
        return bool(self.server)


def principal_identity(intent: Intent) -> str:
    """The principal's SPIFFE ID."""
    principal = intent.principal
    return f"spiffe://{intent.agents.trust_domain}/ns/{principal.namespace}/sa/{principal.service_account}"


def gateway_identity(intent: Intent, gateway: Gateway) -> str:
    """A gateway's SPIFFE ID."""
    return f"spiffe://{intent.agents.trust_domain}/ns/{gateway.namespace}/sa/{gateway.identity}"


def principal_port(intent: Intent) -> int:
    """Where the principal itself listens: its own port, unless that is what its Envoy has on every address."""
    port = intent.principal.port
    if port != intent.principal.service_port:
        return port
    return port + SHIFT if port + SHIFT <= 65_535 else port - SHIFT


def loopback(intent: Intent) -> str:
    """The loopback address of the principal's family."""
    return "::1" if intent.principal.listen_host in V6 else "127.0.0.1"


def wiring(intent: Intent) -> Wiring:
    """What plain Envoys need of the configuration of principal and agents."""
    extra = {"listen-port": str(principal_port(intent)), "own-identity": principal_identity(intent)}
    if intent.gateways:
        extra["trusted-gateway"] = ",".join(gateway_identity(intent, each) for each in intent.gateways)
    moved = principal_port(intent) != intent.principal.port
    note = f"Not {intent.principal.port}: the Envoy in front has that port on every address."
    return Wiring(
        auth=f"identity:{XFCC}:{intent.agents.spiffe_id('{agent}')}",
        listen_host=intent.principal.listen_host,
        server_address="127.0.0.1",
        server_port=AGENT_PORT,
        extra_principal=extra,
        notes={"server-address": "The agent's own Envoy.", **({"listen-port": note} if moved else {})},
    )


def hops(intent: Intent) -> list[Hop]:
    """Every Envoy of the intent, in the order in which an agent's bytes pass them."""
    host, port = dialled(intent)
    first = gateway_identity(intent, intent.gateways[0]) if intent.gateways else principal_identity(intent)
    agent = Hop(
        role="agent",
        node="agent",
        host="127.0.0.1",
        port=AGENT_PORT,
        next_host=host,
        next_port=port,
        server=first,
    )
    return [agent, *_gateways(intent), _principal(intent)]


def _gateways(intent: Intent) -> Iterator[Hop]:
    for position, gateway in enumerate(intent.gateways):
        if gateway.system != "envoy":
            continue
        following = intent.gateways[position + 1] if position + 1 < len(intent.gateways) else None
        if following is not None:
            host = following.hostname or f"{following.name}.{following.namespace}.svc.cluster.local"
            port, server = following.port, gateway_identity(intent, following)
        else:
            host, port = intent.principal.hostname or intent.principal.host, intent.principal.service_port
            server = principal_identity(intent)
        yield Hop(
            role="gateway",
            node=_node(intent, gateway),
            host=_any(intent),
            port=gateway.port,
            callers=_callers(intent, position),
            forwarding="APPEND_FORWARD" if position else "SANITIZE_SET",
            next_host=host,
            next_port=port,
            server=server,
        )


def _node(intent: Intent, gateway: Gateway) -> str:
    """A gateway's name, with its namespace where another has the same name."""
    taken = [each.name for each in intent.gateways if each.system == "envoy"]
    return gateway.name if taken.count(gateway.name) == 1 else f"{gateway.name}.{gateway.namespace}"


def _principal(intent: Intent) -> Hop:
    return Hop(
        role="principal",
        node="principal",
        host=_any(intent),
        port=intent.principal.service_port,
        callers=_callers(intent, len(intent.gateways)),
        forwarding="APPEND_FORWARD" if intent.gateways else "SANITIZE_SET",
        next_host=loopback(intent),
        next_port=principal_port(intent),
    )


def _callers(intent: Intent, position: int) -> tuple[str, ...]:
    """Who calls the gateway at `position`, or the principal behind them all: the one before, or the agents."""
    if position:
        return (gateway_identity(intent, intent.gateways[position - 1]),)
    return (intent.agents.spiffe_id(""),)


def _any(intent: Intent) -> str:
    return "::" if intent.principal.listen_host in V6 else "0.0.0.0"  # noqa: S104 - mutual TLS is in front
