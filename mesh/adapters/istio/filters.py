"""EnvoyFilters: TCP keepalive on accepted connections, for which Istio has no field; and stream timers."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.istio.facts import (
    ENVOY_LISTENER_KEEPALIVE,
    INBOUND_LISTENER,
    NETWORKING,
    envoy_of,
)
from mesh.adapters.istio.lookup import networking, selecting
from mesh.bundle import Field, Item
from mesh.configuration.keepalive import KeepaliveFields, keepalive_findings
from mesh.configuration.settings import Component
from mesh.configuration.timing import heartbeat_findings
from mesh.findings import Finding, ObjectRef, missing
from mesh.socketopts import Platform, Setting, recognise
from mesh.world import Check, World

PREBIND: Final = "STATE_PREBIND"
INBOUND_PORT: Final = 15006
"""The port of the listener INBOUND_LISTENER."""


def present(world: World) -> Iterator[Finding]:
    """MT1816: the EnvoyFilter of an intent that wants keepalive downstream."""
    if world.intent is None or not world.intent.keepalive.downstream:
        return
    for principal in world.principals:
        if principal.workload is not None and not list(_keepalives(world, principal)):
            ref = ObjectRef(f"{NETWORKING}/v1alpha3", "EnvoyFilter", principal.item.namespace, principal.item.name)
            yield missing("MT1816", ref, f"No EnvoyFilter sets keepalive on connections to {principal}.")


def applied(world: World) -> Iterator[Finding]:
    """MT1121: keepalive that comes to nothing."""
    for item, patch in _patches(world):
        value = patch.at("patch", "value")
        options, own = value.at("socket_options"), value.at("tcp_keepalive")
        if not own.exists and not _settings(options):
            yield from _foreign(options)
            continue
        context = patch.at("match", "context")
        if patch.at("applyTo").text == "LISTENER" and context.text not in {"SIDECAR_INBOUND", "GATEWAY", "ANY"}:
            message = f"{item.ref} patches {context.shown}, whose clients are the pod itself."
            yield context.finding("MT1121", message)
        if own.exists and world.intent is not None:
            envoy = envoy_of(world.intent.mesh.istio)
            if envoy < ENVOY_LISTENER_KEEPALIVE:
                message = f"Istio {world.intent.mesh.istio} has Envoy {envoy}, whose listeners have no tcp_keepalive."
                yield own.finding("MT1121", message)
        yield from _states(options)


def _states(options: Field) -> Iterator[Finding]:
    settings = _settings(options)
    for option in settings.values():
        state = option.at("state")
        if state.exists and state.text != PREBIND and state.number != 0:
            yield state.finding("MT1121", f"{state.name} is {state.shown}; accepted sockets inherit {PREBIND} only.")
    enabled = settings.get(Setting.ENABLED)
    if settings and (enabled is None or enabled.at("int_value").number == 0):
        at = enabled.at("int_value") if enabled is not None else options
        yield at.finding("MT1121", "SO_KEEPALIVE (level 1, name 9) is not switched on, so that no probe is sent.")


def _foreign(options: Field) -> Iterator[Finding]:
    """Options that are macOS's numbers for keepalive."""
    for option in options.items():
        level, name = option.at("level").number, option.at("name").number
        if level is not None and name is not None and recognise(level, name, Platform.MACOS):
            message = f"Level {level}, name {name} is keepalive on macOS; proxies run on Linux."
            yield option.finding("MT1121", message)


def keepalive(world: World) -> Iterator[Finding]:
    """MT1916 to MT1920: the values."""
    for _, patch in _patches(world):
        fields = _fields(patch.at("patch", "value"))
        if fields is not None:
            yield from keepalive_findings(world, fields)


def _fields(value: Field) -> KeepaliveFields | None:
    own, settings = value.at("tcp_keepalive"), _settings(value.at("socket_options"))
    if own.exists:
        return KeepaliveFields(
            time=own.at("keepalive_time"),
            interval=own.at("keepalive_interval"),
            probes=own.at("keepalive_probes"),
            unit="seconds",
        )
    if not settings:
        return None
    absent = value.at("socket_options")
    places = {
        each: settings[each].at("int_value") if each in settings else absent.at(each.value)
        for each in (Setting.TIME, Setting.INTERVAL, Setting.PROBES)
    }
    return KeepaliveFields(
        time=places[Setting.TIME], interval=places[Setting.INTERVAL], probes=places[Setting.PROBES], unit="seconds"
    )


def streams(world: World) -> Iterator[Finding]:
    """MT1910: stream timers that a filter sets, against heartbeats."""
    for item in networking(world, "EnvoyFilter"):
        for patch in item.at("spec", "configPatches").items():
            timer = patch.at("patch", "value", "typed_config", "stream_idle_timeout")
            if timer.duration:
                yield from heartbeat_findings(world, timer, timer.duration, f"stream_idle_timeout of {item.ref}")


def _patches(world: World) -> Iterator[tuple[Item, Field]]:
    """Patches that set socket options or keepalive on a listener."""
    for item in networking(world, "EnvoyFilter"):
        for patch in item.at("spec", "configPatches").items():
            value = patch.at("patch", "value")
            if value.at("socket_options").exists or value.at("tcp_keepalive").exists:
                yield item, patch


def _keepalives(world: World, principal: Component) -> Iterator[Field]:
    """Patches that set keepalive on the connections that the principal's sidecar accepts."""
    items = {id(each.document) for each in _holding(world, principal)}
    for item, patch in _patches(world):
        listener = patch.at("match", "listener")
        fits = listener.at("name").text == INBOUND_LISTENER or listener.at("portNumber").number == INBOUND_PORT
        inbound = patch.at("applyTo").text == "LISTENER" and patch.at("match", "context").text == "SIDECAR_INBOUND"
        merged = patch.at("patch", "operation").text == "MERGE"
        if id(item.document) in items and fits and inbound and merged and _fields(patch.at("patch", "value")):
            yield patch


def _holding(world: World, principal: Component) -> Iterator[Item]:
    return selecting(networking(world, "EnvoyFilter"), principal, "spec", "workloadSelector", "labels")


def _settings(options: Field) -> dict[Setting, Field]:
    """The options that are Linux's numbers for keepalive."""
    found: dict[Setting, Field] = {}
    for option in options.items():
        level, name = option.at("level").number, option.at("name").number
        setting = recognise(level, name) if level is not None and name is not None else None
        if setting is not None:
            found[setting] = option
    return found


CHECKS: Final[tuple[Check, ...]] = (present, applied, keepalive, streams)
"""The checks of this file."""
