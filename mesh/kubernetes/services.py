"""The way by a Service: from the port that agents dial to the port where the principal listens."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from mesh.bundle import Field, Item, same_namespace, selects, split_host
from mesh.configuration.settings import Component
from mesh.findings import Finding, Level, ObjectRef, missing
from mesh.kubernetes.pods import container_port
from mesh.world import Check, World

STOCK_LABELS: Final = {"app.kubernetes.io/name": "argocd-agent-principal"}
"""The selector of argocd-agent's own Service."""

STOCK_NAME: Final = "argocd-agent-principal"
SHOWN_PORTS: Final = 10
"""As many ports as a message names."""

STOCK_PORT: Final = 443
"""Its name, and its only port for agents; it leads to 8443."""


def services_of(world: World, component: Component) -> Sequence[Item]:
    """Services that select the pods of a principal."""
    return world.once(_services).get(id(component), ())


def _services(world: World) -> Mapping[int, Sequence[Item]]:
    """For each principal the Services that select its pods."""
    services = [each for each in world.bundle.of("", "Service") if each.at("spec", "selector").mapping]
    found: dict[int, Sequence[Item]] = {}
    for principal in world.principals:
        workload = principal.workload
        labels = workload.labels if workload is not None else {}
        found[id(principal)] = [
            service
            for service in services
            if workload is not None
            and same_namespace(service.namespace, workload.namespace)
            and selects(service.at("spec", "selector").mapping, labels)
        ]
    return found


def principal_services(world: World) -> Sequence[Item]:
    """Services that lead to a principal: by its labels, or by the name that the intent or argocd-agent gives it."""
    return world.once(_principal_services)


def _principal_services(world: World) -> Sequence[Item]:
    found = [service for principal in world.principals for service in services_of(world, principal)]
    found += [service for service in world.bundle.of("", "Service") if _is_named(world, service)]
    return list({id(each.document): each for each in found}.values())


def _is_named(world: World, service: Item) -> bool:
    if world.intent is None:
        return service.name == STOCK_NAME
    principal = world.intent.principal
    return service.name == principal.name and same_namespace(service.namespace, principal.namespace)


def principal_ports(world: World) -> Sequence[tuple[Item, Field]]:
    """The ports of Services that lead to where a principal listens; all, when its pods are not known."""
    return world.once(_principal_ports)


def _principal_ports(world: World) -> Sequence[tuple[Item, Field]]:
    behind: dict[int, list[Component]] = {}
    for principal in world.principals:
        for service in services_of(world, principal):
            behind.setdefault(id(service.document), []).append(principal)
    return [
        (service, port)
        for service in principal_services(world)
        for port in service.at("spec", "ports").items()
        if _leads(world, port, behind.get(id(service.document), []))
    ]


def _leads(world: World, port: Field, principals: list[Component]) -> bool:
    """Whether a Service's port leads to where one of the principals behind it listens; yes, when none is known."""
    numbers = {container_port(world, principal, port) for principal in principals}
    return not numbers or not numbers.isdisjoint(principal.get("listen-port").port for principal in principals)


def reached(world: World) -> Iterator[Finding]:
    """MT1803: principals to which no Service leads."""
    for principal in world.principals:
        if principal.workload is None or services_of(world, principal):
            continue
        named = [service for service in principal_services(world) if _is_named(world, service)]
        labels = principal.workload.pod.at("metadata", "labels")
        if named:
            selector = named[0].at("spec", "selector")
            wanted = ", ".join(f"{key}: {value}" for key, value in selector.strings.items()) or "nothing"
            message = f"{named[0].ref} selects {wanted}, which the pods of {principal.item.ref} do not have."
            yield selector.finding("MT1803", message)
        elif principal.is_argocd_agent and not selects(STOCK_LABELS, labels.strings):
            message = (
                f"No Service among the manifests selects the pods of {principal.item.ref}, and argocd-agent's own "
                f"selects app.kubernetes.io/name: {STOCK_NAME}."
            )
            remedy = f"Write the label app.kubernetes.io/name: {STOCK_NAME} into spec.template.metadata.labels."
            yield labels.finding("MT1803", message, remedy=remedy, level=Level.WARNING)


def targets(world: World) -> Iterator[Finding]:
    """MT1805: Services none of whose ports leads to where the principal listens."""
    for principal in world.principals:
        listening = principal.get("listen-port").port
        for service in services_of(world, principal):
            ports = list(service.at("spec", "ports").items())
            leading = [container_port(world, principal, port) for port in ports]
            if listening is None or listening in leading or not ports:
                continue
            at = ports[0].at("targetPort") if len(ports) == 1 else service.at("spec", "ports")
            leads = ", ".join("nowhere" if number is None else str(number) for number in leading[:SHOWN_PORTS])
            message = f"{service.ref} leads to {leads} in the pod, and {principal} listens on {listening}."
            yield at.finding("MT1805", message)


def dialled(world: World) -> Iterator[Finding]:
    """MT1804: agents that dial a port that the Service does not have."""
    for agent in world.agents:
        address, port = agent.given("server-address"), agent.given("server-port")
        if address is None or address.text is None or port is None or port.port is None:
            continue
        said = f"{port.name} is {port.text}" if port.is_set else f"--server-port is not set, so {port.text}"
        service = _dialled(world, address.text, agent)
        if service is not None:
            numbers = [each.at("port").number for each in service.at("spec", "ports").items()]
            if port.port not in numbers:
                has = ", ".join(map(str, filter(None, numbers[:SHOWN_PORTS]))) or "none"
                yield port.place.finding("MT1804", f"{said}, and {service.ref} has {has}.")
        elif port.port != STOCK_PORT and _runs_argocd_agent(world, agent, address.text):
            message = f"{said}, and argocd-agent's own Service has {STOCK_PORT} only."
            yield port.place.finding("MT1804", message, level=Level.INFO)


def _dialled(world: World, address: str, agent: Component) -> Item | None:
    """The Service that an agent dials, by any of the names under which it can."""
    name, namespace = split_host(address, agent.item.namespace)
    found = world.bundle.nearest("", "Service", namespace=namespace, name=name)
    return found if found is not None and same_namespace(found.namespace, namespace) else None


def _runs_argocd_agent(world: World, agent: Component, address: str) -> bool:
    """Whether `address` looks like argocd-agent's own Service, and nothing says that it is another."""
    stock = address.partition(".")[0] == STOCK_NAME
    return stock and world.intent is None and (agent.is_argocd_agent or not agent.complete)


def intended(world: World) -> Iterator[Finding]:
    """MT1816 and MT1817: the Service that the intent speaks of, and its port."""
    if world.intent is None:
        return
    principal = world.intent.principal
    services = [each for each in principal_services(world) if _is_named(world, each)]
    if not services:
        message = f"The Service {principal.name}, which agents dial, is not among the manifests."
        yield missing("MT1816", ObjectRef("v1", "Service", principal.namespace, principal.name), message)
    for service in services:
        ports = service.at("spec", "ports")
        if principal.service_port not in [each.at("port").number for each in ports.items()]:
            first = next(ports.items(), ports)
            at = first.at("port") if first is not ports else ports
            yield at.finding("MT1817", f"{service.ref} does not have the port {principal.service_port} of the intent.")


CHECKS: Final[tuple[Check, ...]] = (reached, targets, dialled, intended)
"""The checks of this file."""
