"""One agent's open stream: what arrives is sorted here, and what is due goes out.

Acks and heartbeats are dealt with on receipt, in this call, apart from event processing: an agent counts a missing
ack as death, and a slow store must not look like one. Everything else goes to the inbox and is acknowledged when it
has been processed.
"""

from typing import Protocol

from hubproto.events import Event, EventError, ack, encode
from hubproto.heartbeats import HeartbeatAnswers
from hubproto.memos import Decoder, Encoder
from hubproto.vocabulary import RTT_MS
from principal.agents import Agent
from principal.clock import Clock, Stamps, Timer
from principal.deaths import Death, DeathCause
from principal.rpc import OK, Code, ConnectionInfo, Sink, Status, StreamCounts, pushback
from principal.watchdog import Watchdog

SEND_BATCH = 64
"""Events taken from the queue at a time, between two looks at whether the stream still takes more."""


MAX_HEARTBEAT = 4096
"""Bytes of a heartbeat that is answered: the ack repeats its attributes, and ours has about 200."""

_answers = HeartbeatAnswers()
"""Of all sessions: agents' heartbeats look alike."""

_stamps = Stamps()
_encoder = Encoder()
_decoder = Decoder()


class Ears(Protocol):
    """Who wants to hear of a session: the hub."""

    def event_arrived(self, session: "Session", event: Event) -> None:
        """An event to be processed, then acknowledged with `session.acknowledge`."""

    def drained(self, agent: Agent) -> None:
        """Nothing is on its way to the agent any more."""

    def undecodable(self, session: "Session", error: EventError) -> None:
        """A message that is no event of this protocol."""

    def session_over(self, session: "Session", death: Death) -> None:
        """The stream ended."""

    def session_closed(self, session: "Session") -> None:
        """Its transport is gone too: now, or some time after it had ended."""


class Session:
    """One stream. Everything runs on one event loop; no method blocks."""

    __slots__ = (
        "_clock", "_closed", "_ears", "_guard", "_retry", "_retry_at", "_sink", "agent", "connection", "generation",
        "identity", "opened", "opened_wall", "over", "watchdog",
    )  # fmt: skip

    def __init__(  # every part of a stream, named once, where the hub opens it
        self,
        agent: Agent,
        *,
        generation: int,
        identity: str | None,
        connection: ConnectionInfo,
        sink: Sink,
        clock: Clock,
        ears: Ears,
        timeout: float | None,
    ) -> None:
        self.agent = agent
        self.generation = generation
        self.identity = identity
        self.connection = connection
        self.opened = clock.monotonic()
        self.opened_wall = clock.wall()
        self.watchdog = Watchdog(timeout)
        self.over = False
        self._closed = False
        self._sink = sink
        self._clock = clock
        self._ears = ears
        self._retry: Timer | None = None
        self._retry_at = float("inf")
        self._guard: Timer | None = None

    def on_message(self, message: bytes) -> None:
        """One serialised event arrived."""
        if self.over:
            return
        known = _answers.answer(message)
        if known is not None:
            self._heard(heartbeat=True)
            self._answer(*known)
            return
        try:
            event = _decoder.decoded(message)
        except EventError as error:
            self._heard(heartbeat=False)
            self._ears.undecodable(self, error)
            return
        self._heard(heartbeat=event.is_heartbeat)
        if event.is_heartbeat:
            self._read_heartbeat(event, message)
        elif event.is_ack:
            self._acknowledged(event)
        else:
            self.agent.events_received += 1
            self._ears.event_arrived(self, event)

    def on_writable(self) -> None:
        """The stream takes more again."""
        self.pump()

    def on_half_closed(self) -> None:
        """The agent will send nothing more: no ack either, so there is nothing left to do on this stream."""
        if not self.over:
            self._sink.end(OK)
            self._finish(DeathCause.REMOTE_CLOSED, "the agent's side ended the stream")

    def on_closed(self, reason: str) -> None:
        """The transport says that the stream is over."""
        self._finish(DeathCause.REMOTE_CLOSED, reason)
        if not self._closed:
            self._closed = True
            self._ears.session_closed(self)

    def acknowledge(self, event: Event) -> None:
        """Tell the agent that `event` has been dealt with."""
        if not self.over:
            self._sink.send(encode(ack(event)))

    def pass_on(self, event: Event) -> bool:
        """Send an event now if nothing may go before it; False when it has to be queued."""
        if self.over or not self._sink.writable():
            return False
        clock, queue = self._clock, self.agent.queue
        sent = queue.pass_through(event, clock.monotonic(), stamp=_stamps.at(clock.wall()))
        if sent is None:
            return False
        self._sink.send(_encoder.encoded(sent))
        self._wake_at(queue.next_time())
        return True

    def pump(self) -> None:
        """Send what is due, as far as the stream takes it, and set the timer for what is due next."""
        queue, now = self.agent.queue, self._clock.monotonic()
        while not self.over and self._sink.writable():
            when = queue.next_time()
            if when is None or when > now:
                self._wake_at(when)
                return
            for event in queue.take(now, stamp=_stamps.at(self._clock.wall()), most=SEND_BATCH):
                self._sink.send(_encoder.encoded(event))

    def end(self, cause: DeathCause, detail: str, *, wait: float) -> None:
        """End the stream from this side: UNAVAILABLE, on which every agent reconnects, `wait` seconds later."""
        if self.over:
            return
        self._sink.end(Status(Code.UNAVAILABLE, detail, pushback(wait)))
        self._finish(cause, detail)

    @property
    def owner(self) -> str:
        """Whom the stream belongs to: the identity, or the agent's name where the header tells none."""
        return self.identity or self.agent.name

    def counts(self) -> StreamCounts:
        """What has passed over its stream."""
        return self._sink.counts()

    def quiet(self) -> float:
        """Seconds since anything was heard."""
        return self._clock.monotonic() - (self.watchdog.last_heard or self.opened)

    def ghost(self) -> bool:
        """Whether heartbeats that should have come did not: the agent has probably gone without a word."""
        limit = self.watchdog.limit()
        return limit is not None and self.quiet() > limit / 2

    def _heard(self, *, heartbeat: bool) -> None:
        self.watchdog.heard(self._clock.monotonic(), heartbeat=heartbeat)
        if self._guard is None:
            self._arm()

    def _acknowledged(self, event: Event) -> None:
        queue = self.agent.queue
        queue.acknowledge(event)
        self.pump()
        if not queue.pending and not queue.awaiting:
            self._ears.drained(self.agent)

    def _read_heartbeat(self, event: Event, message: bytes) -> None:
        if len(message) > MAX_HEARTBEAT:
            why = f"a heartbeat of {len(message)} bytes: at most {MAX_HEARTBEAT} are answered"
            self._ears.undecodable(self, EventError("heartbeat-size", why))
            return
        answer = encode(ack(event))
        _answers.learn(message, event, answer)
        self._answer(answer, next((value for name, value in event.extra if name == RTT_MS), ""))

    def _answer(self, answer: bytes, rtt: str) -> None:
        stats = self.agent.heartbeat
        stats.received += 1
        stats.last = self._clock.wall()
        if rtt:
            stats.note_rtt(rtt)
        self._sink.send(answer)
        stats.acked += 1

    def _arm(self) -> None:
        deadline = self.watchdog.deadline()
        if deadline is not None:
            self._guard = self._clock.call_at(deadline, self._check)

    def _check(self) -> None:
        self._guard = None
        if self.over:
            return
        if not self.watchdog.expired(self._clock.monotonic()):
            self._arm()
            return
        limit = self.watchdog.limit()
        self.end(
            DeathCause.SESSION_TIMEOUT,
            f"session timed out: no heartbeat for {self.quiet():.1f} s, the limit is {limit:.1f} s",
            wait=0.0,
        )

    def _wake_at(self, when: float | None) -> None:
        # A timer that runs out too early costs one look at the queue; to move it with each event would cost more.
        if when is None or when >= self._retry_at:
            return
        _cancel(self._retry)
        self._retry_at = when
        self._retry = self._clock.call_at(when, self._retry_due)

    def _retry_due(self) -> None:
        self._retry, self._retry_at = None, float("inf")
        self.pump()

    def _finish(self, cause: DeathCause, detail: str) -> None:
        if self.over:
            return
        self.over = True
        _cancel(self._retry)
        _cancel(self._guard)
        lived = self._clock.monotonic() - self.opened
        death = Death(at=self._clock.wall(), cause=cause, detail=detail, lived=lived, quiet=self.quiet())
        self._ears.session_over(self, death)


def _cancel(timer: Timer | None) -> None:
    if timer is not None:
        timer.cancel()
