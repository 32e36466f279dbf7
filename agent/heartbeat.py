"""Heartbeats of one stream: when to send one, which are unanswered, and when that means death.

The first one goes out at once when a stream opens: it proves the path there and back. (argocd-agent's agent sends its
first after one interval.) The deadline counts for each heartbeat from its own sending. Acks travel on an ordered
stream, so an ack also settles every heartbeat sent before: the path is alive, whatever became of an older ack.

Until the principal has been heard on the stream no deadline counts, since argocd-agent's principal may hold a new
stream up for some seconds after its own restart; the link bounds that time.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

STALL: Final = 1.0
"""Seconds. A check that comes this much too late means that this process did not run (stopped, starved); the answer may
lie unread in the socket, so the deadline starts over, once until the next ack."""


@dataclass(slots=True)
class RoundTrips:
    """Round trips of answered heartbeats, in seconds."""

    count: int = 0
    last: float | None = None
    least: float = math.inf
    most: float = 0.0
    total: float = 0.0

    def add(self, value: float) -> None:
        """Take one measurement."""
        self.count += 1
        self.last = value
        self.least = min(self.least, value)
        self.most = max(self.most, value)
        self.total += value

    @property
    def mean(self) -> float | None:
        """The mean, None before the first."""
        return self.total / self.count if self.count else None


@dataclass(frozen=True, slots=True)
class Beat:
    """One heartbeat to send."""

    id: str
    round_trip: float | None
    """Seconds that the last answered heartbeat took; None before the first answer on this stream."""


class Heartbeats:
    """Heartbeats of the agent's present stream. `interval` 0 sends none; `deadline` is in seconds too."""

    def __init__(self, *, interval: float, deadline: float, new_id: Callable[[], str]) -> None:
        self.interval = interval
        self.deadline = deadline
        self._new_id = new_id
        self.begin(0.0)

    def begin(self, now: float) -> None:
        """A new stream: the first heartbeat is due at once, and nothing of an older stream counts."""
        self.trips = RoundTrips()
        self.sent = 0
        self._next = now
        self._waiting: dict[str, float] = {}
        self._counting_from: float | None = None
        self._excused = False

    def heard(self, now: float) -> None:
        """The principal was heard for the first time on this stream: deadlines count from here on."""
        if self._counting_from is None:
            self._counting_from = now

    def beat(self, now: float) -> Beat:
        """Send one now."""
        beat = Beat(self._new_id(), self.trips.last)
        self._waiting[beat.id] = now
        self.sent += 1
        self._next += self.interval
        if self._next <= now:
            self._next = now + self.interval
        return beat

    def waits_for(self, beat_id: str) -> bool:
        """Whether a heartbeat of that id has not been answered."""
        return beat_id in self._waiting

    def acknowledge(self, beat_id: str, now: float) -> float | None:
        """An ack arrived: its round trip in seconds, or None when no such heartbeat is waiting."""
        if beat_id not in self._waiting:
            return None
        sent_at = self._waiting[beat_id]
        for older in [key for key, at in self._waiting.items() if at <= sent_at]:
            del self._waiting[older]
        self._excused = False
        self.trips.add(now - sent_at)
        return now - sent_at

    def next_beat(self) -> float | None:
        """When to send the next one."""
        return self._next if self.interval > 0 else None

    def overdue_at(self) -> float | None:
        """When the stream is dead unless an ack comes; None while nothing is waited for."""
        if not self._waiting or self._counting_from is None:
            return None
        oldest = next(iter(self._waiting.values()))
        return max(oldest, self._counting_from) + self.deadline

    def excuse(self, now: float) -> bool:
        """Whether a deadline found passed at `now` was missed by ourselves; if so it starts over."""
        overdue = self.overdue_at()
        if self._excused or overdue is None or now - overdue <= STALL:
            return False
        self._excused = True
        self._counting_from = now
        return True

    @property
    def unanswered(self) -> int:
        """Heartbeats that wait for their ack."""
        return len(self._waiting)
