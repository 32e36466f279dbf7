"""The way through Gloo to the principal: in HTTP/2, and without the timers that Envoy has by itself."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.gloo.generating import GATEWAY, GLOO
from mesh.bundle import Field, Item, service_names
from mesh.findings import Finding
from mesh.kubernetes.services import STOCK_NAME, principal_services
from mesh.world import Check, World

MANAGER: Final = ("options", "httpConnectionManagerSettings")
STREAM_IDLE: Final = "streamIdleTimeout"

USUAL: Final = "gloo-system"
"""The namespace of an upstream where a route names none."""


def upstreams(world: World) -> list[Item]:
    """The Upstreams that lead to a principal."""
    services = principal_services(world)
    names = {each.name for each in services} | {STOCK_NAME}
    hosts = {name for each in services for name in service_names(each.name, each.namespace, seen_from=each.namespace)}
    return [
        item
        for item in world.bundle.of(GLOO, "Upstream")
        if item.at("spec", "kube", "serviceName").text in names
        or any(each.at("addr").text in hosts for each in item.at("spec", "static", "hosts").items())
    ]


def _routes(world: World) -> list[tuple[Item, Field]]:
    """The routes to them."""
    known = {(each.namespace or USUAL, each.name) for each in upstreams(world)}
    return [
        (item, route)
        for item in world.bundle.of(GATEWAY, "VirtualService", "RouteTable")
        for route in _written(item)
        if _target(route.at("routeAction", "single", "upstream")) in known
    ]


def _written(item: Item) -> Iterator[Field]:
    yield from item.at("spec", "virtualHost", "routes").items()
    yield from item.at("spec", "routes").items()


def _target(upstream: Field) -> tuple[str, str]:
    return upstream.at("namespace").text or USUAL, upstream.at("name").text or ""


def timers(world: World) -> Iterator[Finding]:
    """MT1508: Envoy's own timers."""
    routes = _routes(world)
    for item, route in routes:
        if not route.at("options", "timeout").exists:
            message = f"{item.ref} sets no timeout on the way to the principal: Envoy's 15s for a request hold."
            yield route.at("options", "timeout").finding("MT1508", message)
    if not routes or all(route.at("options", "idleTimeout").exists for _, route in routes):
        return
    options = world.bundle.of(GATEWAY, "HttpListenerOption")
    if any(each.at("spec", *MANAGER, STREAM_IDLE).exists for each in options):
        return
    for gateway in world.bundle.of(GATEWAY, "Gateway"):
        http = gateway.at("spec", "httpGateway")
        at = http.at(*MANAGER, STREAM_IDLE)
        if http.exists and not at.exists:
            yield at.finding("MT1508", f"{gateway.ref} sets no {STREAM_IDLE}: Envoy's 5m for a silent stream hold.")


def http2(world: World) -> Iterator[Finding]:
    """MT1509: Upstreams that speak HTTP/1.1."""
    for item in upstreams(world):
        at = item.at("spec", "useHttp2")
        if at.boolean is not True:
            yield at.finding("MT1509", f"useHttp2 is {at.shown} in {item.ref}, which leads to the principal.")


CHECKS: Final[tuple[Check, ...]] = (timers, http2)
"""The checks of this file."""
