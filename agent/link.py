"""The link to the principal as a state machine: pure, inputs and the time in, effects out.

    NEW -> CONNECTING -> LOGIN -> OPENING -> STREAMING
               ^            |        |           |
               |            v        v           v            any state -> STOPPED
               +---------- WAITING <-+-----------+

Everything that may happen is one row of TRANSITIONS; what is absent there is a programming error. Timers are inputs
too: `tick(now)` turns those that have passed into inputs and feeds them in, `next_timer()` says when to call it.

OPENING is a stream of which nothing has been heard. Our principal answers Subscribe with headers at once, the one of
argocd-agent only with its first event: so a stream without heartbeats counts as open after a while in which it did not
fail, and one with heartbeats is opened by the first ack.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from agent.backoff import ORDINARY, SLOW, Backoff
from agent.causes import NEEDS_A_PERSON, Cause, Verdict
from agent.deaths import Death
from agent.effects import Abort, Announce, Connect, Effect, Finish, On, SendHeartbeat, State, Wait
from agent.heartbeat import Heartbeats

ATTEMPT_DEADLINE: Final = 15.0
"""Seconds for connecting and logging in together. A sidecar accepts at once and holds the call while the principal is
away, so without it an attempt could hang for ever; a login through two sidecars takes milliseconds."""

OPENING_DEADLINE: Final = 30.0
"""Seconds in which something must be heard on a new stream with heartbeats. Longer than a heartbeat's deadline:
argocd-agent's principal takes some ten new streams a second after its start, and others wait their turn unheard."""

SETTLE: Final = 2.0
"""Seconds after which a stream without heartbeats counts as open although nothing was heard."""

PROVEN: Final = 3.0
"""Seconds that an open stream must have lived, if no heartbeat was answered, for the backoff to start over."""


class LinkError(Exception):
    """An input that the present state has no row for."""


@dataclass(frozen=True, slots=True)
class _Input:
    on: On
    now: float
    beat_id: str = ""
    verdict: Verdict | None = None


class Link:
    """The link of one agent. Times are monotonic seconds; `new_id` makes heartbeat ids, `rand` numbers in [0, 1)."""

    def __init__(
        self,
        *,
        heartbeat_interval: float,
        heartbeat_deadline: float,
        rand: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self.state = State.NEW
        self.heartbeats = Heartbeats(interval=heartbeat_interval, deadline=heartbeat_deadline, new_id=new_id)
        self.last_death: Death | None = None
        """The last stream's or attempt's end."""
        self._backoff = Backoff(rand=rand)
        self._report: Death | None = None
        self._attempt_at = 0.0
        self._subscribed_at: float | None = None
        self._busy_at = 0.0
        self._heard_at = 0.0
        self._resume_at = math.inf

    def handle(self, on: On, now: float, *, beat_id: str = "", verdict: Verdict | None = None) -> list[Effect]:
        """Something happened. `beat_id` goes with ACKED, `verdict` with LOST."""
        row = TRANSITIONS.get((self.state, on))
        if row is None:
            raise LinkError(f"{on.name} in state {self.state.name}")
        action, self.state = row
        return action(self, _Input(on, now, beat_id, verdict))

    def tick(self, now: float) -> list[Effect]:
        """Time has passed: whatever is due at `now` happens, in order."""
        effects: list[Effect] = []
        while (due := self._first_timer()) is not None and due[0] <= now:
            if due[1] is On.HEARTBEAT_OVERDUE and self.heartbeats.excuse(now):
                continue
            effects += self.handle(due[1], now)
        return effects

    def next_timer(self) -> float | None:
        """When to call tick(); None when only an input can change anything."""
        due = self._first_timer()
        return None if due is None else due[0]

    def sent(self, now: float) -> None:
        """Something was written to the stream: it was not quiet."""
        self._busy_at = now

    def _first_timer(self) -> tuple[float, On] | None:
        timers = _TIMERS.get(self.state)
        set_timers = [(at, on) for at, on in timers(self) if at is not None] if timers else []
        return min(set_timers, key=lambda timer: timer[0], default=None)

    def _attempt_timers(self) -> list[tuple[float | None, On]]:
        return [(self._attempt_at + ATTEMPT_DEADLINE, On.ATTEMPT_OVERDUE)]

    def _opening_timers(self) -> list[tuple[float | None, On]]:
        since = self._subscribed_at or 0.0
        next_beat = self.heartbeats.next_beat()
        if next_beat is None:
            return [(since + SETTLE, On.SETTLED)]
        limit = max(OPENING_DEADLINE, self.heartbeats.deadline)
        return [(since + limit, On.OPENING_OVERDUE), (next_beat, On.HEARTBEAT_DUE)]

    def _stream_timers(self) -> list[tuple[float | None, On]]:
        return [
            (self.heartbeats.overdue_at(), On.HEARTBEAT_OVERDUE),
            (self.heartbeats.next_beat(), On.HEARTBEAT_DUE),
        ]

    def _wait_timers(self) -> list[tuple[float | None, On]]:
        return [(self._resume_at, On.BACKOFF_OVER)]

    def _connect(self, at: _Input) -> list[Effect]:
        self._attempt_at = at.now
        self._subscribed_at = None
        return [Connect(self._report)]

    def _subscribe(self, at: _Input) -> list[Effect]:
        self._subscribed_at = self._busy_at = self._heard_at = at.now
        self.heartbeats.begin(at.now)
        return self.tick(at.now)

    def _announce(self, at: _Input) -> list[Effect]:
        self._report = None
        if at.on is not On.SETTLED:
            self._heard(at)
        return [Announce()]

    def _heard(self, at: _Input) -> list[Effect]:
        self._busy_at = self._heard_at = at.now
        self.heartbeats.heard(at.now)
        return []

    def _acked(self, at: _Input) -> list[Effect]:
        self._heard(at)
        if self.heartbeats.acknowledge(at.beat_id, at.now) is not None:
            self._backoff.reset()
        return []

    def _beat(self, at: _Input) -> list[Effect]:
        self._busy_at = at.now
        beat = self.heartbeats.beat(at.now)
        return [SendHeartbeat(beat.id, beat.round_trip)]

    def _overdue(self, at: _Input) -> list[Effect]:
        cause, detail = _OVERDUE[at.on]
        silence = at.now - self._heard_at
        verdict = Verdict(cause, detail.format(deadline=self.heartbeats.deadline, silence=silence))
        return [Abort(verdict), *self._mourn(verdict, at.now, opened=at.on is On.HEARTBEAT_OVERDUE)]

    def _lost(self, at: _Input) -> list[Effect]:
        return self._mourn(at.verdict or Verdict(Cause.UNKNOWN), at.now, opened=False)

    def _lost_stream(self, at: _Input) -> list[Effect]:
        return self._mourn(at.verdict or Verdict(Cause.UNKNOWN), at.now, opened=True)

    def _mourn(self, verdict: Verdict, now: float, *, opened: bool) -> list[Effect]:
        since = self._subscribed_at
        lived, quiet = (0.0, 0.0) if since is None else (now - since, now - self._busy_at)
        death = Death(verdict, lived=lived, quiet=quiet, opened=opened)
        self.last_death = death
        # A stream's death is kept until a principal has been told; an attempt that failed meanwhile doesn't replace it.
        if opened or (since is not None and self._report is None):
            self._report = death
        if opened and lived >= PROVEN:
            self._backoff.reset()
        pace = SLOW if verdict.cause in NEEDS_A_PERSON else ORDINARY
        delay = self._backoff.next(pace, pushback=verdict.pushback)
        self._resume_at = now + delay
        return [Wait(death, delay, self._resume_at)]

    def _finish(self, at: _Input) -> list[Effect]:
        del at
        return [Finish()]

    def _nothing(self, at: _Input) -> list[Effect]:
        del at
        return []


_Action = Callable[[Link, _Input], list[Effect]]

# Private actions of the class above: the table is part of it, and stands outside so that it can be read as a table.
# ruff: noqa: SLF001
TRANSITIONS: Final[dict[tuple[State, On], tuple[_Action, State]]] = {
    # not started
    (State.NEW, On.START): (Link._connect, State.CONNECTING),
    (State.NEW, On.STOP): (Link._finish, State.STOPPED),
    # connecting
    (State.CONNECTING, On.CONNECTED): (Link._nothing, State.LOGIN),
    (State.CONNECTING, On.LOST): (Link._lost, State.WAITING),
    (State.CONNECTING, On.ATTEMPT_OVERDUE): (Link._overdue, State.WAITING),
    (State.CONNECTING, On.STOP): (Link._finish, State.STOPPED),
    # connected
    (State.LOGIN, On.AUTHENTICATED): (Link._subscribe, State.OPENING),
    (State.LOGIN, On.LOST): (Link._lost, State.WAITING),
    (State.LOGIN, On.ATTEMPT_OVERDUE): (Link._overdue, State.WAITING),
    (State.LOGIN, On.STOP): (Link._finish, State.STOPPED),
    # logged in, Subscribe called
    (State.OPENING, On.STREAM_OPENED): (Link._announce, State.STREAMING),
    (State.OPENING, On.HEARD): (Link._announce, State.STREAMING),
    (State.OPENING, On.SETTLED): (Link._announce, State.STREAMING),
    (State.OPENING, On.HEARTBEAT_DUE): (Link._beat, State.OPENING),
    (State.OPENING, On.OPENING_OVERDUE): (Link._overdue, State.WAITING),
    (State.OPENING, On.LOST): (Link._lost, State.WAITING),
    (State.OPENING, On.STOP): (Link._finish, State.STOPPED),
    # the stream is open
    (State.STREAMING, On.STREAM_OPENED): (Link._heard, State.STREAMING),
    (State.STREAMING, On.HEARD): (Link._heard, State.STREAMING),
    (State.STREAMING, On.ACKED): (Link._acked, State.STREAMING),
    (State.STREAMING, On.HEARTBEAT_DUE): (Link._beat, State.STREAMING),
    (State.STREAMING, On.HEARTBEAT_OVERDUE): (Link._overdue, State.WAITING),
    (State.STREAMING, On.LOST): (Link._lost_stream, State.WAITING),
    (State.STREAMING, On.STOP): (Link._finish, State.STOPPED),
    # between attempts
    (State.WAITING, On.BACKOFF_OVER): (Link._connect, State.CONNECTING),
    (State.WAITING, On.STOP): (Link._finish, State.STOPPED),
}
"""(state, what happened) -> (what to do, the next state)."""

_TIMERS: Final[dict[State, Callable[[Link], list[tuple[float | None, On]]]]] = {
    State.CONNECTING: Link._attempt_timers,
    State.LOGIN: Link._attempt_timers,
    State.OPENING: Link._opening_timers,
    State.STREAMING: Link._stream_timers,
    State.WAITING: Link._wait_timers,
}
"""Timers that run in each state; of two that fall together the first listed wins."""

_OVERDUE: Final[dict[On, tuple[Cause, str]]] = {
    On.ATTEMPT_OVERDUE: (Cause.DEADLINE, f"no login within {ATTEMPT_DEADLINE:g} s"),
    On.OPENING_OVERDUE: (Cause.HEARTBEAT_UNANSWERED, "nothing was heard on the new stream for {silence:.1f} s"),
    On.HEARTBEAT_OVERDUE: (
        Cause.HEARTBEAT_UNANSWERED,
        "no answer within {deadline:g} s, and nothing at all was heard for {silence:.1f} s",
    ),
}
"""What a deadline that passed means, and how it is told."""
