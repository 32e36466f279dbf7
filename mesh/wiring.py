"""What one mesh needs of the objects that every mesh has: how principal and agents are wired into it.

An adapter makes one from an intent; the shared objects are generated from it, and the shared checks compare with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mesh.intent import Intent

PORT_NAME: Final = "grpc"
"""The name of the principal's container port, to which the Service's port leads."""

SERVICE_PORT_NAME: Final = "grpc-principal"
"""The name of the Service's port: meshes take the protocol from what stands before the dash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """How principal and agents are wired into one mesh, for one intent."""

    auth: str
    """The principal's `--auth`."""
    listen_host: str | None
    """Where the principal binds; None: the pod's own address, by the downward API."""
    server_address: str
    """Whom agents dial."""
    server_port: int
    agent_plaintext: bool = True
    """Whether agents speak plaintext to whatever is next on the way."""
    app_protocol: str = "kubernetes.io/h2c"
    """The Service port's appProtocol."""
    principal_labels: Mapping[str, str] = field(default_factory=dict)
    """Of the principal's pods, beside those of the intent."""
    principal_annotations: Mapping[str, str] = field(default_factory=dict)
    agent_labels: Mapping[str, str] = field(default_factory=dict)
    agent_annotations: Mapping[str, str] = field(default_factory=dict)
    callers: tuple[tuple[str, Mapping[str, str]], ...] = ()
    """Whose pods may open connections to the principal's port: namespaces with the pods' labels (none: all pods)."""
    extra_ports: tuple[int, ...] = ()
    """Further ports of the principal's pods that the callers need, such as a proxy's own."""
    extra_principal: Mapping[str, str] = field(default_factory=dict)
    """Further settings of the principal, by option."""
    extra_agent: Mapping[str, str] = field(default_factory=dict)
    """Further settings of the agents, by option."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """Comments for settings in the ConfigMaps, by option, instead of the shared ones."""


def dialled(intent: Intent) -> tuple[str, int]:
    """The name and port that agents dial: of the first gateway in the path, else of the principal."""
    if intent.gateways:
        first = intent.gateways[0]
        return first.hostname or f"{first.name}.{first.namespace}.svc.cluster.local", first.port
    return intent.principal.hostname or intent.principal.host, intent.principal.service_port


def agents_may_call(intent: Intent) -> tuple[tuple[str, Mapping[str, str]], ...]:
    """The callers when nothing stands between agents and principal: the agents' pods."""
    return ((intent.agents.namespace, {"app.kubernetes.io/name": intent.agents.label}),)
