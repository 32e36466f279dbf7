"""TCP keepalive as manifests set it: whether the kernel takes it, and whether it notices a death in time.

For adapters: they say where time, interval and probes are, and how the system reads them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from mesh.bundle import Field
from mesh.durations import SECOND, format_duration
from mesh.findings import Finding, Level
from mesh.socketopts import (
    DEFAULT_INTERVAL,
    DEFAULT_PROBES,
    DEFAULT_TIME,
    MAX_KEEPALIVE_PROBES,
    MAX_KEEPALIVE_SECONDS,
)
from mesh.world import World

LATEST: Final = 600
"""Seconds from the last sign of life to the end of a dead connection; later, and agents seem connected that are not."""

MIDDLEBOX: Final = 240
"""Seconds of silence after which the most forgetful of the common load balancers (Azure's) drops a connection."""

SOONEST: Final = 10
"""Seconds of unanswered probes; less, and a short outage of a network ends connections that are alive."""

Unit = Literal["duration", "seconds"]
"""How a field has its time: as the text of a duration, or as a number of seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepaliveFields:
    """Where one connection's TCP keepalive is set."""

    time: Field
    interval: Field
    probes: Field
    unit: Unit = "duration"
    rounds_up: bool = False
    """Whether parts of a second are rounded up (Gloo) or cut off (Istio, kgateway, Envoy's own API has none)."""
    defaults: tuple[int, int, int] = (DEFAULT_TIME, DEFAULT_INTERVAL, DEFAULT_PROBES)
    """Seconds, seconds and count that hold where nothing is set: the kernel's, unless the system has its own."""


def keepalive_findings(world: World, fields: KeepaliveFields) -> Iterator[Finding]:
    """MT1916 to MT1920 about one connection's TCP keepalive. Call it only where keepalive is set at all."""
    time, interval = _seconds(fields, fields.time), _seconds(fields, fields.interval)
    yield from _refused(fields)
    if world.intent is not None:
        tcp = world.intent.keepalive.tcp
        yield from _different(fields.time, time, tcp.time_seconds, fields.defaults[0], "s")
        yield from _different(fields.interval, interval, tcp.interval_seconds, fields.defaults[1], "s")
        yield from _different(fields.probes, fields.probes.number, tcp.probes, fields.defaults[2], "")
        return
    yield from _unset(fields)
    yield from _implausible(fields, time, interval)


def _seconds(fields: KeepaliveFields, at: Field) -> int | None:
    """Whole seconds as the system uses them; None when nothing readable is set."""
    if fields.unit == "seconds":
        return at.number
    ns = at.duration
    return None if ns is None else -(-ns // SECOND) if fields.rounds_up else ns // SECOND


def _refused(fields: KeepaliveFields) -> Iterator[Finding]:
    """MT1919: values that the kernel or Envoy does not take, or that become others."""
    for at in (fields.time, fields.interval):
        seconds = _seconds(fields, at)
        if seconds is None:
            continue
        cut = fields.unit == "duration" and (at.duration or 0) % SECOND != 0
        if not 1 <= seconds <= MAX_KEEPALIVE_SECONDS:
            became = f", which becomes {seconds}s" if cut else ""
            message = f"{at.name} is {at.shown}{became}; accepted: 1s to {MAX_KEEPALIVE_SECONDS}s."
            yield at.finding("MT1919", message)
        elif cut:
            yield at.finding("MT1919", f"{at.name} is {at.shown}, which becomes {seconds}s.", level=Level.WARNING)
    probes = fields.probes.number
    if probes is not None and not 1 <= probes <= MAX_KEEPALIVE_PROBES:
        at = fields.probes
        yield at.finding("MT1919", f"{at.name} is {at.shown}; accepted: 1 to {MAX_KEEPALIVE_PROBES}.")


def _different(at: Field, value: int | None, wanted: int, default: int, unit: str) -> Iterator[Finding]:
    """MT1920: another value than the intent's."""
    if (default if not at.exists else value) != wanted:
        said = f"is {at.shown}" if at.exists else f"is not set, so {default}{unit}"
        yield at.finding(
            "MT1920", f"{at.name} {said}; the intent has {wanted}{unit}.", remedy=f"Write {at.path[-1]}: {wanted}{unit}"
        )


def _unset(fields: KeepaliveFields) -> Iterator[Finding]:
    """MT1916: what is left to the kernel."""
    places = (fields.time, fields.interval, fields.probes)
    for at, value, unit in zip(places, fields.defaults, ("s", "s", ""), strict=True):
        if not at.exists:
            yield at.finding("MT1916", f"{at.name} is not set: {value}{unit} holds.")


def _implausible(fields: KeepaliveFields, time: int | None, interval: int | None) -> Iterator[Finding]:
    """MT1917 and MT1918: too soon for a lossy network, too late to notice a death."""
    default_time, default_interval, default_probes = fields.defaults
    silent = time if time is not None else default_time
    gap = interval if interval is not None else default_interval
    probes = fields.probes.number or default_probes
    if max(silent, gap) > MAX_KEEPALIVE_SECONDS or probes > MAX_KEEPALIVE_PROBES:
        # MT1919 says so.
        return
    if 0 < probes * gap < SOONEST:
        message = f"{probes} probes every {gap}s: the connection ends after {probes * gap}s without an answer."
        yield (fields.interval if fields.interval.exists else fields.probes).finding("MT1917", message)
    dead_after = silent + gap * probes
    if silent > MIDDLEBOX or dead_after > LATEST:
        after = format_duration(dead_after * SECOND)
        message = f"The first probe goes after {silent}s of silence, and a dead peer is noticed after {after}."
        yield fields.time.finding("MT1918", message)
