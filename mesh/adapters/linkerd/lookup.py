"""Linkerd's objects as the checks look them up: which hold for the principal, and where its Service is spoken of."""

from collections.abc import Iterator, Sequence
from typing import Final

from mesh.adapters.linkerd.facts import CLIENT_ID, GATEWAY_API, INJECT, POLICY, PROFILES, SERVED
from mesh.bundle import Field, Item, Names, Selector, Workload, same_namespace, service_names
from mesh.configuration.identity import header_rule, method
from mesh.configuration.settings import Component
from mesh.kubernetes.services import principal_services
from mesh.world import World

MESHED: frozenset[str] = frozenset({"header", "identity"})
"""Methods of authentication that rely on a header of the mesh."""

MAX_LABELS: Final = 20
"""Parts of a Service's whole name that are looked at; with a cluster's domain it has five or six."""


def policies(world: World, kind: str) -> list[Item]:
    """Objects of a kind of policy.linkerd.io that the control plane reads."""
    return world.bundle.of(POLICY, kind, versions=SERVED[kind])


def meshed(world: World) -> Iterator[tuple[Component, Workload]]:
    """Principals and agents with pods that rely on the mesh to say who they are."""
    for component in world.components:
        setting = component.given("auth" if component.side == "principal" else "creds")
        if component.workload is not None and method(setting) in MESHED:
            yield component, component.workload


def is_ours(world: World, principal: Component) -> bool:
    """Whether the principal is in this mesh: it reads the header, its pods ask for the proxy, or the intent says so."""
    if world.wiring is not None:
        return True
    rule = header_rule(principal)
    if rule is not None and rule.header == CLIENT_ID:
        return True
    return principal.workload is not None and INJECT in principal.workload.annotations


def annotation(world: World, workload: Workload, name: str) -> Field | None:
    """Where an annotation is written that holds for the pods: on themselves, else on their namespace; None: nowhere."""
    own = workload.pod.at("metadata", "annotations", name)
    if own.exists:
        return own
    namespace = world.bundle.get("", "Namespace", namespace="", name=workload.namespace)
    around = namespace.at("metadata", "annotations", name) if namespace is not None else own
    return around if around.exists else None


def listening(principal: Component) -> tuple[int | None, frozenset[str]]:
    """The port where the principal listens, and what it is called in the pod."""
    port = principal.get("listen-port").port
    found = principal.workload.ports() if principal.workload is not None else ()
    return port, frozenset(name for name, number, _ in found if number == port and name)


def selecting(world: World, principal: Component) -> list[Item]:
    """The Servers that select the principal's pods, whatever their port."""
    workload = principal.workload
    if workload is None:
        return []
    labels = workload.labels
    return [
        server
        for server, selector in world.once(_servers)
        if same_namespace(server.namespace, workload.namespace) and selector.takes(labels)
    ]


def _servers(world: World) -> Sequence[tuple[Item, Selector]]:
    """Every Server, its selector read."""
    return [(each, Selector.of(each.at("spec", "podSelector"))) for each in policies(world, "Server")]


def holding(world: World, principal: Component) -> list[Item]:
    """The Servers that are about the principal's port."""
    number, names = listening(principal)
    ports = [(server, server.at("spec", "port")) for server in selecting(world, principal)]
    return [server for server, port in ports if number is not None and (port.number == number or port.text in names)]


def routes(world: World) -> Iterator[Item]:
    """HTTPRoutes and GRPCRoutes for a principal's Service."""
    services = Names((each.name, each.namespace) for each in principal_services(world))
    for item in (
        *world.bundle.of(POLICY, "HTTPRoute", "GRPCRoute"),
        *world.bundle.of(GATEWAY_API, "HTTPRoute", "GRPCRoute"),
    ):
        if any(_is_parent(item, parent, services) for parent in item.at("spec", "parentRefs").items()):
            yield item


def _is_parent(route: Item, parent: Field, services: Names) -> bool:
    namespace = parent.at("namespace").text or route.namespace
    return parent.at("kind").text == "Service" and services.has(parent.at("name").text or "", namespace)


def profiles(world: World) -> Iterator[Item]:
    """ServiceProfiles of a principal's Service: they are called by its whole name."""
    names = {
        name
        for service in principal_services(world)
        for name in service_names(service.name, service.namespace, seen_from="")
    }
    if world.intent is not None:
        names.add(world.intent.principal.host)
    dialled = {agent.get("server-address").text for agent in world.agents} if not names else set()
    dialled -= {"", None}
    for item in world.bundle.of(PROFILES, "ServiceProfile", versions=SERVED["ServiceProfile"]):
        if item.name in names or any(each in dialled for each in _beginnings(item.name)):
            yield item


def _beginnings(name: str) -> Iterator[str]:
    """A whole name and what can be dialled for short: `a.b`, and `a`."""
    labels = name.split(".")[:MAX_LABELS]
    return (".".join(labels[:count]) for count in range(1, len(labels) + 1))
