"""Heartbeats and pings: whether there are any, and whether they fit each other and the timers on the way."""

from collections.abc import Iterator, Mapping
from typing import Final

from mesh.bundle import Field
from mesh.configuration.identity import method
from mesh.configuration.settings import Component, Setting
from mesh.durations import SECOND, format_duration
from mesh.findings import Finding, Level
from mesh.world import Check, World

LEAST_PING: Final = 10 * SECOND
"""Nanoseconds; grpc-go's internal.KeepaliveMinPingTime."""

GO_LIMIT: Final = 300 * SECOND
"""Nanoseconds; grpc-go's default for a server's MinTime, which an unset limit leaves in argocd-agent."""

LEAST_SHARE: Final = 0.5
MOST_SHARE: Final = 0.75
"""Which part of a timer a heartbeat should be: room for one that is late, without needless traffic."""


def limits(world: World) -> Iterator[Finding]:
    """MT1905 and MT1908: the principal's limit against the most frequent of the agents' pings."""
    for principal in world.principals:
        limit = principal.given("keepalive-min-interval")
        if limit is None or limit.duration is None:
            continue
        for meshed in (False, True):
            agent, ping = world.once(_most_frequent).get(meshed, (None, None))
            if agent is None or ping is None or ping.duration is None:
                continue
            if limit.duration and limit.duration >= ping.duration:
                message = f"{limit.said}, and {ping.said} in {agent.item.ref}: the limit must be clearly less."
                # Behind a mesh these PINGs end at the agent's own proxy; the two settings still contradict.
                yield limit.place.finding("MT1905", message, level=Level.WARNING if meshed else Level.ERROR)
            elif not limit.duration and principal.is_argocd_agent and not meshed and ping.duration < GO_LIMIT:
                message = f"--keepalive-min-interval is 0, so 5m in argocd-agent, and {ping.said} in {agent.item.ref}."
                yield limit.place.finding("MT1908", message)


def _most_frequent(world: World) -> Mapping[bool, tuple[Component, Setting]]:
    """The agent with the shortest ping interval, of those that are in a mesh and of those that are not."""
    found: dict[bool, tuple[Component, Setting]] = {}
    for agent, ping in _pings(world):
        meshed = method(agent.given("creds")) == "header"
        if meshed not in found or (ping.duration or 0) < (found[meshed][1].duration or 0):
            found[meshed] = (agent, ping)
    return found


def heartbeats(world: World) -> Iterator[Finding]:
    """MT1906 and MT1909: agents without heartbeats, with and without pings."""
    wanted = world.intent is None or bool(world.intent.keepalive.heartbeat)
    for agent in world.agents:
        beat, ping = agent.given("heartbeat-interval"), agent.get("keep-alive-ping-interval")
        if beat is None or beat.duration != 0 or not wanted:
            continue
        said = beat.said if beat.is_set else "--heartbeat-interval is not set"
        if ping.duration:
            yield beat.place.finding("MT1906", f"{said}, and {ping.said}: PINGs do not replace heartbeats.")
        else:
            yield beat.place.finding("MT1909", f"{said}: {agent} sends no heartbeats.")


def pings(world: World) -> Iterator[Finding]:
    """MT1907 and MT1913: pings that are not sent as they are set."""
    for agent, ping in _pings(world):
        if 0 < (ping.duration or 0) < LEAST_PING:
            yield ping.place.finding("MT1907", f"{ping.said}, which grpc-go raises to 10s.")
        if agent.get("enable-websocket").switch:
            yield ping.place.finding("MT1913", f"{ping.said}, and --enable-websocket is on: no PING is sent.")


def _pings(world: World) -> Iterator[tuple[Component, Setting]]:
    """Agents with a ping interval that is set and not 0."""
    for agent in world.agents:
        ping = agent.given("keep-alive-ping-interval")
        if ping is not None and (ping.duration or 0) > 0:
            yield agent, ping


def heartbeat_findings(world: World, timer: Field, ns: int, what: str) -> Iterator[Finding]:
    """MT1910: heartbeats against one timer that ends a stream on which nothing flows.

    For adapters: `timer` is the field that sets it, `ns` its length (0: off), `what` its name in a sentence. Agents
    about whose heartbeats nothing is known are left out; without any agent the intent's heartbeat counts.
    """
    if ns <= 0:
        return
    beats = world.once(_extremes)
    if not beats and world.intent is not None:
        beats = {world.intent.keepalive.heartbeat: "the intent"}
    for beat, who in beats.items():
        share, limit = beat / ns, format_duration(ns)
        fit = f"{format_duration(round(ns * LEAST_SHARE))} to {format_duration(round(ns * MOST_SHARE))}"
        said = f"{what} ends a stream after {limit} without data, and {who} sends a heartbeat"
        if not beat:
            message = f"{what} ends a stream after {limit} without data, and {who} sends no heartbeats."
            yield timer.finding("MT1910", message, level=Level.ERROR)
        elif share > MOST_SHARE:
            level = Level.ERROR if share >= 1 else Level.WARNING
            yield timer.finding("MT1910", f"{said} only every {format_duration(beat)}; fitting: {fit}.", level=level)
        elif share < LEAST_SHARE:
            message = f"{said} every {format_duration(beat)}, more often than it needs; fitting: {fit}."
            yield timer.finding("MT1910", message, level=Level.INFO)


def _extremes(world: World) -> Mapping[int, str]:
    """Agents without heartbeats, with the most frequent and with the rarest, by nanoseconds: one of each."""
    known: dict[int, str] = {}
    for agent in world.agents:
        beat = agent.given("heartbeat-interval")
        if beat is not None and beat.duration is not None:
            known.setdefault(beat.duration, str(agent))
    sent = sorted(each for each in known if each > 0)
    return {each: known[each] for each in [*([0] if 0 in known else []), *sent[:1], *sent[-1:]]}


CHECKS: Final[tuple[Check, ...]] = (limits, heartbeats, pings)
"""The checks of this file."""
