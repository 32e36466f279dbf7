"""Sidecars: whether both pods get one, whether all traffic goes by it, and whether it vouches for the header."""

from collections.abc import Iterator, Mapping
from typing import Final

from mesh.adapters.istio.facts import (
    DATAPLANE,
    INJECT,
    INJECTION,
    INTERCEPTION,
    PROXY_CONFIG,
    REVISION,
    STATUS,
    TRAFFIC,
    XFCC,
)
from mesh.allowance import READING, Allowance
from mesh.bundle import Field, Workload
from mesh.configuration.identity import header_rule
from mesh.configuration.settings import Component
from mesh.findings import Finding, Level
from mesh.kubernetes.networkpolicies import under
from mesh.kubernetes.pods import runs_without
from mesh.kubernetes.policies import rules, takes_port
from mesh.manifests import read_documents
from mesh.world import Check, World

VOUCHING: Final = frozenset({"SANITIZE_SET", "APPEND_FORWARD"})
"""Modes in which the sidecar writes who called."""

PROXY: Final = "istio-proxy"
"""The name of the sidecar's container."""

ASKING: Final = frozenset({"", "y", "yes", "true", "on"})
"""What the deprecated annotation may be to leave injection on; anything else switches it off."""

NOT_INJECTED: Final = (
    "Look at the injector (kubectl get mutatingwebhookconfigurations, istioctl analyze) and at the revision that the "
    "pod or its namespace asks for, and make the pod anew: sidecars come with its creation."
)


ISTIOD_PORT: Final = 15012
"""Where sidecars get their configuration and certificates."""


def injected(world: World) -> Iterator[Finding]:
    """MT1114 and MT1116: pods without a sidecar."""
    for component, workload in _meshed(world):
        labels = workload.pod.at("metadata", "labels")
        place = labels.at(INJECT)
        namespace = world.bundle.get("", "Namespace", namespace="", name=workload.namespace)
        around = namespace.labels if namespace is not None else {}
        if labels.at(DATAPLANE).text == "ambient" or (
            around.get(DATAPLANE) == "ambient" and place.text != "true" and labels.at(DATAPLANE).text != "none"
        ):
            yield labels.at(DATAPLANE).finding("MT1116", f"{component} is in ambient mode, and has no sidecar.")
        elif STATUS in workload.annotations:
            continue
        elif place.text == "true" or REVISION in labels.mapping:
            if runs_without(workload, PROXY):
                message = f"{component} asks for a sidecar and runs without one: nothing has injected it."
                yield place.finding("MT1114", message, remedy=NOT_INJECTED)
        elif place.exists:
            yield place.finding("MT1114", f"{INJECT} is {place.shown} for {component}.")
        elif workload.annotations.get(INJECT, "true").lower() not in ASKING:
            at = workload.pod.at("metadata", "annotations", INJECT)
            yield at.finding("MT1114", f"{INJECT} is {at.shown} for {component}.")
        elif not (around.get(INJECTION) == "enabled" or REVISION in around):
            yield _uninjected(component, workload, known=namespace is not None)


def _uninjected(component: Component, workload: Workload, *, known: bool) -> Finding:
    place = workload.pod.at("metadata", "labels", INJECT)
    if INJECT in workload.annotations:
        at = workload.pod.at("metadata", "annotations", INJECT)
        message = f"{INJECT} is an annotation for {component}, which is deprecated: it is a label."
        return at.finding("MT1114", message, level=Level.WARNING)
    message = f"Nothing asks for a sidecar for {component}: the pods have no label {INJECT}."
    # The namespace may have the label in the cluster.
    return place.finding("MT1114", message, level=None if known else Level.WARNING)


def bypassed(world: World) -> Iterator[Finding]:
    """MT1115: ports that are not redirected to the sidecar."""
    for component, workload in _meshed(world):
        annotations = workload.pod.at("metadata", "annotations")
        is_principal = component.side == "principal"
        port = component.get("listen-port" if is_principal else "server-port").port
        way = "Inbound" if is_principal else "Outbound"
        excluded, included = (
            annotations.at(f"{TRAFFIC}exclude{way}Ports"),
            annotations.at(f"{TRAFFIC}include{way}Ports"),
        )
        if port is not None and _lists(excluded, port):
            message = f"{excluded.path[-1]} is {excluded.shown}: port {port} of {component} goes past the sidecar."
            yield excluded.finding("MT1115", message)
        if port is not None and included.exists and included.text != "*" and not _lists(included, port):
            message = f"{included.path[-1]} is {included.shown}: port {port} of {component} goes past the sidecar."
            yield included.finding("MT1115", message)
        if annotations.at(INTERCEPTION).text == "NONE":
            message = f"{INTERCEPTION} is NONE: nothing of {component} goes by the sidecar."
            yield annotations.at(INTERCEPTION).finding("MT1115", message)


def _lists(place: Field, port: int) -> bool:
    """Whether an annotation's list of ports (`8443,9000-9010`) has `port`."""
    for part in (place.text or "").split(","):
        first, dash, last = part.strip().partition("-")
        bounds = [each for each in (first, last if dash else first) if each.isascii() and each.isdecimal()]
        if len(bounds) == 2 and max(map(len, bounds)) <= 5 and int(bounds[0]) <= port <= int(bounds[1]):
            return True
    return False


def vouched(world: World) -> Iterator[Finding]:
    """MT1122: sidecars that are set not to write who called."""
    for component, workload in _meshed(world):
        place = workload.pod.at("metadata", "annotations", PROXY_CONFIG)
        if component.side != "principal" or place.text is None:
            continue
        manifests, _ = read_documents(place.text, place.document.source)
        for manifest in manifests[:1]:
            config = Field.root(manifest)
            mode = config.at("proxyHeaders", "forwardedClientCert")
            if mode.exists and mode.text not in VOUCHING:
                yield place.finding("MT1122", f"forwardedClientCert is {mode.shown} for {component}.")
            if config.at("gatewayTopology").exists:
                message = f"gatewayTopology holds for gateways only, and {component} has a sidecar: it is proxyHeaders."
                yield place.finding("MT1119", message)


def guided(world: World) -> Iterator[Finding]:
    """MT1812: agents whose sidecars cannot reach istiod."""
    allowance = Allowance()
    opened: dict[tuple[int, ...], bool] = {}
    for agent, own in under(world, world.agents, "Egress", allowance):
        key = tuple(id(each.document) for each in own)
        if key not in opened:
            if not allowance.spend(READING * sum(each.at("spec", "egress").size for each in own)):
                break
            opened[key] = any(takes_port(each, ISTIOD_PORT) for policy in own for each in rules(policy, "Egress"))
        if not opened[key]:
            message = f"{own[0].ref} does not let the sidecar of {agent} out to istiod (port {ISTIOD_PORT})."
            yield own[0].at("spec", "egress").finding("MT1812", message, level=Level.WARNING)
    for agent in world.agents[:1]:
        yield from allowance.exceeded(agent.home, "NetworkPolicies and agents")


def header(world: World) -> Iterator[Finding]:
    """MT1123: identity rules on another header, in a pod with a sidecar of Istio's."""
    for component in world.principals:
        rule = header_rule(component)
        if rule is None or rule.header == XFCC or component.workload is None:
            continue
        if world.wiring is not None or component.workload.labels.get(INJECT) == "true":
            auth = component.get("auth")
            yield auth.place.finding("MT1123", f"{auth.name} reads {rule.header}, and Istio sets {XFCC}.")


def _meshed(world: World) -> Iterator[tuple[Component, Workload]]:
    """Principals and agents that are meant to be in the mesh: they read, or rely on, an identity header."""
    for component in world.components:
        name = "auth" if component.side == "principal" else "creds"
        setting = component.given(name)
        words: Mapping[str, bool] = {"header": True, "identity": True}
        if component.workload is not None and setting is not None:
            method = (setting.text or "").partition(":")[0]
            if words.get(method) or INJECT in component.workload.labels:
                yield component, component.workload


CHECKS: Final[tuple[Check, ...]] = (injected, bypassed, vouched, guided, header)
"""The checks of this file."""
