"""agentgateway's objects for an intent."""

from typing import Any, Final

from mesh.adapters.agentgateway.standalone import standalone
from mesh.adapters.base import Generated
from mesh.adapters.common.gatewayapi import (
    XFCC,
    gateway,
    gateway_target,
    gateway_wiring,
    grpc_route,
    policy,
    route_target,
    service_target,
)
from mesh.adapters.common.objects import shared_objects
from mesh.adapters.writing import Path
from mesh.durations import format_duration
from mesh.intent import Intent
from mesh.wiring import Wiring

GROUP: Final = "agentgateway.dev"
API: Final = f"{GROUP}/v1alpha1"
KIND: Final = "AgentgatewayPolicy"

MAX_RETRIES: Final = 64
"""Probes that the CRD takes; the kernel takes 127."""

IDENTITY: Final = (
    'has(source.identity) ? "URI=spiffe://" + source.identity.trustDomain + "/ns/" + source.identity.namespace + '
    '"/sa/" + source.identity.serviceAccount : ""'
)
"""CEL: the agent's SPIFFE ID, from its certificate, as Envoy would write it."""


def wiring(intent: Intent) -> Wiring:
    """What agentgateway needs of the objects that every mesh has."""
    return gateway_wiring(intent, "agentgateway")


def generate(intent: Intent) -> list[Generated]:
    """All objects of `intent`, in the order in which they may be applied."""
    return [*shared_objects(intent, wiring(intent)), *own_objects(intent)]


def own_objects(intent: Intent) -> list[Generated]:
    """Gateway, route, agentgateway's policies, and the same for a proxy without the controller."""
    return [
        gateway(intent, "agentgateway", "agentgateway"),
        grpc_route(intent, "agentgateway"),
        frontend_policy(intent),
        backend_policy(intent),
        identity_policy(intent),
        standalone(intent, keepalive(intent), IDENTITY),
    ]


def keepalive(intent: Intent) -> dict[str, Any]:
    """TCP keepalive as agentgateway has it."""
    tcp = intent.keepalive.tcp
    return {
        "time": f"{tcp.time_seconds}s",
        "interval": f"{tcp.interval_seconds}s",
        "retries": min(tcp.probes, MAX_RETRIES),
    }


def frontend_policy(intent: Intent) -> Generated:
    """Towards agents: TCP keepalive, and PINGs."""
    own, settings = intent.gateway_of("agentgateway"), intent.keepalive
    frontend: dict[str, Any] = {"tcp": {"keepalive": keepalive(intent)}}
    comments: dict[Path, str] = {
        ("spec", "targetRefs"): "A target has no namespace: the policy must be in the Gateway's own. tcp and http take "
        "no sectionName.",
        ("spec", "frontend", "tcp", "keepalive"): "Without it, accepted connections are not probed at all.",
    }
    if settings.ping:
        frontend["http"] = {
            "http2KeepaliveInterval": format_duration(settings.ping),
            "http2KeepaliveTimeout": format_duration(settings.ping_timeout),
        }
        comments[("spec", "frontend", "http", "http2KeepaliveTimeout")] = (
            "How long an answer to a PING may take before the connection is closed; not how long it must be idle."
        )
    spec = {"targetRefs": gateway_target(own), "frontend": frontend}
    return policy(API, KIND, name=f"{own.name}-agents", namespace=own.namespace, spec=spec, comments=comments)


def backend_policy(intent: Intent) -> Generated:
    """Towards the principal: TCP keepalive. One policy has one kind of target."""
    principal = intent.principal
    backend = {"tcp": {"keepalive": keepalive(intent)}, "http": {"version": "HTTP2"}}
    spec = {"targetRefs": service_target(intent), "backend": backend}
    comments: dict[Path, str] = {
        ("spec", "backend", "tcp", "keepalive"): "On by itself towards servers, with 180s, 180s and 9: a dead one is "
        "noticed after half an hour.",
        ("spec", "backend", "http"): "No requestTimeout: it would end streams.",
    }
    return policy(
        API, KIND, name=f"{principal.name}-backend", namespace=principal.namespace, spec=spec, comments=comments
    )


def identity_policy(intent: Intent) -> Generated:
    """On the route: who calls, from the certificate."""
    principal = intent.principal
    traffic = {"transformation": {"request": {"set": [{"name": XFCC, "value": IDENTITY}]}}}
    spec = {"targetRefs": route_target(intent), "traffic": traffic}
    comments: dict[Path, str] = {
        ("spec", "traffic", "transformation"): "agentgateway does not write this header by itself; `set` replaces "
        "whatever the caller sent.",
    }
    return policy(
        API, KIND, name=f"{principal.name}-identity", namespace=principal.namespace, spec=spec, comments=comments
    )
