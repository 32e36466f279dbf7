"""The pods of principal and agents: a Deployment that the API server takes, and pods that a mesh can work with."""

from collections.abc import Iterator, Mapping
from typing import Final

from mesh.bundle import Field, Workload, label_selector_takes
from mesh.configuration.settings import Component
from mesh.findings import Finding
from mesh.world import Check, World

PROXY_UIDS: Final = {1337: "Istio's", 2102: "Linkerd's"}
"""User ids whose traffic a sidecar's redirection leaves alone."""


def selectors(world: World) -> Iterator[Finding]:
    """MT1801 and MT1802: Deployments that the API server refuses for their selectors."""
    for workload in _workloads(world):
        if workload.item.kind == "Pod":
            continue
        selector = workload.item.at("spec", "selector")
        if not selector.exists:
            labels = ", ".join(f"{key}: {value}" for key, value in list(workload.labels.items())[:1])
            remedy = f"Write spec: {{selector: {{matchLabels: {{{labels}}}}}}}." if labels else ""
            yield selector.finding("MT1801", f"{workload.item.ref} has no spec.selector.", remedy=remedy)
        elif not selector.at("matchLabels").mapping and not list(selector.at("matchExpressions").items()):
            yield selector.finding("MT1801", f"{workload.item.ref} has a selector that selects by nothing.")
        elif not label_selector_takes(selector, workload.labels):
            message = f"{workload.item.ref} selects pods that its own template does not make."
            yield selector.finding("MT1802", message)


def service_links(world: World) -> Iterator[Finding]:
    """MT1808: pods that get variables for every Service."""
    for workload in _workloads(world):
        links = workload.pod.at("spec", "enableServiceLinks")
        if links.boolean is not False:
            yield links.finding("MT1808", f"enableServiceLinks is {links.shown} in {workload.item.ref}.")


def users(world: World) -> Iterator[Finding]:
    """MT1809 and MT1817: applications that run as the proxy's user, or as another than the intent's."""
    for component in world.components:
        if component.workload is None:
            continue
        own, pods = component.home.at(*_USER), component.workload.pod.at("spec", *_USER)
        uid = own if own.exists else pods
        if uid.number in PROXY_UIDS:
            whose = PROXY_UIDS[uid.number]
            yield uid.finding("MT1809", f"{component} runs as user {uid.number}, which is {whose} proxy.")
        elif world.intent is not None:
            wanted = world.intent.principal.uid if component.side == "principal" else world.intent.agents.uid
            if uid.number != wanted:
                message = f"runAsUser is {uid.shown} for {component}; the intent has {wanted}."
                yield uid.finding("MT1817", message)


_USER: Final = ("securityContext", "runAsUser")


def host_network(world: World) -> Iterator[Finding]:
    """MT1818: pods in the host's network."""
    for workload in _workloads(world):
        host = workload.pod.at("spec", "hostNetwork")
        if host.boolean:
            yield host.finding("MT1818", f"{workload.item.ref} is in the host's network.")


def _workloads(world: World) -> list[Workload]:
    """What makes principals' and agents' pods, each once."""
    found = {id(each.item.document): each.workload for each in world.components if each.workload is not None}
    return list(found.values())


def runs_without(workload: Workload, name: str) -> bool:
    """Whether this is a pod that runs, as a cluster tells it, and has no container `name`."""
    containers = (*workload.containers(), *workload.pod.at("spec", "initContainers").items())
    return workload.pod.at("status").exists and all(each.at("name").text != name for each in containers)


def container_port(world: World, principal: Component, port: Field) -> int | None:
    """The number to which a Service's port leads in a principal's pod; None when it leads to no declared port."""
    if principal.workload is None:
        return None
    target = port.at("targetPort")
    if not target.exists:
        return port.at("port").number
    if target.number is not None:
        return target.number
    return world.once(_named_ports).get(id(principal), {}).get(target.text or "")


def _named_ports(world: World) -> Mapping[int, Mapping[str, int]]:
    """For each principal the ports of its pod by their names; of several with one name the first."""
    running = [(each, each.workload) for each in world.principals if each.workload is not None]
    return {
        id(each): {name: number for name, number, _ in reversed([*workload.ports()]) if name}
        for each, workload in running
    }


CHECKS: Final[tuple[Check, ...]] = (selectors, service_links, users, host_network)
"""The checks of this file."""
