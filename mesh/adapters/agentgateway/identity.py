"""Who calls, as agentgateway tells the principal: it writes no identity header unless a policy makes it."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.agentgateway.files import File, standalones
from mesh.adapters.agentgateway.generating import GROUP, KIND
from mesh.adapters.common.backends import ROUTES, backends
from mesh.adapters.common.embedded import lifting
from mesh.adapters.common.gatewayapi import GROUP as GATEWAY_API
from mesh.adapters.common.gatewayapi import XFCC
from mesh.bundle import Field, Item, Names, service_names
from mesh.configuration.identity import header_rule
from mesh.findings import Finding
from mesh.kubernetes.services import principal_services
from mesh.world import Check, World

CLASS: Final = "agentgateway"
"""The GatewayClass of the controller's own."""


def written(world: World) -> Iterator[Finding]:
    """MT1612: routes to the principal on which nobody writes the identity header."""
    if not any(rule is not None and rule.header == XFCC for rule in map(header_rule, world.principals)):
        return
    hosts = frozenset(
        name
        for each in principal_services(world)
        for name in service_names(each.name, each.namespace, seen_from=each.namespace)
    )
    yield from _by_policies(world)
    for file in standalones(world.bundle):
        yield from map(lifting(file.root), _by_file(file, hosts))


def _by_policies(world: World) -> Iterator[Finding]:
    """With the controller: a policy for the route, its Gateway or anything that sets the header is enough."""
    gateways: set[tuple[str, str | None]] = {
        (each.namespace, each.name)
        for each in world.bundle.of(GATEWAY_API, "Gateway")
        if each.at("spec", "gatewayClassName").text == CLASS
    }
    services = Names((each.name, each.namespace) for each in principal_services(world))
    routes = [each for each in world.bundle.of(GATEWAY_API, *ROUTES) if _leads(each, gateways, services)]
    if not routes:
        return
    requests = [each.at("spec", "traffic", "transformation", "request") for each in world.bundle.of(GROUP, KIND)]
    settings = [entry for request in requests for entry in request.at("set").items() if _names(entry.at("name"))]
    for entry in settings:
        if _is_callers(entry.at("value")):
            yield entry.at("value").finding("MT1612", f"{XFCC} is made of what the caller sent.")
    if not settings:
        added = [entry for request in requests for entry in request.at("add").items() if _names(entry.at("name"))]
        at = added[0] if added else routes[0].at("spec")
        what = "is added behind what the caller sent" if added else "is left as the caller sent it"
        yield at.finding("MT1612", f"{XFCC} {what} on the way by {routes[0].ref}.")


def _leads(route: Item, gateways: set[tuple[str, str | None]], services: Names) -> bool:
    """Whether a route is of an agentgateway, and leads to a principal."""
    parents = {
        (parent.at("namespace").text or route.namespace, parent.at("name").text)
        for parent in route.at("spec", "parentRefs").items()
    }
    if gateways.isdisjoint(parents):
        return False
    return any(
        services.has(each.at("name").text or "", each.at("namespace").text or route.namespace)
        for each in backends(route)
    )


def _by_file(file: File, hosts: frozenset[str]) -> Iterator[Finding]:
    """Without the controller: on the route itself."""
    for route in file.routes:
        leads = [each.at("host").text or "" for each in route.at("backends").items()]
        if not any(each.partition(":")[0] in hosts for each in leads):
            continue
        request = route.at("policies", "transformations", "request")
        settings = [value for name, value in request.at("set").entries() if name.lower() == XFCC]
        if not settings:
            yield route.finding("MT1612", f"{XFCC} is left as the caller sent it on the route to {leads[0]}.")
        elif _is_callers(settings[0]):
            yield settings[0].finding("MT1612", f"{XFCC} is made of what the caller sent.")


def _names(place: Field) -> bool:
    return (place.text or "").lower() == XFCC


def _is_callers(value: Field) -> bool:
    """Whether an expression reads the header that the caller sent."""
    text = (value.text or "").lower()
    return XFCC in text and "request.headers" in text


CHECKS: Final[tuple[Check, ...]] = (written,)
"""The check of this file."""
