"""What the demo promises, checked against what was seen: pure, a scene in, verdicts out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from meshtether.demo.observe import Row
from meshtether.demo.plan import QUIET_AGENT, STREAM_IDLE

TOLERANCE: Final = 2.0
"""Seconds by which a quiet stream's life may differ from the timer: two Envoys and a busy machine are between."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One promise, whether it was kept, and what was seen."""

    promise: str
    kept: bool
    evidence: str


def judge(rows: Sequence[Row], identities: Mapping[str, str]) -> list[Verdict]:
    """Every promise of the demo, against the last rows seen and the identities that the certificates hold."""
    living = [row for row in rows if row.agent != QUIET_AGENT]
    quiet = next(row for row in rows if row.agent == QUIET_AGENT)
    return [
        _identities(rows, identities),
        _connected(living),
        _acknowledged(living),
        _in_sync(living),
        _quiet_died(quiet),
        _killer_confirmed(quiet),
    ]


def _identities(rows: Sequence[Row], identities: Mapping[str, str]) -> Verdict:
    wrong = [row.agent for row in rows if row.identity != identities[row.agent]]
    return Verdict(
        "every agent is known by the identity in its certificate",
        not wrong,
        f"{len(rows)} agents" if not wrong else f"not so: {', '.join(wrong)}",
    )


def _connected(living: Sequence[Row]) -> Verdict:
    fallen = [f"{row.agent} ({row.last_cause or 'not connected'})" for row in living if not _steady(row)]
    return Verdict(
        "the streams of agents with heartbeats never die",
        not fallen,
        f"{len(living)} streams, 0 deaths" if not fallen else f"not so: {', '.join(fallen)}",
    )


def _steady(row: Row) -> bool:
    return row.connected_for is not None and row.deaths == 0


def _acknowledged(living: Sequence[Row]) -> Verdict:
    total, acked = sum(row.heartbeats for row in living), sum(row.acked for row in living)
    return Verdict(
        "every heartbeat is acknowledged",
        all(row.heartbeats > 0 and row.acked == row.heartbeats and row.rtt_ms is not None for row in living),
        f"{acked} of {total}",
    )


def _in_sync(living: Sequence[Row]) -> Verdict:
    synced, total = sum(row.apps_synced for row in living), sum(row.apps for row in living)
    return Verdict(
        "Applications arrive at their agents, and their status comes back",
        total > 0 and synced == total,
        f"{synced} of {total} in sync",
    )


def _quiet_died(quiet: Row) -> Verdict:
    seen = median(quiet.lives) if quiet.lives else 0.0
    return Verdict(
        f"a stream without heartbeats lives {STREAM_IDLE:g} s, the sidecars' stream idle timer",
        bool(quiet.lives) and abs(seen - STREAM_IDLE) <= TOLERANCE,
        f"{quiet.deaths} {'death' if quiet.deaths == 1 else 'deaths'}, median life {seen:.1f} s"
        if quiet.lives
        else "it has not died yet",
    )


def _killer_confirmed(quiet: Row) -> Verdict:
    outbound, inbound = quiet.idle_kills
    return Verdict(
        "the Envoys' own counters name the same killer",
        quiet.deaths > 0 and outbound + inbound >= quiet.deaths,
        f"downstream_rq_idle_timeout: {outbound} at the agent's sidecar, {inbound} at the principal's",
    )


def killer(row: Row) -> str:
    """What ends a row's streams, in words for the table."""
    if not row.deaths:
        return ""
    outbound, inbound = row.idle_kills
    if outbound + inbound == 0 or row.agent != QUIET_AGENT:
        return row.last_cause
    hops = [name for name, count in (("own sidecar", outbound), ("principal's sidecar", inbound)) if count]
    return f"stream_idle_timeout {STREAM_IDLE:g}s at {' and '.join(hops)}"
