"""Linkerd's objects as the checks look them up: which hold for the principal, and where its Service is spoken of."""

from collections.abc import Iterator, Sequence

from mesh.adapters.linkerd.facts import CLIENT_ID, GATEWAY_API, INJECT, POLICY, PROFILES, SERVED
from mesh.bundle import Field, Item, Workload, label_selector_takes, same_namespace, service_names
from mesh.configuration.identity import header_rule, method
from mesh.configuration.settings import Component
from mesh.kubernetes.services import principal_services
from mesh.world import World

MESHED: frozenset[str] = frozenset({"header", "identity"})
"""Methods of authentication that rely on a header of the mesh."""


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
    return [
        server
        for server in policies(world, "Server")
        if same_namespace(server.namespace, workload.namespace)
        and label_selector_takes(server.at("spec", "podSelector"), workload.labels)
    ]


def holding(world: World, principal: Component) -> list[Item]:
    """The Servers that are about the principal's port."""
    number, names = listening(principal)
    ports = [(server, server.at("spec", "port")) for server in selecting(world, principal)]
    return [server for server, port in ports if number is not None and (port.number == number or port.text in names)]


def routes(world: World) -> Iterator[Item]:
    """HTTPRoutes and GRPCRoutes for a principal's Service."""
    services = principal_services(world)
    for item in (
        *world.bundle.of(POLICY, "HTTPRoute", "GRPCRoute"),
        *world.bundle.of(GATEWAY_API, "HTTPRoute", "GRPCRoute"),
    ):
        if any(_is_parent(item, parent, services) for parent in item.at("spec", "parentRefs").items()):
            yield item


def _is_parent(route: Item, parent: Field, services: Sequence[Item]) -> bool:
    if parent.at("kind").text != "Service":
        return False
    namespace = parent.at("namespace").text or route.namespace
    name = parent.at("name").text
    return any(each.name == name and same_namespace(each.namespace, namespace) for each in services)


def profiles(world: World) -> Iterator[Item]:
    """ServiceProfiles of a principal's Service: they are called by its whole name."""
    names = {
        name
        for service in principal_services(world)
        for name in service_names(service.name, service.namespace, seen_from="")
    }
    if world.intent is not None:
        names.add(world.intent.principal.host)
    for item in world.bundle.of(PROFILES, "ServiceProfile", versions=SERVED["ServiceProfile"]):
        if item.name in names or (not names and any(_dials(each, item.name) for each in world.agents)):
            yield item


def _dials(agent: Component, name: str) -> bool:
    address = agent.get("server-address").text
    return bool(address) and (name == address or name.startswith(f"{address}."))
