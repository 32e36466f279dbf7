"""The way from the principal's sidecar to the principal: to the pod's address, unless a Sidecar says loopback."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.istio.guessing import is_known
from mesh.adapters.istio.lookup import networking, selecting
from mesh.adapters.istio.meshconfig import leads_to_loopback
from mesh.bundle import Field, Item
from mesh.configuration.identity import header_rule
from mesh.configuration.settings import Component
from mesh.configuration.tls import LOOPBACK
from mesh.findings import Finding, Level
from mesh.identity.header import LINKERD
from mesh.kubernetes.pods import container_port
from mesh.kubernetes.services import services_of
from mesh.world import Check, World

PROTOCOLS: Final = frozenset({"GRPC", "HTTP2"})
"""Protocols of an ingress entry on which gRPC works and a header is set."""

SHOWN_PORTS: Final = 10
"""As many ports as a message names."""

POD: Final = frozenset({"0.0.0.0", "[::]"})  # noqa: S104  # Istio's word for the pod's own address
LOCAL: Final = frozenset({"127.0.0.1", "[::1]"})
"""Hosts of a defaultEndpoint."""


def reachable(world: World) -> Iterator[Finding]:
    """MT1101 and MT1102: whether the principal is where its sidecar forwards to."""
    for principal in _principals(world):
        port = principal.get("listen-port").port
        sidecars = [each for each in _sidecars(world, principal) if list(each.at("spec", "ingress").items())]
        if port is None:
            continue
        if not sidecars and not leads_to_loopback(world.bundle):
            yield from _unguided(world, principal, port)
        for sidecar in sidecars[:1]:
            yield from _entries(principal, port, sidecar)


def _unguided(world: World, principal: Component, port: int) -> Iterator[Finding]:
    host = principal.given("listen-host")
    if host is not None and host.text in LOOPBACK:
        known = is_known(world.bundle, principal)
        istio = "Istio forwards" if known else "Istio, if that is the mesh, forwards"
        message = f"{host.said}, and no Sidecar leads there: {istio} to the pod's own address."
        endpoint = f"{'[::1]' if host.text == '::1' else '127.0.0.1'}:{port}"
        remedy = (
            "Write a Sidecar for the principal's pods with spec: {ingress: [{port: "
            f'{{number: {port}, protocol: GRPC, name: grpc}}, defaultEndpoint: "{endpoint}"}}]}}.'
        )
        yield host.place.finding("MT1101", message, remedy=remedy, level=None if known else Level.WARNING)


def _entries(principal: Component, port: int, sidecar: Item) -> Iterator[Finding]:
    ingress = sidecar.at("spec", "ingress")
    entries = [each for each in ingress.items() if each.at("port", "number").number == port]
    if not entries:
        message = f"{sidecar.ref} has no ingress entry for port {port}, where {principal} listens."
        first = next(ingress.items()).at("port", "number")
        yield first.finding("MT1102", message)
    for entry in entries[:1]:
        yield from _leads(principal, port, entry)
        protocol = entry.at("port", "protocol")
        if (protocol.text or "").upper() not in PROTOCOLS:
            message = f"The protocol of the ingress entry for port {port} is {protocol.shown}; accepted: GRPC or HTTP2."
            yield protocol.finding("MT1102", message)
        if entry.at("captureMode").text == "NONE":
            message = f"captureMode is NONE for port {port}: nothing is redirected to the sidecar."
            yield entry.at("captureMode").finding("MT1102", message)


def _leads(principal: Component, port: int, entry: Field) -> Iterator[Finding]:
    """Whether an entry's defaultEndpoint is where the principal listens."""
    endpoint, host = entry.at("defaultEndpoint"), principal.given("listen-host")
    if (endpoint.text or "").startswith("unix://"):
        return
    where, _, number = (endpoint.text or "").rpartition(":")
    is_local = where in LOCAL
    if endpoint.exists and (where not in LOCAL | POD or number != str(port)):
        message = f"defaultEndpoint is {endpoint.shown}, and {principal} listens on port {port}."
        yield endpoint.finding("MT1102", message)
    elif host is not None and host.text in LOOPBACK and not is_local:
        message = f"defaultEndpoint is {endpoint.shown}, so the pod's own address, and {host.said}."
        yield endpoint.finding("MT1102", message)
    elif host is not None and is_local and (host.pod_ip or _other_loopback(host.text, where)):
        said = "the principal binds the pod's own address" if host.pod_ip else host.said
        yield endpoint.finding("MT1102", f"defaultEndpoint is {endpoint.shown}, and {said}.")


def _other_loopback(host: str | None, where: str) -> bool:
    """Whether the principal is on the loopback address of the other address family."""
    return host in LOOPBACK and (host == "::1") != (where == "[::1]")


def everybody(world: World) -> Iterator[Finding]:
    """MT1102: Sidecars with ingress for every pod of a namespace."""
    for sidecar in networking(world, "Sidecar"):
        labels = sidecar.at("spec", "workloadSelector", "labels")
        if list(sidecar.at("spec", "ingress").items()) and not labels.mapping:
            message = f"{sidecar.ref} selects no labels, so that it replaces the ports of every pod in its namespace."
            remedy = "Write workloadSelector: {labels: {...}} with the principal's labels (labels, not matchLabels)."
            yield labels.finding("MT1102", message, remedy=remedy)


def hidden(world: World) -> Iterator[Finding]:
    """MT1103: ports of the principal's Services for which the Sidecar has no entry."""
    for principal in world.principals:
        own = {principal.get("listen-port").port}
        for sidecar in [each for each in _sidecars(world, principal) if list(each.at("spec", "ingress").items())][:1]:
            ingress = sidecar.at("spec", "ingress")
            known = own | {each.at("port", "number").number for each in ingress.items()}
            for service in services_of(world, principal):
                numbers = {container_port(world, principal, port) for port in service.at("spec", "ports").items()}
                others = sorted(filter(None, numbers - known))
                if others:
                    shown = ", ".join(map(str, others[:SHOWN_PORTS]))
                    yield ingress.finding("MT1103", f"{service.ref} leads to {shown} too, which {sidecar.ref} lacks.")


def _principals(world: World) -> Iterator[Component]:
    """Principals, without those that read another mesh's header."""
    for principal in world.principals:
        rule = header_rule(principal)
        if rule is None or rule.header != LINKERD:
            yield principal


def _sidecars(world: World, principal: Component) -> list[Item]:
    return list(selecting(networking(world, "Sidecar"), principal, "spec", "workloadSelector", "labels"))


CHECKS: Final[tuple[Check, ...]] = (reachable, everybody, hidden)
"""The checks of this file."""
