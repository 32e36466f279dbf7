"""Istio's objects as the checks look them up: which hold for the principal, and where it is reached."""

from collections.abc import Iterator, Sequence

from mesh.adapters.istio.facts import NETWORKING, ROOT_NAMESPACE, SECURITY, SERVED
from mesh.bundle import Field, Item, Names, same_namespace, selects, split_host
from mesh.configuration.settings import Component
from mesh.kubernetes.services import principal_services
from mesh.world import World


def networking(world: World, kind: str) -> list[Item]:
    """Objects of a kind of networking.istio.io that istiod reads."""
    return world.bundle.of(NETWORKING, kind, versions=SERVED[kind])


def security(world: World, kind: str) -> list[Item]:
    """Objects of a kind of security.istio.io that istiod reads."""
    return world.bundle.of(SECURITY, kind, versions=SERVED[kind])


def selecting(items: list[Item], principal: Component, *path: str) -> Iterator[Item]:
    """Those of `items` that hold for the principal's pods, by the labels at `path`; none there is all pods.

    Objects in the root namespace hold for every namespace. For a principal of which only a ConfigMap is known, the
    namespace alone counts.
    """
    for item in items:
        if not same_namespace(item.namespace, principal.item.namespace) and item.namespace != ROOT_NAMESPACE:
            continue
        labels = item.at(*path).mapping
        if not labels or principal.workload is None or selects(labels, principal.workload.labels):
            yield item


def principal_hosts(world: World) -> Names:
    """Name and namespace of every Service that leads to a principal, or that the intent speaks of."""
    return world.once(_principal_hosts)


def _principal_hosts(world: World) -> Names:
    found = [(service.name, service.namespace) for service in principal_services(world)]
    if world.intent is not None:
        found.append((world.intent.principal.name, world.intent.principal.namespace))
    return Names(found)


def is_principal(world: World, host: str | None, namespace: str) -> bool:
    """Whether `host`, written in `namespace`, is a name of one of these Services."""
    return host is not None and principal_hosts(world).has(*split_host(host, namespace))


def destination_rules(world: World) -> Sequence[Item]:
    """DestinationRules for the principal's Service; all of them, when nothing tells which Service that is."""
    return world.once(_destination_rules)


def _destination_rules(world: World) -> Sequence[Item]:
    dialled = {agent.get("server-address").text for agent in world.agents if agent.given("server-address")} - {"", None}
    rules = networking(world, "DestinationRule")
    if not principal_hosts(world) and not dialled:
        return rules
    return [
        rule
        for rule in rules
        for host in (rule.at("spec", "host").text,)
        if host in dialled or is_principal(world, host, rule.namespace)
    ]


def policies(rule: Item) -> Iterator[Field]:
    """The traffic policies of a DestinationRule that may hold for the principal's port.

    A policy in portLevelSettings replaces the one above it for its port, a subset's for that subset.
    """
    whole = rule.at("spec", "trafficPolicy")
    levels = [(each.at("port", "number").number, each) for each in whole.at("portLevelSettings").items()]
    if whole.exists:
        yield whole
    yield from (each for _, each in levels)
    for subset in rule.at("spec", "subsets").items():
        if subset.at("trafficPolicy").exists:
            yield subset.at("trafficPolicy")
