"""NetworkPolicies on the way from agent to principal: in by the principal's port, out by the same, and DNS."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from mesh.allowance import READING, Allowance
from mesh.bundle import Field, Item, Names, Workload
from mesh.configuration.settings import Component
from mesh.findings import Finding, Level
from mesh.kubernetes.policies import (
    GROUP,
    Direction,
    Peer,
    peer,
    policies_of,
    rule_ports,
    rules,
    selecting,
    takes_peer,
    takes_port,
)
from mesh.world import Check, World

REDIRECTED: Final = {15001: "outbound", 15006: "inbound"}
"""Ports of Istio's redirection inside a pod."""

DNS_PORT: Final = 53
DNS: Final = "DNS (UDP port 53)"

STRANGER: Final = "somewhere-else"
"""A namespace that nobody has; who lets it in lets everybody in."""


def ingress(world: World) -> Iterator[Finding]:
    """MT1810: policies that keep everybody, or the agents, from the principal's port."""
    for principal, workload, port, names in _principals(world):
        policies = selecting(world.bundle, workload, "Ingress")
        open_rules = _open(policies, "Ingress", port, names)
        if policies and not open_rules:
            yield _closed(policies[0], principal, port)
            continue
        steps = READING * sum(rule.at("from").size for rule in open_rules)
        allowance = Allowance()
        for caller in _callers(world) if policies else []:
            if not allowance.spend(steps):
                yield from allowance.exceeded(policies[0].root, "Rules of NetworkPolicies and agents")
                break
            if not any(takes_peer(rule, "Ingress", caller, workload.namespace) for rule in open_rules):
                pods = "".join(f" with {key}: {value}" for key, value in caller.labels.items())
                message = f"The port {port} is open, but not to the pods of {caller.namespace}{pods}."
                yield open_rules[0].at("from").finding("MT1810", message)


def _closed(policy: Item, principal: Component, port: int) -> Finding:
    at = policy.at("spec", "ingress")
    first = next(at.items(), at)
    named = next(rule_ports(first), first) if first is not at else at
    return named.finding(
        "MT1810",
        f"{policy.ref} selects the pods of {principal.item.ref} and lets nobody in to port {port}.",
        remedy=f"Write ports: [{{protocol: TCP, port: {port}}}] in a rule: a NetworkPolicy sees the pod's own port.",
    )


def present(world: World) -> Iterator[Finding]:
    """MT1813: principals that no policy protects; asked only with an intent."""
    if world.intent is None:
        return
    for principal, workload, _, _ in _principals(world):
        if not selecting(world.bundle, workload, "Ingress"):
            message = f"No NetworkPolicy of type Ingress selects the pods of {principal.item.ref}."
            yield workload.item.root.finding("MT1813", message)


def narrow(world: World) -> Iterator[Finding]:
    """MT1815: policies that let in more than the callers; asked only when the callers are known."""
    if world.wiring is None or not world.wiring.callers:
        return
    for _, workload, port, names in _principals(world):
        for policy in selecting(world.bundle, workload, "Ingress"):
            if not policy.at("spec", "podSelector", "matchLabels").mapping:
                at = policy.at("spec", "podSelector")
                yield at.finding(
                    "MT1815", f"{policy.ref} selects every pod of its namespace, not only the principal's."
                )
            for rule in rules(policy, "Ingress"):
                yield from _wide(world, rule, workload.namespace, port, names)


def _wide(world: World, rule: Field, namespace: str, port: int, names: frozenset[str]) -> Iterator[Finding]:
    if not takes_port(rule, port, names):
        return
    if not all(each.at("port").exists for each in rule_ports(rule)) or not list(rule_ports(rule)):
        yield rule.at("ports").finding("MT1815", f"The rule opens every port, not only {port}.")
    bundle = world.bundle
    for member in [*rule.at("from").items()] or [rule.at("from")]:
        callers = world.wiring.callers if world.wiring is not None else ()
        strangers = [(STRANGER, labels) for _, labels in callers] + [(ns, {}) for ns, labels in callers if labels]
        for ns, labels in strangers:
            alone = Field(rule.document, rule.path, {"from": [member.value]} if member.exists else {})
            if takes_peer(alone, "Ingress", peer(bundle, ns, labels), namespace):
                who = "every namespace" if ns == STRANGER else f"every pod of {ns}"
                yield member.finding("MT1815", f"The rule opens port {port} to {who}.")
                break


def phantom(world: World) -> Iterator[Finding]:
    """MT1811: ports that exist only inside a pod, in policies of the namespaces of principals and agents."""
    namespaces = Names(("", each.item.namespace) for each in world.components if each.workload is not None)
    for policy in world.bundle.of(GROUP, "NetworkPolicy"):
        if not namespaces.has("", policy.namespace):
            continue
        for direction in _DIRECTIONS:
            for rule in rules(policy, direction):
                for port in rule_ports(rule):
                    number = port.at("port").number
                    if number in REDIRECTED:
                        message = f"Port {number} is Istio's {REDIRECTED[number]} redirection inside the pod."
                        yield port.at("port").finding("MT1811", message)


_DIRECTIONS: Final[tuple[Direction, ...]] = ("Ingress", "Egress")


def egress(world: World) -> Iterator[Finding]:
    """MT1812: policies that keep an agent from the principal, or from DNS."""
    principals = list(_principals(world))
    allowance = Allowance()
    judged: dict[tuple[int, ...], tuple[str, ...]] = {}
    for agent, policies in under(world, world.agents, "Egress", allowance):
        # Most agents are under the same policies, and what these let out is the same for all of them.
        key = tuple(id(each.document) for each in policies)
        if key not in judged:
            steps = sum(each.at("spec", "egress").size for each in policies) * (1 + len(principals))
            if not allowance.spend(READING * steps):
                yield from allowance.exceeded(policies[0].root, "NetworkPolicies and agents")
                return
            judged[key] = tuple(_kept_in(world, agent.item.namespace, policies, principals))
        for what in judged[key]:
            level = Level.WARNING if what == DNS else None
            message = f"{policies[0].ref} does not let {agent} out to {what}."
            yield policies[0].at("spec", "egress").finding("MT1812", message, level=level)
    for agent in world.agents[:1]:
        yield from allowance.exceeded(agent.home, "NetworkPolicies and agents")


def under(
    world: World, components: Sequence[Component], direction: Direction, allowance: Allowance
) -> Iterator[tuple[Component, list[Item]]]:
    """Components with the policies that hold for their pods, where there are any; ends with the allowance."""
    for component in components:
        if component.workload is None:
            continue
        policies = policies_of(world.bundle, component.workload.namespace, direction)
        if not allowance.spend(sum(each.selector.steps for each in policies)):
            return
        labels = component.workload.labels if policies else {}
        own = [each.item for each in policies if each.selector.takes(labels)]
        if own:
            yield component, own


def _kept_in(
    world: World, namespace: str, policies: Sequence[Item], principals: Sequence["_Principal"]
) -> Iterator[str]:
    """What pods of `namespace` under these policies cannot reach, in words."""
    for principal, workload, port, names in principals:
        there = peer(world.bundle, workload.namespace, workload.labels)
        open_rules = _open(policies, "Egress", port, names)
        if not any(takes_peer(rule, "Egress", there, namespace) for rule in open_rules):
            yield f"port {port} of {principal.item.ref}"
    if not _open(policies, "Egress", DNS_PORT, frozenset(), "UDP"):
        yield DNS


def _open(
    policies: Sequence[Item], direction: Direction, port: int, names: frozenset[str], protocol: str = "TCP"
) -> list[Field]:
    """The rules that are about a port."""
    return [rule for policy in policies for rule in rules(policy, direction) if takes_port(rule, port, names, protocol)]


_Principal = tuple[Component, Workload, int, frozenset[str]]


def _principals(world: World) -> Iterator[_Principal]:
    """Principals with their pods, the port where they listen, and its names in the pod."""
    for principal in world.principals:
        port = principal.get("listen-port").port
        if principal.workload is not None and port is not None:
            names = frozenset(name for name, number, _ in principal.workload.ports() if number == port)
            yield principal, principal.workload, port, names


def _callers(world: World) -> list[Peer]:
    """Who must get in: what the mesh says, else agents among the manifests that dial the principal's own Service."""
    if world.wiring is not None:
        known: list[tuple[str, Mapping[str, str]]] = list(world.wiring.callers)
    else:
        hosts = {each.name for each in world.bundle.of("", "Service")}
        known = [
            (agent.workload.namespace, agent.workload.labels)
            for agent in world.agents
            if agent.workload is not None and (agent.get("server-address").text or "").partition(".")[0] in hosts
        ]
    once = {(namespace, frozenset(labels.items())): labels for namespace, labels in known}
    return [peer(world.bundle, namespace, labels) for (namespace, _), labels in once.items()]


CHECKS: Final[tuple[Check, ...]] = (ingress, present, narrow, phantom, egress)
"""The checks of this file."""
