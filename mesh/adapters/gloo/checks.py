"""Checks of Gloo's objects."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.common.believing import refused
from mesh.adapters.common.gatewayapi import XFCC
from mesh.adapters.common.matching import intended
from mesh.adapters.gloo import helm, ways
from mesh.adapters.gloo.generating import GATEWAY, GLOO, PREBIND, own_objects
from mesh.bundle import Field, Item
from mesh.configuration.identity import header_rule
from mesh.configuration.keepalive import KeepaliveFields, keepalive_findings
from mesh.configuration.timing import heartbeat_findings
from mesh.findings import Finding
from mesh.socketopts import Platform, Setting, recognise
from mesh.world import Check, World

DURATIONS: Final = ("keepaliveTime", "keepaliveInterval")
SWITCHED: Final = {Setting.TIME, Setting.INTERVAL, Setting.PROBES}


def durations(world: World) -> Iterator[Finding]:
    """MT1501: times as numbers (T25)."""
    for item, block in _upstreams(world):
        for name in DURATIONS:
            at = block.at(name)
            if at.number is not None:
                message = f"{name} of {item.ref} is the number {at.shown}; it is text with a unit."
                yield at.finding("MT1501", message, remedy=f'Write {name}: "{at.shown}s".')


def options(world: World) -> Iterator[Finding]:
    """MT1502 to MT1504: socket options that come to nothing."""
    for _, block in _socket_options(world):
        settings = _settings(block)
        for option in block.items():
            level, name = _number(option.at("level")), _number(option.at("name"))
            if level is None or name is None or recognise(level, name):
                continue
            if recognise(level, name, Platform.MACOS):
                message = f"Level {level}, name {name} is keepalive on macOS; Gloo's proxies run on Linux."
                yield option.at("name").finding("MT1502", message)
        for option in settings.values():
            state = option.at("state")
            if state.exists and state.text != PREBIND and state.number != 0:
                message = f"{state.name} is {state.shown}; accepted sockets inherit {PREBIND} only."
                yield state.finding("MT1503", message)
        enabled = settings.get(Setting.ENABLED)
        if SWITCHED & set(settings) and (enabled is None or not _number(enabled.at("intValue"))):
            at = enabled.at("intValue") if enabled is not None else block
            yield at.finding("MT1504", "SO_KEEPALIVE (level 1, name 9) is not switched on, so that no probe is sent.")


def keepalive(world: World) -> Iterator[Finding]:
    """MT1916 to MT1920: the values, towards agents and towards the principal."""
    for _, block in _upstreams(world):
        numbers = any(block.at(name).number is not None for name in DURATIONS)
        if (block.exists or world.intent is not None) and not numbers:
            probes = block.at("keepaliveProbes")
            yield from keepalive_findings(
                world,
                KeepaliveFields(
                    time=block.at(DURATIONS[0]), interval=block.at(DURATIONS[1]), probes=probes, rounds_up=True
                ),
            )
    for _, block in _socket_options(world):
        settings = _settings(block)
        if not SWITCHED & set(settings):
            continue
        time, interval, probes = (
            _value(settings[each]) if each in settings else block.at(each.value)
            for each in (Setting.TIME, Setting.INTERVAL, Setting.PROBES)
        )
        yield from keepalive_findings(
            world, KeepaliveFields(time=time, interval=interval, probes=probes, unit="seconds")
        )


def timers(world: World) -> Iterator[Finding]:
    """MT1505 and MT1910: timers that end agents' streams."""
    for item, manager in _managers(world):
        idle = manager.at("streamIdleTimeout")
        if idle.duration:
            yield from heartbeat_findings(world, idle, idle.duration, f"streamIdleTimeout of {item.ref}")
        for name in ("maxStreamDuration", "maxConnectionDuration", "requestTimeout"):
            if manager.at(name).duration:
                yield manager.at(name).finding("MT1505", f"{name} of {item.ref} is {manager.at(name).shown}.")
    for service in world.bundle.of(GATEWAY, "VirtualService"):
        for route in service.at("spec", "virtualHost", "routes").items():
            timeout = route.at("options", "timeout")
            if timeout.duration:
                yield timeout.finding("MT1505", f"{service.ref} ends requests after {timeout.shown}.")


def identity(world: World) -> Iterator[Finding]:
    """MT1506: identity headers that anybody may have written, or that are removed."""
    reads = any((rule := header_rule(each)) is not None and rule.header == XFCC for each in world.principals)
    for item, manager in _managers(world):
        mode = manager.at("forwardClientCertDetails")
        if mode.text in {"ALWAYS_FORWARD_ONLY", "FORWARD_ONLY"}:
            yield mode.finding("MT1506", f"{item.ref} has {mode.text}: the header arrives as the caller wrote it.")
        elif reads and mode.text not in {"SANITIZE_SET", "APPEND_FORWARD"}:
            yield mode.finding("MT1506", f"{item.ref} removes {XFCC}, from which the principal learns who calls.")
        elif reads and not manager.at("setCurrentClientCertDetails", "uri").boolean:
            at = manager.at("setCurrentClientCertDetails", "uri")
            yield at.finding("MT1506", f"uri is {at.shown} for {item.ref}: the header has no SPIFFE ID.")


def _upstreams(world: World) -> Iterator[tuple[Item, Field]]:
    for item in world.bundle.of(GLOO, "Upstream"):
        if world.intent is None or item.name == world.intent.principal.name:
            yield item, item.at("spec", "connectionConfig", "tcpKeepalive")


def _socket_options(world: World) -> Iterator[tuple[Item, Field]]:
    for item in world.bundle.of(GATEWAY, "Gateway", "ListenerOption"):
        block = item.at("spec", "options", "socketOptions")
        if block.exists:
            yield item, block


def _managers(world: World) -> Iterator[tuple[Item, Field]]:
    for item in world.bundle.of(GATEWAY, "Gateway"):
        manager = item.at("spec", "httpGateway", "options", "httpConnectionManagerSettings")
        if manager.exists:
            yield item, manager
    for item in world.bundle.of(GATEWAY, "HttpListenerOption"):
        manager = item.at("spec", "options", "httpConnectionManagerSettings")
        if manager.exists:
            yield item, manager


def _number(at: Field) -> int | None:
    """A whole number, which Gloo also takes as text."""
    if at.number is not None:
        return at.number
    text = at.text or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else None


def _value(option: Field) -> Field:
    at = option.at("intValue")
    return Field(at.document, at.path, _number(at)) if at.exists else at


def _settings(block: Field) -> dict[Setting, Field]:
    """The options that are Linux's numbers for keepalive."""
    found: dict[Setting, Field] = {}
    for option in block.items():
        level, name = _number(option.at("level")), _number(option.at("name"))
        setting = recognise(level, name) if level is not None and name is not None else None
        if setting is not None:
            found[setting] = option
    return found


CHECKS: Final[tuple[Check, ...]] = (
    intended(own_objects, optional={"ConfigMap"}, skip={"tcpKeepalive"}),
    refused,
    durations,
    options,
    keepalive,
    timers,
    identity,
    *ways.CHECKS,
    *helm.CHECKS,
)
"""Gloo's own checks."""
