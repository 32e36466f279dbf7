"""Proxies: whether both pods get one, whether all traffic goes by it, and whether annotations are where it looks."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.linkerd.facts import (
    CONFIG,
    INJECT,
    OPAQUE_PORTS,
    RETRY,
    SKIP_INBOUND,
    SKIP_OUTBOUND,
    TIMEOUT,
    port_ranges,
)
from mesh.adapters.linkerd.lookup import annotation, meshed
from mesh.bundle import Field, Workload
from mesh.configuration.settings import Component
from mesh.findings import Finding, Level
from mesh.kubernetes.pods import runs_without
from mesh.world import Check, World

ENABLED: Final = "enabled"
INGRESS: Final = "ingress"
PROXY: Final = "linkerd-proxy"
"""The name of the proxy's container."""

VERSION: Final = "linkerd.io/proxy-version"
"""Annotation that the injector writes into pods that got a proxy."""

NOT_INJECTED: Final = (
    "Look at the injector (linkerd check, kubectl get mutatingwebhookconfigurations), and make the pod anew: proxies "
    "come with its creation."
)


def injected(world: World) -> Iterator[Finding]:
    """MT1205: pods without a proxy, or with one that routes otherwise."""
    for component, workload in meshed(world):
        place = annotation(world, workload, INJECT)
        if place is None:
            if not _is_rule_of_another_mesh(world, workload):
                yield _uninjected(world, component, workload)
        elif place.text == INGRESS and component.side == "agent":
            message = f"{INJECT} is ingress for {component}: its proxy routes by headers that an agent does not send."
            yield place.finding("MT1205", message)
        elif place.text not in {ENABLED, INGRESS}:
            yield place.finding("MT1205", f"{INJECT} is {place.shown} for {component}.")
        elif runs_without(workload, PROXY) and VERSION not in workload.annotations:
            message = f"{component} asks for a proxy and runs without one: nothing has injected it."
            yield place.finding("MT1205", message, remedy=NOT_INJECTED)


def _is_rule_of_another_mesh(world: World, workload: Workload) -> bool:
    """Whether nothing says that these pods are Linkerd's: no intent, and no other pod of the manifests asks for it."""
    return world.wiring is None and not world.once(_is_asked_for) and INJECT not in workload.labels


def _is_asked_for(world: World) -> bool:
    return any(INJECT in each.annotations for each in world.workloads)


def _uninjected(world: World, component: Component, workload: Workload) -> Finding:
    labels = workload.pod.at("metadata", "labels", INJECT)
    if labels.exists:
        return labels.finding("MT1205", f"{INJECT} is a label for {component}, and Linkerd reads the annotation.")
    known = world.bundle.get("", "Namespace", namespace="", name=workload.namespace) is not None
    place = workload.pod.at("metadata", "annotations", INJECT)
    message = f"Nothing asks for a proxy for {component}: neither its pods nor their namespace have {INJECT}."
    # The namespace may have the annotation in the cluster.
    return place.finding("MT1205", message, level=None if known else Level.WARNING)


def skipped(world: World) -> Iterator[Finding]:
    """MT1204: ports that go past the proxy."""
    for component, workload in meshed(world):
        is_principal = component.side == "principal"
        place = annotation(world, workload, SKIP_INBOUND if is_principal else SKIP_OUTBOUND)
        ranges = port_ranges(place.text) if place is not None else None
        for port in _ports(world, component):
            if place is not None and ranges is not None and any(low <= port <= high for low, high in ranges):
                name = place.path[-1]
                message = f"{name} is {place.shown}: port {port} of {component} goes past the proxy, without mTLS."
                yield place.finding("MT1204", message)


def _ports(world: World, component: Component) -> list[int]:
    """The ports that matter: where the principal listens; what an agent dials, and where that leads in the pod."""
    if component.side == "principal":
        own = component.get("listen-port").port
        return [] if own is None else [own]
    dialled = component.get("server-port").port
    behind = {each.get("listen-port").port for each in world.principals}
    return sorted({each for each in (dialled, *behind) if each is not None})


def misplaced(world: World) -> Iterator[Finding]:
    """MT1206: annotations where Linkerd does not look."""
    for workload in world.workloads:
        if workload.item.kind != "Pod":
            above = workload.item.at("metadata", "annotations")
            for name, place in above.entries():
                if name == INJECT or name.startswith(CONFIG):
                    message = f"{name} is on {workload.item.ref} itself, where Linkerd does not look."
                    remedy = "Write it into spec.template.metadata.annotations."
                    yield place.finding("MT1206", message, remedy=remedy)
        yield from _foreign(workload.pod.at("metadata", "annotations"), (TIMEOUT, RETRY), "pods", "the Service")
    for service in world.bundle.of("", "Service"):
        for name, place in service.at("metadata", "annotations").entries():
            if name == INJECT or (name.startswith(CONFIG) and name != OPAQUE_PORTS):
                message = f"{name} is on {service.ref}, and Linkerd reads it of pods and namespaces."
                yield place.finding("MT1206", message)


def _foreign(annotations: Field, prefixes: tuple[str, ...], where: str, right: str) -> Iterator[Finding]:
    for name, place in annotations.entries():
        if name.startswith(prefixes):
            yield place.finding("MT1206", f"{name} is on {where}, and Linkerd reads it of {right} or a route.")


CHECKS: Final[tuple[Check, ...]] = (injected, skipped, misplaced)
"""The checks of this file."""
