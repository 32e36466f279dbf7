"""Principals that believe headers from beyond their pod: what stands between their port and everybody else.

The kernel does not vouch for such peers, so a NetworkPolicy has to say that only the gateway's pods reach the port; and
nothing may lead callers there from outside the cluster, whose addresses the nodes replace by their own.
"""

import ipaddress
from collections.abc import Iterator
from typing import Final

from mesh.bundle import Field, Workload
from mesh.configuration.peers import header_peers
from mesh.configuration.settings import Component
from mesh.findings import Finding, Level
from mesh.kubernetes.policies import rules, selecting, takes_port
from mesh.kubernetes.services import services_of
from mesh.networks import MAX_TEXT, Network, within
from mesh.world import Check, World

OUTSIDE: Final = frozenset({"NodePort", "LoadBalancer"})
"""Types of Services to which callers from outside the cluster come."""


def guarded(world: World) -> Iterator[Finding]:
    """MT1820: ports that others than the gateway reach, from where a header is believed."""
    for principal, workload, believed in _believing(world):
        policies = selecting(world.bundle, workload, "Ingress")
        if not policies:
            place = principal.get("header-peers").place
            message = f"No NetworkPolicy of type Ingress selects the pods of {principal.item.ref}."
            # The policy may be kept somewhere else.
            yield place.finding("MT1820", message, level=None if world.intent is not None else Level.WARNING)
        port = principal.get("listen-port").port
        names = frozenset(name for name, number, _ in workload.ports() if number == port)
        for policy in policies:
            for rule in rules(policy, "Ingress"):
                if port is not None and takes_port(rule, port, names):
                    yield from _everybody(rule, port, believed)


def _everybody(rule: Field, port: int, believed: tuple[Network, ...]) -> Iterator[Finding]:
    members = list(rule.at("from").items())
    if not members and (not rule.at("from").exists or rule.at("from").value == []):
        yield rule.at("from").finding("MT1820", f"The rule opens port {port} to everybody.")
    for member in members:
        who = _who(member, believed)
        if who:
            yield member.finding("MT1820", f"The rule opens port {port} to {who}.")


def _who(member: Field, believed: tuple[Network, ...]) -> str:
    """Whom a rule's member lets in, when that is no gateway's pods but a crowd; empty otherwise."""
    block = member.at("ipBlock", "cidr")
    if block.text is not None:
        network = _network(block.text)
        covered = network is not None and any(within(each, network) for each in believed)
        return f"all of {block.shown}, which narrows nothing" if covered else ""
    namespaces, pods = member.at("namespaceSelector"), member.at("podSelector")
    if namespaces.exists and not _selects(namespaces):
        return "pods of every namespace"
    if pods.exists and not namespaces.exists and not _selects(pods):
        return "every pod of its own namespace"
    return ""


def _selects(selector: Field) -> bool:
    """Whether a selector asks for anything at all."""
    return bool(selector.at("matchLabels").mapping) or any(True for _ in selector.at("matchExpressions").items())


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if len(text) <= MAX_TEXT else None
    except ValueError:
        return None


def outside(world: World) -> Iterator[Finding]:
    """MT1821: Services that lead callers from outside the cluster to such a principal."""
    for principal, _, _ in _believing(world):
        for service in services_of(world, principal):
            kind, addresses = service.at("spec", "type"), service.at("spec", "externalIPs")
            if kind.text in OUTSIDE:
                message = f"{service.ref} is of type {kind.text}, and its callers arrive with a node's address."
                yield kind.finding("MT1821", message)
            elif list(addresses.items()):
                message = f"{service.ref} has external IPs, and its callers arrive with a node's address."
                yield addresses.finding("MT1821", message)


def _believing(world: World) -> Iterator[tuple[Component, Workload, tuple[Network, ...]]]:
    """Principals that believe peers beyond their pod, with their pods and those peers' networks."""
    for principal in world.principals:
        believed = header_peers(principal)
        if believed and principal.workload is not None and not principal.is_argocd_agent:
            yield principal, principal.workload, believed


CHECKS: Final[tuple[Check, ...]] = (guarded, outside)
"""The checks of this file."""
