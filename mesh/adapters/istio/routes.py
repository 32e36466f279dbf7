"""VirtualServices for the principal: timeouts that end what is long-lived."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.istio.lookup import is_principal, networking
from mesh.bundle import Item
from mesh.findings import Finding
from mesh.world import Check, World


def timeouts(world: World) -> Iterator[Finding]:
    """MT1120: route timeouts. An open bidirectional stream never starts one, but all else on the way does."""
    for item in networking(world, "VirtualService"):
        if not _is_for(world, item):
            continue
        for route in item.at("spec", "http").items():
            timeout = route.at("timeout")
            if timeout.duration:
                message = (
                    f"The route's timeout is {timeout.shown}: it also bounds a client's grpc-timeout, and "
                    "ends streams whose one direction is closed."
                )
                yield timeout.finding("MT1120", message)


def _is_for(world: World, item: Item) -> bool:
    routed = [
        destination.at("destination", "host").text
        for route in item.at("spec", "http").items()
        for destination in route.at("route").items()
    ]
    return any(is_principal(world, host, item.namespace) for host in (*item.at("spec", "hosts").texts, *routed))


CHECKS: Final[tuple[Check, ...]] = (timeouts,)
"""The checks of this file."""
