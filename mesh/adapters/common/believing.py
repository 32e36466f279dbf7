"""Gateways in pods of their own that the principal behind them refuses."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.common.gatewayapi import GROUP
from mesh.bundle import Field, Item, same_namespace
from mesh.configuration.identity import header_rule
from mesh.configuration.peers import HEADER_PEERS, attests
from mesh.configuration.settings import Component
from mesh.findings import Finding
from mesh.kubernetes.services import services_of
from mesh.world import World

ROUTES: Final = ("GRPCRoute", "HTTPRoute", "TCPRoute")
"""Kinds of the Gateway API that lead to Services."""

UPSTREAMS: Final = "gloo.solo.io"
"""The group of Gloo's Upstream, which leads to a Service as well."""

SIDECARS: Final = ("sidecar.istio.io/inject", "linkerd.io/inject")
"""Labels and annotations by which a pod asks for a sidecar."""


def refused(world: World) -> Iterator[Finding]:
    """MT1924: principals behind a gateway that believe their own pod only."""
    for principal in world.principals:
        peers = principal.given(HEADER_PEERS)
        if peers is None or (peers.is_set and (peers.text is None or peers.text != "")) or not attests(principal):
            continue
        if header_rule(principal) is None or _has_sidecar(principal):
            continue
        gateway = _gateway(world, principal)
        if gateway:
            message = f"{gateway} leads to {principal}, which believes nobody beyond its own pod."
            yield peers.place.finding("MT1924", message)


def _gateway(world: World, principal: Component) -> str:
    """What leads from a gateway's pods to the principal, in words; empty when nothing is known to."""
    if world.intent is not None:
        wanted = world.wiring is not None and HEADER_PEERS in world.wiring.extra_principal
        return "The intent's gateway" if wanted else ""
    services = services_of(world, principal)
    for item, name, namespace in _ways(world):
        if any(each.name == name and same_namespace(each.namespace, namespace) for each in services):
            return str(item.ref)
    return ""


def _ways(world: World) -> Iterator[tuple[Item, str, str]]:
    """Objects by which a gateway leads to a Service: the object, the Service's name and its namespace."""
    for route in world.bundle.of(GROUP, *ROUTES):
        for rule in route.at("spec", "rules").items():
            for backend in rule.at("backendRefs").items():
                yield route, _text(backend.at("name")), _text(backend.at("namespace")) or route.namespace
    for upstream in world.bundle.of(UPSTREAMS, "Upstream"):
        kube = upstream.at("spec", "kube")
        yield upstream, _text(kube.at("serviceName")), _text(kube.at("serviceNamespace")) or upstream.namespace


def _has_sidecar(principal: Component) -> bool:
    """Whether the principal's pod asks for a sidecar, or has another container of its own."""
    workload = principal.workload
    if workload is None:
        return True
    asked = {**workload.labels, **workload.annotations}
    wanted = any(asked.get(name) in {"true", "enabled", "ingress"} for name in SIDECARS)
    return wanted or len(list(workload.containers())) > 1


def _text(place: Field) -> str:
    return place.text or ""
