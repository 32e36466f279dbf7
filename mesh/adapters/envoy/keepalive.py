"""Keepalive of an Envoy's connections: TCP probes both ways, and HTTP/2 PINGs."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.common.pings import limit_of
from mesh.adapters.envoy.bootstraps import Bootstrap, Chain
from mesh.adapters.envoy.facts import LISTENER_KEEPALIVE, STATES
from mesh.adapters.envoy.fields import as_number, get, items, label, ns, number, word
from mesh.bundle import Field
from mesh.configuration.keepalive import KeepaliveFields, keepalive_findings
from mesh.findings import Finding, Level
from mesh.socketopts import Platform, Setting, recognise
from mesh.world import World


def upstream(world: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1310 and MT1916 to MT1920: probes on connections that it opens."""
    for cluster in bootstrap.clusters:
        probes = get(cluster.field, "upstream_connection_options", "tcp_keepalive")
        if probes.exists:
            yield from keepalive_findings(world, _fields(probes))
        elif cluster.tls is not None:
            yield _silent(world, probes, f"{cluster.title} opens")


def downstream(world: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1310, MT1312 and MT1916 to MT1920: probes on connections that it accepts."""
    for chain in _first_chains(bootstrap):
        own, settings = get(chain.listener, "tcp_keepalive"), _settings(chain.listener)
        if own.exists:
            yield from keepalive_findings(world, _fields(own))
            if world.intent is not None and world.intent.mesh.envoy < LISTENER_KEEPALIVE:
                version = world.intent.mesh.envoy
                message = f"Envoy {version} has no {own.path[-1]} at listeners, and refuses the bootstrap."
                yield own.finding("MT1312", message)
        elif settings:
            yield from keepalive_findings(world, _raw(chain.listener, settings))
        elif chain.tls is not None:
            yield _silent(world, own, f"{chain.name} accepts")


def _silent(world: World, at: Field, who: str) -> Finding:
    level = Level.INFO if world.intent is None else None
    return at.finding("MT1310", f"No TCP keepalive on connections that {who}.", level=level)


def _fields(probes: Field) -> KeepaliveFields:
    return KeepaliveFields(
        time=as_number(get(probes, "keepalive_time")),
        interval=as_number(get(probes, "keepalive_interval")),
        probes=as_number(get(probes, "keepalive_probes")),
        unit="seconds",
    )


def _settings(listener: Field) -> dict[Setting, Field]:
    """The socket options that are Linux's numbers for keepalive."""
    found: dict[Setting, Field] = {}
    for option in items(listener, "socket_options"):
        level, name = number(get(option, "level")), number(get(option, "name"))
        setting = recognise(level, name) if level is not None and name is not None else None
        if setting is not None:
            found[setting] = option
    return found


def _raw(listener: Field, settings: dict[Setting, Field]) -> KeepaliveFields:
    absent = get(listener, "socket_options")
    time, interval, probes = (
        as_number(get(settings[each], "int_value")) if each in settings else absent.at(each.value)
        for each in (Setting.TIME, Setting.INTERVAL, Setting.PROBES)
    )
    return KeepaliveFields(time=time, interval=interval, probes=probes, unit="seconds")


def effective(_: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1311: socket options that come to nothing."""
    for chain in _first_chains(bootstrap):
        settings = _settings(chain.listener)
        for option in settings.values():
            state = get(option, "state")
            if word(state, STATES) == "STATE_LISTENING":
                yield state.finding(
                    "MT1311", f"{label(state)} is {state.shown}: it comes too late for accepted sockets."
                )
        switch = settings.get(Setting.ENABLED)
        if settings and (switch is None or number(get(switch, "int_value")) == 0):
            at = get(switch, "int_value") if switch is not None else get(chain.listener, "socket_options")
            yield at.finding("MT1311", "SO_KEEPALIVE (level 1, name 9) is not switched on: no probe is sent.")
        for option in items(chain.listener, "socket_options"):
            level, name = number(get(option, "level")), number(get(option, "name"))
            if level is not None and name is not None and recognise(level, name, Platform.MACOS):
                message = f"Level {level}, name {name} is keepalive on macOS; on Linux it is something else."
                yield option.finding("MT1311", message)


def pings(world: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1313: PINGs for which the principal ends the connection."""
    for cluster in bootstrap.clusters:
        interval = get(cluster.http2, "connection_keepalive", "interval")
        every = ns(interval) or 0
        if cluster.tls is not None or not every:
            continue
        for principal in world.principals:
            limit = limit_of(principal)
            if limit and every <= limit:
                setting = principal.get("keepalive-min-interval")
                said = setting.said if setting.duration else "--keepalive-min-interval is 0, so 5m in argocd-agent"
                message = f"{label(interval)} is {interval.shown}, and {said}: these PINGs are too many."
                yield interval.finding("MT1313", message)


def _first_chains(bootstrap: Bootstrap) -> list[Chain]:
    """One chain of every listener."""
    return list({each.listener.path: each for each in reversed(bootstrap.chains)}.values())


CHECKS: Final = (upstream, downstream, effective, pings)
"""The checks of this file."""
