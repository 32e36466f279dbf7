"""Objects of the Gateway API: the gateway that ends agents' mutual TLS, and the way from it to the principal's Service.

Every agent shows a certificate to the gateway; the gateway tells the principal whose it was, in a header.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from mesh.adapters.base import Generated
from mesh.adapters.writing import Path
from mesh.bundle import Bundle
from mesh.findings import Document
from mesh.intent import DEFAULT_INTENT, Gateway, Intent
from mesh.intent.model import System
from mesh.wiring import Wiring
from mesh.world import World

GROUP: Final = "gateway.networking.k8s.io"
LISTENER: Final = "agents"
"""The name of the listener for agents."""

GATEWAY_LABEL: Final = "gateway.networking.k8s.io/gateway-name"
"""The label of a Gateway's own pods."""

XFCC: Final = "x-forwarded-client-cert"

ENDING_TLS: Final = frozenset({"HTTPS", "TLS"})
"""Protocols of a listener with which agents speak TLS."""


def gateway_world(manifests: Sequence[Document], intent: Intent | None, wiring: Wiring) -> World:
    """The world of one verification; `wiring` is that of the intent, or of the default one.

    Without an intent, the wiring holds for one thing: that agents rightly speak TLS to a gateway that ends it, or that
    is not among the manifests and may.
    """
    world = World.of(manifests, intent, wiring if intent is not None else None)
    return replace(world, wiring=replace(wiring, callers=())) if intent is None and ends_tls(world) else world


def has_class(bundle: Bundle, name: str) -> bool:
    """Whether there is a Gateway of a class that begins with `name`."""
    classes = [each.at("spec", "gatewayClassName").text or "" for each in bundle.of(GROUP, "Gateway")]
    return any(each.startswith(name) for each in classes)


def ends_tls(world: World) -> bool:
    """Whether a gateway among the manifests ends TLS; where none is, one elsewhere may."""
    listeners = [
        listener.at("protocol").text
        for item in world.bundle.of(GROUP, "Gateway")
        for listener in item.at("spec", "listeners").items()
    ]
    own = [item.at("spec", "ssl").boolean for item in world.bundle.of("gateway.solo.io", "Gateway")]
    if not world.bundle.of(GROUP, "Gateway") and not world.bundle.of("gateway.solo.io", "Gateway"):
        return True
    return bool(ENDING_TLS.intersection(listeners)) or any(own)


def intent_or_default(intent: Intent | None) -> Intent:
    """The intent; without one, the default."""
    return intent if intent is not None else DEFAULT_INTENT


PODS: Final[Mapping[str, Callable[[Gateway], Mapping[str, str]]]] = {
    "kgateway": lambda own: {GATEWAY_LABEL: own.name},
    "agentgateway": lambda own: {GATEWAY_LABEL: own.name},
    "gloo": lambda _: {"gloo": "gateway-proxy"},
}
"""The labels of a gateway's own pods, by system."""


def gateway_wiring(intent: Intent, system: System) -> Wiring:
    """What a gateway needs of the shared objects: agents speak TLS to the first in the path, and the last calls.

    The principal binds its pod's address, and believes the last gateway's pods, which are others than its own.
    """
    own = intent.gateway_of(system)
    path = intent.gateways or (own,)
    first, last = path[0], path[-1]
    return Wiring(
        auth=f"identity:{XFCC}:{intent.agents.spiffe_id('{agent}')}",
        listen_host=None,
        server_address=first.hostname or f"{first.name}.{first.namespace}.svc.cluster.local",
        server_port=first.port,
        agent_plaintext=False,
        callers=((last.namespace, PODS[last.system](last) if last.system in PODS else {}),),
        extra_principal={"header-peers": ",".join(last.pod_networks)} if last.pod_networks else {},
        notes={
            "header-peers": "NARROW THIS to the network of the gateway's pods. It calls from pods of its own, which "
            "the kernel cannot vouch for: whoever reaches the port from here is believed. The NetworkPolicy lets only "
            "the gateway's pods there.",
            "insecure-plaintext": "On the principal: the gateway ends TLS. On agents: no plaintext, for the gateway "
            "asks for the agent's certificate (--tls-client-cert, --tls-client-key, --root-ca-path).",
        },
    )


def gateway(intent: Intent, system: System, gateway_class: str) -> Generated:
    """The Gateway: one listener, which takes agents with a certificate of the trusted authority only."""
    own = intent.gateway_of(system)
    listener: dict[str, Any] = {
        "name": LISTENER,
        "protocol": "HTTPS",
        "port": own.port,
        **({"hostname": own.hostname} if own.hostname else {}),
        "tls": {"mode": "Terminate", "certificateRefs": [{"name": f"{own.name}-tls"}]},
        "allowedRoutes": {
            "namespaces": {
                "from": "Selector",
                "selector": {"matchLabels": {"kubernetes.io/metadata.name": intent.principal.namespace}},
            }
        },
    }
    authorities = [{"group": "", "kind": "ConfigMap", "name": f"{own.name}-ca"}]
    data = {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Gateway",
        "metadata": {"name": own.name, "namespace": own.namespace},
        "spec": {
            "gatewayClassName": gateway_class,
            "listeners": [listener],
            "tls": {"frontend": {"default": {"validation": {"caCertificateRefs": authorities}}}},
        },
    }
    comments: dict[Path, str] = {
        ("spec", "listeners", 0, "tls", "certificateRefs"): "A Secret of type kubernetes.io/tls that you provide.",
        ("spec", "tls"): "Agents without a certificate of this authority (ca.crt in a ConfigMap that you provide) are "
        "refused; without this, nobody knows who calls.",
    }
    return Generated(data, comments)


def grpc_route(intent: Intent, system: System) -> Generated:
    """The way from the listener to the principal's Service; beside the Service, so that no ReferenceGrant is needed."""
    own, principal = intent.gateway_of(system), intent.principal
    spec: dict[str, Any] = {
        "parentRefs": [{"name": own.name, "namespace": own.namespace, "sectionName": LISTENER}],
        **({"hostnames": [own.hostname]} if own.hostname else {}),
        "rules": [{"backendRefs": [{"name": principal.name, "port": principal.service_port}]}],
    }
    metadata = {"name": principal.name, "namespace": principal.namespace}
    data = {"apiVersion": f"{GROUP}/v1", "kind": "GRPCRoute", "metadata": metadata, "spec": spec}
    return Generated(data)


def gateway_target(own: Gateway) -> list[dict[str, Any]]:
    """A policy's targetRefs for the gateway; they have no namespace, so that the policy must be in the gateway's."""
    return [{"group": GROUP, "kind": "Gateway", "name": own.name}]


def service_target(intent: Intent) -> list[dict[str, Any]]:
    """A policy's targetRefs for the principal's Service."""
    return [{"group": "", "kind": "Service", "name": intent.principal.name}]


def route_target(intent: Intent) -> list[dict[str, Any]]:
    """A policy's targetRefs for the route."""
    return [{"group": GROUP, "kind": "GRPCRoute", "name": intent.principal.name}]


def policy(
    api_version: str, kind: str, *, name: str, namespace: str, spec: dict[str, Any], comments: dict[Path, str]
) -> Generated:
    """A policy of a gateway's own kind."""
    metadata = {"name": name, "namespace": namespace}
    return Generated({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}, comments)
