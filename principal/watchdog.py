"""When a silent session is a ghost: a last-heard watchdog that learns each stream's own rhythm.

Nothing an agent sets lets the principal see that the path beyond its own sidecar is gone (measured: neither the
principal's HTTP/2 pings nor its TCP keepalive, which end at that sidecar). What it can see is that heartbeats which
came every so often no longer come. A stream that never sent any is never ended: it may be argocd-agent's default.
"""

from principal.recent import remember

GAPS_ALLOWED = 3.0
"""Heartbeat gaps without a word until a session counts as dead: two may be lost to a reconnecting proxy, three not."""

ARMED_AFTER = 2
"""Heartbeats before the rhythm is known: two make one gap."""

GAPS_REMEMBERED = 8
"""Gaps that the rhythm is learnt from: enough to bridge jitter, few enough that one long pause is soon forgotten."""

MIN_TIMEOUT = 2.0
"""Seconds; the least learnt time-out. Below it a busy event loop or a garbage collection would end healthy streams."""

STALL = 1.0
"""Seconds a check may come late before the lateness is ours (a stopped process, a starved loop), not the agent's."""


class Watchdog:
    """Watches one stream. `timeout` in seconds fixes the limit; None learns it from the widest recent gap."""

    __slots__ = ("_excused_until", "_gaps", "_last_heartbeat", "heartbeats", "last_heard", "timeout")

    def __init__(self, timeout: float | None = None) -> None:
        self.timeout = timeout
        self.heartbeats = 0
        self.last_heard: float | None = None
        self._last_heartbeat: float | None = None
        self._gaps: list[float] = []
        self._excused_until = 0.0

    def heard(self, now: float, *, heartbeat: bool) -> None:
        """Something arrived at monotonic second `now`."""
        self.last_heard = now
        if not heartbeat:
            return
        self.heartbeats += 1
        if self._last_heartbeat is not None:
            remember(self._gaps, now - self._last_heartbeat, most=GAPS_REMEMBERED)
        self._last_heartbeat = now

    def limit(self) -> float | None:
        """Seconds of silence that end the session; None while it is not armed."""
        if self.heartbeats < ARMED_AFTER:
            return None
        return self.timeout if self.timeout is not None else max(MIN_TIMEOUT, GAPS_ALLOWED * max(self._gaps))

    def deadline(self) -> float | None:
        """The monotonic second at which the session is dead unless something is heard; None while it is not armed."""
        limit = self.limit()
        if limit is None or self.last_heard is None:
            return None
        return max(self.last_heard + limit, self._excused_until)

    def expired(self, now: float) -> bool:
        """Whether the session is dead at `now`.

        A check that comes far too late means that this process did not run, so what the agent sent may still lie
        unread: the session is excused for one more limit.
        """
        deadline, limit = self.deadline(), self.limit()
        if deadline is None or limit is None or now < deadline:
            return False
        if now - deadline > STALL:
            self._excused_until = now + limit
            return False
        return True
