"""Gloo's objects for an intent."""

from typing import Any, Final

from mesh.adapters.base import Generated
from mesh.adapters.common.gatewayapi import XFCC, gateway_wiring, policy
from mesh.adapters.common.objects import shared_objects
from mesh.adapters.writing import Path
from mesh.intent import Intent
from mesh.socketopts import keepalive_options
from mesh.wiring import Wiring

GATEWAY: Final = "gateway.solo.io"
GLOO: Final = "gloo.solo.io"
PREBIND: Final = "STATE_PREBIND"


def wiring(intent: Intent) -> Wiring:
    """What Gloo needs of the objects that every mesh has."""
    return gateway_wiring(intent, "gloo")


def generate(intent: Intent) -> list[Generated]:
    """All objects of `intent`, in the order in which they may be applied."""
    return [*shared_objects(intent, wiring(intent)), *own_objects(intent)]


def own_objects(intent: Intent) -> list[Generated]:
    """Upstream, VirtualService, Gateway, and Helm values."""
    return [upstream(intent), virtual_service(intent), gateway(intent), helm_values(intent)]


def gateway(intent: Intent) -> Generated:
    """The listener: socket options, stream timer off, and who calls."""
    own = intent.gateway_of("gloo")
    tcp = intent.keepalive.tcp
    options = keepalive_options(time=tcp.time_seconds, interval=tcp.interval_seconds, probes=tcp.probes)
    manager = {
        "streamIdleTimeout": "0s",
        "idleTimeout": f"{intent.keepalive.idle_timeout // 10**9}s",
        "forwardClientCertDetails": "SANITIZE_SET",
        "setCurrentClientCertDetails": {"uri": True},
    }
    spec: dict[str, Any] = {
        "bindAddress": "::",
        "bindPort": own.port,
        "proxyNames": [own.name],
        "ssl": True,
        "httpGateway": {
            "virtualServices": [{"name": intent.principal.name, "namespace": own.namespace}],
            "options": {"httpConnectionManagerSettings": manager},
        },
        "options": {
            "socketOptions": [
                {
                    "description": each.description,
                    "level": each.option.level,
                    "name": each.option.name,
                    "intValue": each.value,
                    "state": PREBIND,
                }
                for each in options
            ]
        },
    }
    base = ("spec", "httpGateway", "options", "httpConnectionManagerSettings")
    comments: dict[Path, str] = {
        ("spec", "options", "socketOptions"): "Keepalive towards agents, as Linux's numbers. Set before the socket is "
        "bound: accepted sockets inherit them. Gloo has no field of its own for Envoy 1.37's tcp_keepalive.",
        (*base, "streamIdleTimeout"): "Envoy's default of 5m ends a stream on which nothing flows.",
        (*base, "forwardClientCertDetails"): f"The principal learns the agent's SPIFFE ID from {XFCC}; what the caller "
        "sent is dropped.",
    }
    return policy(
        f"{GATEWAY}/v1", "Gateway", name=f"{own.name}-agents", namespace=own.namespace, spec=spec, comments=comments
    )


def virtual_service(intent: Intent) -> Generated:
    """The way to the principal, without timers."""
    own, principal = intent.gateway_of("gloo"), intent.principal
    route = {
        "matchers": [{"prefix": "/"}],
        "routeAction": {"single": {"upstream": {"name": principal.name, "namespace": own.namespace}}},
        "options": {"timeout": "0s"},
    }
    spec = {
        "sslConfig": {"secretRef": {"name": f"{own.name}-tls", "namespace": own.namespace}},
        "virtualHost": {"domains": [own.hostname or "*"], "routes": [route]},
    }
    comments: dict[Path, str] = {
        ("spec", "sslConfig"): "A Secret that you provide, with tls.crt, tls.key and ca.crt: with ca.crt, agents must "
        "show a certificate of that authority.",
        ("spec", "virtualHost", "routes", 0, "options"): "Envoy's default is 15s.",
    }
    return policy(
        f"{GATEWAY}/v1", "VirtualService", name=principal.name, namespace=own.namespace, spec=spec, comments=comments
    )


def upstream(intent: Intent) -> Generated:
    """Towards the principal."""
    own, principal, tcp = intent.gateway_of("gloo"), intent.principal, intent.keepalive.tcp
    spec: dict[str, Any] = {
        "kube": {
            "serviceName": principal.name,
            "serviceNamespace": principal.namespace,
            "servicePort": principal.service_port,
        },
        "useHttp2": True,
        "connectionConfig": {
            "tcpKeepalive": {
                "keepaliveTime": f"{tcp.time_seconds}s",
                "keepaliveInterval": f"{tcp.interval_seconds}s",
                "keepaliveProbes": tcp.probes,
            }
        },
    }
    comments: dict[Path, str] = {
        ("spec", "useHttp2"): "gRPC needs HTTP/2 on every hop.",
        ("spec", "connectionConfig", "tcpKeepalive"): "Times are texts with a unit; numbers are refused. Gloo has no "
        "setting for HTTP/2 PINGs.",
    }
    return policy(f"{GLOO}/v1", "Upstream", name=principal.name, namespace=own.namespace, spec=spec, comments=comments)


VALUES: Final = "values.yaml"
"""The key of the Helm values in their ConfigMap."""


def helm_values(intent: Intent) -> Generated:
    """Values for Gloo's chart, about the proxy's connections to Gloo itself."""
    own = intent.gateway_of("gloo")
    seconds = intent.keepalive.tcp.time_seconds
    text = f"gloo:\n  gatewayProxies:\n    {own.name}:\n      tcpKeepaliveTimeSeconds: {seconds}\n"
    data = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{own.name}-helm-values", "namespace": own.namespace},
        "data": {VALUES: text},
    }
    comment = (
        "For helm upgrade --values. It holds for the chart's own static clusters (xds_cluster and the like) only: what "
        "you write into envoyStaticClusters needs upstream_connection_options of its own."
    )
    return Generated(data, {(): comment})
