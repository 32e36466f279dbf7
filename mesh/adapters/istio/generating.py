"""Istio's objects for an intent."""

from collections.abc import Mapping
from typing import Any, Final

from mesh.adapters.base import Generated
from mesh.adapters.common.objects import shared_objects
from mesh.adapters.common.pings import may_ping
from mesh.adapters.istio.facts import (
    ENVOY_LISTENER_KEEPALIVE,
    HTTP2_KEEPALIVE,
    INBOUND_LISTENER,
    INJECT,
    NETWORKING,
    SECURITY,
    XFCC,
    envoy_of,
)
from mesh.adapters.writing import Path
from mesh.durations import SECOND
from mesh.intent import Gateway, Intent
from mesh.socketopts import keepalive_options
from mesh.wiring import Wiring, agents_may_call, dialled

LOOPBACK: Final = {"127.0.0.1": "127.0.0.1", "::1": "[::1]"}
"""Loopback addresses as a Sidecar's defaultEndpoint has them."""


def wiring(intent: Intent) -> Wiring:
    """What Istio needs of the objects that every mesh has."""
    address, port = dialled(intent)
    inject = {INJECT: "true"}
    identity = {"own-identity": principal_identity(intent)}
    if intent.gateways:
        identity["trusted-gateway"] = ",".join(gateway_identity(intent, each) for each in intent.gateways)
    return Wiring(
        auth=f"identity:{XFCC}:{intent.agents.spiffe_id('{agent}')}",
        listen_host=intent.principal.listen_host,
        server_address=address,
        server_port=port,
        app_protocol="grpc",
        principal_labels=inject,
        agent_labels=inject,
        extra_principal=identity,
        callers=((intent.gateways[-1].namespace, {}),) if intent.gateways else agents_may_call(intent),
    )


def generate(intent: Intent) -> list[Generated]:
    """All objects of `intent`, in the order in which they may be applied."""
    return [
        *shared_objects(intent, wiring(intent)),
        peer_authentication(intent),
        authorization_policy(intent),
        *([sidecar(intent)] if intent.principal.listen_host in LOOPBACK else []),
        destination_rule(intent),
        *([envoy_filter(intent)] if intent.keepalive.downstream else []),
    ]


def destination_rule(intent: Intent) -> Generated:
    """How agents' sidecars call the principal; parts of it hold for the principal's own sidecar as well."""
    principal, keepalive = intent.principal, intent.keepalive
    tcp: dict[str, Any] = {
        "tcpKeepalive": {
            "time": _seconds(keepalive.tcp.time),
            "interval": _seconds(keepalive.tcp.interval),
            "probes": keepalive.tcp.probes,
        }
    }
    pool: dict[str, Any] = {"tcp": tcp}
    comments: dict[Path, str] = {
        (): "For the clients of this cluster's istiod. Agents in another cluster need the same rule there, with a "
        "ServiceEntry (location: MESH_INTERNAL) for the host.",
        (*_TCP, "tcpKeepalive"): "What the kernel asks of a silent peer. It notices a peer that is gone; no timer of a "
        "proxy is reset by it.",
        ("spec", "trafficPolicy", "tls", "subjectAltNames"): "Only who runs as the principal's service account is "
        "taken for the principal.",
    }
    if keepalive.idle_timeout:
        pool["http"] = {"idleTimeout": _seconds(keepalive.idle_timeout)}
        comments[(*_HTTP, "idleTimeout")] = (
            "Counts only while no request is active. An open Subscribe stream is an active request, so this never "
            "ends one; 1h is the default, and less than that only closes unused connections sooner."
        )
    else:
        tcp["idleTimeout"] = "0s"
        comments[(*_TCP, "idleTimeout")] = (
            "Never: http.idleTimeout does not take 0s, and falls back on this one (Istio 1.21 and later)."
        )
    if sends_pings(intent):
        pool.setdefault("http", {})["http2KeepAlive"] = {
            "interval": _seconds(keepalive.ping),
            "timeout": _seconds(keepalive.ping_timeout),
        }
        comments[(*_HTTP, "http2KeepAlive")] = (
            "The principal's own sidecar sends these too, to the principal: its --keepalive-min-interval must be "
            "clearly less, or it ends the connection for too many pings."
        )
    policy = {
        "tls": {"mode": "ISTIO_MUTUAL", "subjectAltNames": [principal_identity(intent)]},
        "connectionPool": pool,
    }
    spec = {"host": principal.host, "trafficPolicy": policy}
    return _object(intent, NETWORKING, "v1", "DestinationRule", spec, comments)


_POOL: Final = ("spec", "trafficPolicy", "connectionPool")
_TCP: Final = (*_POOL, "tcp")
_HTTP: Final = (*_POOL, "http")


def sends_pings(intent: Intent) -> bool:
    """Whether the DestinationRule has http2KeepAlive: this release knows it, and the principal lets it."""
    return intent.mesh.istio >= HTTP2_KEEPALIVE and may_ping(intent)


def principal_identity(intent: Intent) -> str:
    """The principal's SPIFFE ID."""
    principal = intent.principal
    return f"spiffe://{intent.agents.trust_domain}/ns/{principal.namespace}/sa/{principal.service_account}"


def gateway_identity(intent: Intent, gateway: Gateway) -> str:
    """The SPIFFE ID of a gateway that is part of the mesh."""
    return f"spiffe://{intent.agents.trust_domain}/ns/{gateway.namespace}/sa/{gateway.identity}"


def callers(intent: Intent) -> list[str]:
    """Who calls the principal, as an AuthorizationPolicy has it: SPIFFE IDs without their scheme."""
    agents = intent.agents
    if intent.gateways:
        return [gateway_identity(intent, intent.gateways[-1]).removeprefix("spiffe://")]
    return [agents.spiffe_id(name).removeprefix("spiffe://") for name in agents.names or ("*",)]


def peer_authentication(intent: Intent) -> Generated:
    """Mutual TLS for the principal's pods, and for no others."""
    spec = {"selector": {"matchLabels": dict(intent.principal.labels)}, "mtls": {"mode": "STRICT"}}
    comments: dict[Path, str] = {
        ("spec", "selector"): "The principal alone. For the whole namespace this would cut off Argo CD's own pods that "
        "have no sidecar from the principal's Redis and resource proxies."
    }
    return _object(intent, SECURITY, "v1", "PeerAuthentication", spec, comments)


def authorization_policy(intent: Intent) -> Generated:
    """Who may call the principal: the agents, by name."""
    spec = {
        "selector": {"matchLabels": dict(intent.principal.labels)},
        "action": "ALLOW",
        "rules": [
            {
                "from": [{"source": {"principals": callers(intent)}}],
                "to": [{"operation": {"ports": [str(intent.principal.port)]}}],
            }
        ],
    }
    comments: dict[Path, str] = {
        ("spec", "rules"): "Everything else that calls these pods is refused; metrics need a rule of their own.",
        ("spec", "rules", 0, "from", 0, "source", "principals"): "SPIFFE IDs without spiffe://.",
        ("spec", "rules", 0, "to", 0, "operation", "ports"): "Of the pod, not of the Service.",
    }
    return _object(intent, SECURITY, "v1", "AuthorizationPolicy", spec, comments)


def sidecar(intent: Intent) -> Generated:
    """The way from the principal's sidecar to loopback."""
    principal = intent.principal
    spec = {
        "workloadSelector": {"labels": dict(principal.labels)},
        "ingress": [
            {
                "port": {"number": principal.port, "protocol": "GRPC", "name": "grpc"},
                "defaultEndpoint": f"{LOOPBACK[principal.listen_host]}:{principal.port}",
            }
        ],
    }
    comments: dict[Path, str] = {
        ("spec", "ingress"): "Replaces all listeners that Services make for these pods. Ports that are not here are "
        "forwarded to the pod's address, still with mTLS.",
        ("spec", "ingress", 0, "defaultEndpoint"): "Without it the sidecar calls the pod's own address (since Istio "
        "1.10), where a principal on loopback does not listen.",
    }
    return _object(intent, NETWORKING, "v1", "Sidecar", spec, comments)


def envoy_filter(intent: Intent) -> Generated:
    """TCP keepalive on the connections that the principal's sidecar accepts, for which Istio has no field."""
    tcp = intent.keepalive.tcp
    value: Mapping[str, Any]
    if envoy_of(intent.mesh.istio) >= ENVOY_LISTENER_KEEPALIVE:
        value = {
            "tcp_keepalive": {
                "keepalive_time": tcp.time_seconds,
                "keepalive_interval": tcp.interval_seconds,
                "keepalive_probes": tcp.probes,
            }
        }
    else:
        options = keepalive_options(time=tcp.time_seconds, interval=tcp.interval_seconds, probes=tcp.probes)
        value = {
            "socket_options": [
                {
                    "description": each.description,
                    "level": each.option.level,
                    "name": each.option.name,
                    "int_value": each.value,
                    "state": "STATE_PREBIND",
                }
                for each in options
            ]
        }
    spec = {
        "workloadSelector": {"labels": dict(intent.principal.labels)},
        "configPatches": [
            {
                "applyTo": "LISTENER",
                "match": {"context": "SIDECAR_INBOUND", "listener": {"name": INBOUND_LISTENER}},
                "patch": {"operation": "MERGE", "value": value},
            }
        ],
    }
    comments: dict[Path, str] = {
        (): "Istio has no field for keepalive towards clients; a DestinationRule sets it towards servers only.",
    }
    if "socket_options" in value:
        comments[(*_VALUE, "socket_options")] = (
            "Linux's numbers. Set before the socket is bound: accepted sockets inherit them, while STATE_LISTENING has "
            "no effect since Envoy 1.17. From Envoy 1.37 on there is tcp_keepalive."
        )
    return _object(intent, NETWORKING, "v1alpha3", "EnvoyFilter", spec, comments)


_VALUE: Final = ("spec", "configPatches", 0, "patch", "value")


def _object(
    intent: Intent, group: str, version: str, kind: str, spec: Mapping[str, Any], comments: Mapping[Path, str]
) -> Generated:
    """An object of the principal's name, beside it."""
    principal = intent.principal
    metadata = {"name": principal.name, "namespace": principal.namespace}
    return Generated({"apiVersion": f"{group}/{version}", "kind": kind, "metadata": metadata, "spec": spec}, comments)


def _seconds(ns: int) -> str:
    """Whole seconds as Istio's JSON has durations."""
    return f"{ns // SECOND}s"
