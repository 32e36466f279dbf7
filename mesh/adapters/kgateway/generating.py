"""kgateway's objects for an intent."""

from typing import Any, Final

from mesh.adapters.base import Generated
from mesh.adapters.common.gatewayapi import (
    gateway,
    gateway_target,
    gateway_wiring,
    grpc_route,
    policy,
    route_target,
    service_target,
)
from mesh.adapters.common.objects import shared_objects
from mesh.adapters.common.pings import may_ping
from mesh.adapters.writing import Path
from mesh.durations import format_duration
from mesh.intent import Intent, Version
from mesh.wiring import Wiring

GROUP: Final = "gateway.kgateway.dev"
API: Final = f"{GROUP}/v1alpha1"

LISTENER_POLICY: Final = Version(2, 2)
"""Since when there is a ListenerPolicy; before, HTTPListenerPolicy has the timers."""

LISTENER_KEEPALIVE: Final = Version(2, 4)
"""Since when a ListenerPolicy has tcpKeepalive, and a BackendConfigPolicy connectionKeepalive."""

HTTP_LISTENER_POLICY_GONE: Final = Version(2, 5)
"""Since when there is no HTTPListenerPolicy."""


def wiring(intent: Intent) -> Wiring:
    """What kgateway needs of the objects that every mesh has."""
    return gateway_wiring(intent, "kgateway")


def generate(intent: Intent) -> list[Generated]:
    """All objects of `intent`, in the order in which they may be applied."""
    return [*shared_objects(intent, wiring(intent)), *own_objects(intent)]


def own_objects(intent: Intent) -> list[Generated]:
    """Gateway, route, and kgateway's policies for them."""
    return [
        gateway(intent, "kgateway", "kgateway"),
        grpc_route(intent, "kgateway"),
        listener_policy(intent),
        traffic_policy(intent),
        backend_policy(intent),
    ]


def keepalive(intent: Intent) -> dict[str, Any]:
    """TCP keepalive as kgateway has it, towards clients and servers alike."""
    tcp = intent.keepalive.tcp
    return {
        "keepAliveTime": f"{tcp.time_seconds}s",
        "keepAliveInterval": f"{tcp.interval_seconds}s",
        "keepAliveProbes": tcp.probes,
    }


def listener_policy(intent: Intent) -> Generated:
    """Towards agents: stream timer off, keepalive, and who they are."""
    own, release = intent.gateway_of("kgateway"), intent.mesh.kgateway
    timers = {"streamIdleTimeout": "0s", "idleTimeout": format_duration(intent.keepalive.idle_timeout)}
    if release < LISTENER_POLICY:
        spec: dict[str, Any] = {"targetRefs": gateway_target(own), **timers}
        return policy(API, "HTTPListenerPolicy", name=own.name, namespace=own.namespace, spec=spec, comments={})
    http: dict[str, Any] = dict(timers)
    default: dict[str, Any] = {"httpSettings": http}
    base = ("spec", "default")
    comments: dict[Path, str] = {
        ("spec", "targetRefs"): "A target has no namespace: the policy must be in the Gateway's own.",
        base: "An entry of perPort replaces all of this for its port, not only the fields that it has.",
        (*base, "httpSettings", "streamIdleTimeout"): "Envoy's default of 5m ends a stream on which nothing flows.",
    }
    if release >= LISTENER_KEEPALIVE:
        http["forwardClientCertDetails"] = {"mode": "SanitizeSet", "details": {"uri": True}}
        comments[(*base, "httpSettings", "forwardClientCertDetails")] = (
            "The principal learns the agent's SPIFFE ID from this header. SanitizeSet drops what the caller sent; "
            "AlwaysForwardOnly would let anybody write it."
        )
        default["tcpKeepalive"] = keepalive(intent)
        comments[(*base, "tcpKeepalive")] = "Needs Envoy 1.37, which kgateway 2.4 has."
    spec = {"targetRefs": gateway_target(own), "default": default}
    return policy(API, "ListenerPolicy", name=own.name, namespace=own.namespace, spec=spec, comments=comments)


def traffic_policy(intent: Intent) -> Generated:
    """No timers on the route."""
    principal = intent.principal
    spec = {"targetRefs": route_target(intent), "timeouts": {"request": "0s", "streamIdle": "0s"}}
    comments: dict[Path, str] = {
        ("spec", "timeouts", "request"): "Nothing sets it by itself, and Envoy's default is 15s: it ends a stream that "
        "long after the client has half-closed it.",
        ("spec", "timeouts", "streamIdle"): "5m by default; wins over the listener's timer.",
    }
    return policy(
        API, "TrafficPolicy", name=principal.name, namespace=principal.namespace, spec=spec, comments=comments
    )


def sends_pings(intent: Intent) -> bool:
    """Whether the gateway sends PINGs to the principal: this release can, and the principal lets it."""
    return intent.mesh.kgateway >= LISTENER_KEEPALIVE and may_ping(intent)


def backend_policy(intent: Intent) -> Generated:
    """Towards the principal."""
    principal, settings = intent.principal, intent.keepalive
    spec: dict[str, Any] = {"targetRefs": service_target(intent), "tcpKeepalive": keepalive(intent)}
    comments: dict[Path, str] = {
        ("spec", "tcpKeepalive"): "Whole seconds: parts of a second are cut off, and 0 switches keepalive off.",
    }
    if sends_pings(intent):
        spec["http2ProtocolOptions"] = {
            "connectionKeepalive": {
                "interval": format_duration(settings.ping),
                "timeout": format_duration(settings.ping_timeout),
            }
        }
        comments[("spec", "http2ProtocolOptions")] = (
            "Without appProtocol kubernetes.io/h2c (or grpc, http2) at the Service's port this is dropped in silence. "
            "The principal's --keepalive-min-interval must be clearly less than the interval."
        )
    spec["commonHttpProtocolOptions"] = {"idleTimeout": format_duration(settings.idle_timeout)}
    comments[("spec", "commonHttpProtocolOptions")] = (
        "Without appProtocol at the Service's port this would make the gateway speak HTTP/1.1, which breaks gRPC."
    )
    return policy(
        API, "BackendConfigPolicy", name=principal.name, namespace=principal.namespace, spec=spec, comments=comments
    )
