"""What the principal knows of each agent, connected or not: one record a name, kept while the process lives."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import random
from typing import TYPE_CHECKING

from hubproto.events import Event, EventType
from hubproto.methods import MANAGED
from hubproto.sendqueue import SendQueue
from principal.deaths import Death

if TYPE_CHECKING:
    from principal.session import Session

DEATHS_KEPT = 32
"""Deaths remembered for each agent: enough to see a rhythm (every 300 s: which timer is that?), bounded for ever."""

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
    rtts: deque[float] = field(default_factory=lambda: deque(maxlen=RTT_SAMPLES))
    """Milliseconds from a heartbeat to its ack, as the agent measured them."""

    def note_rtt(self, text: str) -> None:
        """Take the round trip that an agent reports; text that is no measurement is dropped."""
        try:
            value = float(text)
        except ValueError:
            return
        if 0.0 <= value <= MAX_RTT_MS:
            self.rtts.append(value)


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
    streams: int = 0
    """Streams opened since this process started; the newest one's generation."""
    heartbeat: HeartbeatStats = field(default_factory=HeartbeatStats)
    deaths: deque[Death] = field(default_factory=lambda: deque(maxlen=DEATHS_KEPT))
    deaths_total: int = 0
    events_received: int = 0
    events_refused: int = 0

    def admits(self, event: Event) -> bool:
        """Whether an event may go to this agent, by its mode."""
        return self.mode == MANAGED or event.type not in NOT_FOR_AUTONOMOUS

    def mourn(self, death: Death) -> None:
        """Remember how a stream ended."""
        self.deaths.append(death)
        self.deaths_total += 1


class Agents:
    """All agents by name."""

    def __init__(self) -> None:
        self._by_name: dict[str, Agent] = {}

    def get(self, name: str) -> Agent | None:
        """The agent of that name, if anything is known of it."""
        return self._by_name.get(name)

    def ensure(self, name: str) -> Agent:
        """The agent of that name, made if need be."""
        agent = self._by_name.get(name)
        if agent is None:
            agent = self._by_name[name] = Agent(name)
        return agent

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
