"""Where routes of the Gateway API lead: to Services with the port that is meant."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.common.gatewayapi import GROUP
from mesh.bundle import Field, Item
from mesh.findings import Finding
from mesh.kubernetes.services import principal_services
from mesh.world import World

ROUTES: Final = ("GRPCRoute", "HTTPRoute")

SHOWN_PORTS: Final = 10
"""As many ports as a message names."""


def backends(route: Item) -> Iterator[Field]:
    """The backendRefs of all rules of a route."""
    for rule in route.at("spec", "rules").items():
        yield from rule.at("backendRefs").items()


def ported(world: World) -> Iterator[Finding]:
    """MT1822: routes to a port that a principal's Service does not have."""
    ports = {
        (each.namespace, each.name): frozenset(port.at("port").number for port in each.at("spec", "ports").items())
        for each in principal_services(world)
    }
    for route in world.bundle.of(GROUP, *ROUTES):
        for backend in backends(route):
            name, namespace = backend.at("name").text or "", backend.at("namespace").text or route.namespace
            known, number = ports.get((namespace, name)), backend.at("port")
            if known and number.number is not None and number.number not in known:
                there = ", ".join(map(str, sorted(each for each in known if each is not None)[:SHOWN_PORTS]))
                message = f"{route.ref} leads to port {number.shown} of the Service {name}, which has {there}."
                yield number.finding("MT1822", message)
