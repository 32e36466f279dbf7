"""HTTP/2 PINGs by a DestinationRule's http2KeepAlive: whether they are sent, and whether the principal lets them."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.common.pings import limit_of
from mesh.adapters.istio.facts import HTTP2_KEEPALIVE
from mesh.adapters.istio.generating import sends_pings
from mesh.adapters.istio.lookup import destination_rules, policies
from mesh.adapters.istio.ports import carries_streams
from mesh.bundle import Field, Item
from mesh.durations import format_duration
from mesh.findings import Finding
from mesh.kubernetes.services import principal_ports
from mesh.world import Check, World


def sent(world: World) -> Iterator[Finding]:
    """MT1118 and MT1119: PINGs that istiod refuses to set, or that no proxy sends."""
    for _, block in _blocks(world):
        for name in ("interval", "timeout"):
            if block.at(name).duration is None:
                message = f"http2KeepAlive.{name} is {block.at(name).shown}; interval and timeout are both needed."
                yield block.at(name).finding("MT1118", message)
        if world.intent is not None and world.intent.mesh.istio < HTTP2_KEEPALIVE:
            message = f"Istio {world.intent.mesh.istio} has no http2KeepAlive; {HTTP2_KEEPALIVE} is the first that has."
            yield block.finding("MT1119", message)
        undeclared = world.once(_undeclared)
        if undeclared is not None:
            message = f"http2KeepAlive holds for ports declared as grpc or http2 only, and {undeclared.ref} has none."
            yield block.finding("MT1119", message)


def _undeclared(world: World) -> Item | None:
    """The first Service of a principal whose port is not declared to carry gRPC."""
    return next((service for service, port in principal_ports(world) if not carries_streams(port)), None)


def borne(world: World) -> Iterator[Finding]:
    """MT1117: PINGs for which the principal ends the connection."""
    for _, block in _blocks(world):
        interval = block.at("interval")
        for principal in world.principals:
            limit = limit_of(principal)
            if limit and interval.duration and interval.duration <= limit:
                setting = principal.get("keepalive-min-interval")
                said = setting.said if setting.duration else "--keepalive-min-interval is 0, so 5m in argocd-agent"
                message = f"http2KeepAlive.interval is {interval.shown}, and {said}: the sidecar's PINGs are too many."
                yield interval.finding("MT1117", message)


def intended(world: World) -> Iterator[Finding]:
    """MT1817: PINGs that are others than the intent's."""
    intent = world.intent
    if intent is None:
        return
    wanted = {"interval": intent.keepalive.ping, "timeout": intent.keepalive.ping_timeout}
    for rule in destination_rules(world):
        for policy in policies(rule):
            block = policy.at("connectionPool", "http", "http2KeepAlive")
            if not sends_pings(intent):
                if block.exists:
                    yield block.finding("MT1817", f"{rule.ref} has http2KeepAlive; the intent has no PINGs there.")
                continue
            for name, ns in wanted.items():
                if block.at(name).duration != ns:
                    message = f"http2KeepAlive.{name} is {block.at(name).shown}; the intent has {format_duration(ns)}."
                    yield block.at(name).finding("MT1817", message)


def _blocks(world: World) -> Iterator[tuple[Item, Field]]:
    for rule in destination_rules(world):
        for policy in policies(rule):
            block = policy.at("connectionPool", "http", "http2KeepAlive")
            if block.exists:
                yield rule, block


CHECKS: Final[tuple[Check, ...]] = (sent, borne, intended)
"""The checks of this file."""
