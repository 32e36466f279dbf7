"""Routes to the principal: which of Envoy's own timers hold on them, and whether their Service is called in HTTP/2."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.common.backends import backends, ported
from mesh.adapters.common.gatewayapi import GROUP as GATEWAY_API
from mesh.adapters.kgateway.generating import GROUP
from mesh.bundle import Item, Names
from mesh.findings import Finding
from mesh.kubernetes.services import principal_services
from mesh.world import Check, World

HTTP2: Final = frozenset({"http2", "grpc", "grpc-web", "kubernetes.io/h2c"})
"""Values of appProtocol by which kgateway speaks HTTP/2 to a Service (pkg/pluginsdk/ir/backend.go)."""

UNSET: Final = (
    ("request", "15s for a request"),
    ("streamIdle", "5m for a silent stream"),
)
"""Timeouts of a TrafficPolicy, and what Envoy does where nobody sets them."""


def routes(world: World) -> list[Item]:
    """GRPCRoutes of kgateway's, and HTTPRoutes that lead to a principal."""
    services = Names((each.name, each.namespace) for each in principal_services(world))
    grpc = world.bundle.of(GATEWAY_API, "GRPCRoute")
    http = [each for each in world.bundle.of(GATEWAY_API, "HTTPRoute") if _leads(each, services)]
    return [each for each in (*grpc, *http) if _is_ours(world, each)]


def _leads(route: Item, services: Names) -> bool:
    return any(
        services.has(each.at("name").text or "", each.at("namespace").text or route.namespace)
        for each in backends(route)
    )


def _is_ours(world: World, route: Item) -> bool:
    """Whether a route is kgateway's: its Gateway is, or objects of kgateway's are all there is."""
    for parent in route.at("spec", "parentRefs").items():
        namespace = parent.at("namespace").text or route.namespace
        found = world.bundle.get(GATEWAY_API, "Gateway", namespace=namespace, name=parent.at("name").text or "")
        if found is not None:
            return (found.at("spec", "gatewayClassName").text or "").startswith("kgateway")
    return GROUP in world.bundle.groups


def timers(world: World) -> Iterator[Finding]:
    """MT1408: timers that nobody sets."""
    policies = world.bundle.of(GROUP, "TrafficPolicy")
    covered: dict[str, Names | None] = {}
    for name, _ in UNSET:
        setting = [each for each in policies if each.at("spec", "timeouts", name).exists]
        if any(_covers_all(each) for each in setting):
            covered[name] = None
            continue
        covered[name] = Names(
            (ref.at("name").text or "", each.namespace)
            for each in setting
            for ref in each.at("spec", "targetRefs").items()
        )
    if _listeners_set_idle(world):
        covered["streamIdle"] = None
    for route in routes(world):
        holding = [what for name, what in UNSET if _is_bare(covered[name], route)]
        if holding:
            message = f"No TrafficPolicy sets timeouts for {route.ref}: {' and '.join(holding)} hold."
            yield route.at("spec", "rules").finding("MT1408", message)


def _is_bare(covered: Names | None, route: Item) -> bool:
    return covered is not None and not covered.has(route.name, route.namespace)


def _covers_all(policy: Item) -> bool:
    """Whether a policy may be about every route: by labels, or as a Gateway's."""
    refs = policy.at("spec", "targetRefs").items()
    return policy.at("spec", "targetSelectors").exists or any(ref.at("kind").text == "Gateway" for ref in refs)


def _listeners_set_idle(world: World) -> bool:
    """Whether a Gateway's policy sets the timer for silent streams."""
    places = [each.at("spec", "streamIdleTimeout") for each in world.bundle.of(GROUP, "HTTPListenerPolicy")]
    for policy in world.bundle.of(GROUP, "ListenerPolicy"):
        blocks = [policy.at("spec", "default"), *(each.at("listener") for each in policy.at("spec", "perPort").items())]
        places += [each.at("httpSettings", "streamIdleTimeout") for each in blocks]
    return any(each.exists for each in places)


def http2(world: World) -> Iterator[Finding]:
    """MT1410: Services that kgateway calls in HTTP/1.1."""
    asked: dict[tuple[str, str], dict[int | None, Item]] = {}
    for route in routes(world):
        for backend in backends(route):
            if backend.at("kind").text in {None, "Service"}:
                service_name = backend.at("namespace").text or route.namespace, backend.at("name").text or ""
                asked.setdefault(service_name, {}).setdefault(backend.at("port").number, route)
    for (namespace, name), ports in asked.items():
        service = world.bundle.get("", "Service", namespace=namespace, name=name)
        for port in service.at("spec", "ports").items() if service is not None else ():
            by, at = ports.get(port.at("port").number), port.at("appProtocol")
            if service is not None and by is not None and at.text not in HTTP2:
                message = f"appProtocol is {at.shown} at the port of {service.ref} to which {by.ref} leads."
                yield at.finding("MT1410", message)


CHECKS: Final[tuple[Check, ...]] = (ported, timers, http2)
"""The checks of this file."""
