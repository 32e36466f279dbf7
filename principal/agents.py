"""What the principal knows of each agent, connected or not: one record a name, kept while the process lives."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import random
from typing import TYPE_CHECKING

from hubproto.events import Event, EventType
from hubproto.methods import MANAGED
from hubproto.sendqueue import SendQueue
from principal.caps import AGENTS
from principal.deaths import Death
from principal.owners import Ownership
from principal.recent import remember

if TYPE_CHECKING:
    from principal.session import Session

DEATHS_KEPT = 32
"""Deaths remembered for each agent: enough to see a rhythm (every 300 s: which timer is that?), bounded for ever."""

FORGET_TRIES = 16
"""Records that are looked at to find one that can be forgotten, oldest first: each call stays cheap."""

RTT_SAMPLES = 128
"""Round trips remembered for each agent."""

MAX_RTT_MS = 3_600_000.0
"""Milliseconds; a reported round trip above an hour is no measurement."""

NOT_FOR_AUTONOMOUS = frozenset({EventType.CREATE, EventType.DELETE})
"""Events that never go to an agent which holds the truth itself (spec hub-protocol §3.5)."""


@dataclass(slots=True)
class HeartbeatStats:
    """Heartbeats of one agent, over all its streams."""

    received: int = 0
    acked: int = 0
    last: float | None = None
    """Wall time of the last one, seconds since 1970."""
    rtts: list[float] = field(default_factory=list)
    """Milliseconds from a heartbeat to its ack, as the agent measured them."""

    def note_rtt(self, text: str) -> None:
        """Take the round trip that an agent reports; text that is no measurement is dropped."""
        try:
            value = float(text)
        except ValueError:
            return
        if 0.0 <= value <= MAX_RTT_MS:
            remember(self.rtts, value, most=RTT_SAMPLES)


@dataclass(slots=True)
class Agent:
    """One agent by name."""

    name: str
    queue: SendQueue = field(default_factory=lambda: SendQueue(rand=random))
    """Events on their way to it; outlives its streams."""
    identity: str | None = None
    """SPIFFE ID or Linkerd name at its last authentication."""
    mode: str = MANAGED
    seen: bool = False
    """Whether it has ever authenticated; a namespace with Applications has a queue before that."""
    synced: bool = False
    """Whether it was asked for a resync since this process started."""
    lost_events: bool = False
    """Whether its queue overflowed: once it has drained, everything is offered again."""
    session: "Session | None" = None
    ownership: Ownership = field(default_factory=Ownership)
    """Which identity may bear the name."""
    takeovers: int = 0
    """Streams of it that ended because a newer one took their place."""
    contended_at: float | None = None
    """Wall time at which two agents were last found to fight over the name."""
    streams: int = 0
    """Streams opened since this process started; the newest one's generation."""
    heartbeat: HeartbeatStats = field(default_factory=HeartbeatStats)
    deaths: list[Death] = field(default_factory=list)
    deaths_total: int = 0
    events_received: int = 0
    events_refused: int = 0

    def admits(self, event: Event) -> bool:
        """Whether an event may go to this agent, by its mode."""
        return self.mode == MANAGED or event.type not in NOT_FOR_AUTONOMOUS

    def mourn(self, death: Death) -> None:
        """Remember how a stream ended."""
        remember(self.deaths, death, most=DEATHS_KEPT)
        self.deaths_total += 1


class Agents:
    """All agents by name. At most `limit` that have authenticated; a store's namespaces are bounded by the store."""

    def __init__(self, limit: int = AGENTS) -> None:
        self._limit = limit
        self._by_name: dict[str, Agent] = {}
        self._seen = 0
        self._away: dict[str, None] = {}
        """Names of those seen that have no stream, the one that left first in front."""

    def get(self, name: str) -> Agent | None:
        """The agent of that name, if anything is known of it."""
        return self._by_name.get(name)

    def ensure(self, name: str) -> Agent:
        """The agent of that name, made if need be."""
        agent = self._by_name.get(name)
        if agent is None:
            agent = self._by_name[name] = Agent(name)
        return agent

    def welcome(self, name: str, now: float) -> Agent | None:
        """The record of an agent that has authenticated; None when too many others have, and none can be forgotten."""
        agent = self._by_name.get(name)
        if agent is not None and agent.seen:
            return agent
        if self._seen >= self._limit and not self._forget_one(now):
            return None
        agent = self.ensure(name)
        agent.seen = True
        self._seen += 1
        self._away[name] = None
        return agent

    def came(self, agent: Agent) -> None:
        """A stream of it opened."""
        self._away.pop(agent.name, None)

    def left(self, agent: Agent) -> None:
        """Its stream ended, and there is no newer one."""
        self._away.pop(agent.name, None)
        if agent.seen:
            self._away[agent.name] = None

    def _forget_one(self, now: float) -> bool:
        """Forget an agent that is away, owns nothing and has nothing on its way to it."""
        for name in list(itertools.islice(self._away, FORGET_TRIES)):
            agent = self._by_name[name]
            if agent.ownership.free(now) and not agent.queue.pending and not agent.queue.awaiting:
                del self._by_name[name], self._away[name]
                self._seen -= 1
                return True
        return False

    def seen(self) -> list[Agent]:
        """Agents that have authenticated since the process started, by name."""
        return sorted((agent for agent in self._by_name.values() if agent.seen), key=lambda agent: agent.name)

    def sessions(self) -> "Iterator[Session]":
        """Every stream that is open now."""
        for agent in self._by_name.values():
            if agent.session is not None:
                yield agent.session

    def sharing(self, connection_id: str) -> int:
        """How many agents' streams are on that connection now."""
        return sum(1 for session in self.sessions() if session.connection.id == connection_id)
