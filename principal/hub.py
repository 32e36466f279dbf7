"""The hub: every agent's record, its stream and its events, whatever door it came in by.

A door hands calls in as `rpc` values; the hub answers. It holds no socket and reads no clock but the one it is given,
and nothing in it waits: events that need work go to `on_event`, which the runtime connects to the sync.
"""

from collections.abc import Callable
from typing import Final

import structlog

from hubproto import methods
from hubproto.events import Event, EventError
from principal.admission import Admission
from principal.agents import Agent, Agents
from principal.audit import Audit
from principal.caps import Limits, Sparing
from principal.clock import Clock
from principal.deaths import Death, DeathCause, parse_report
from principal.login import AUTHENTICATION_FAILED, INVALID_AUTHENTICATION, Caller, Login
from principal.rpc import CallInfo, Code, Kind, RpcError, Sink, unavailable
from principal.session import Session

log = structlog.stdlib.get_logger(__name__)

SHUTDOWN_PUSHBACK: Final = 0.5
"""Seconds that agents are asked to wait when this process stops: about what its successor needs to listen."""

SUPERSEDED_PUSHBACK: Final = 5.0
"""Seconds that the older of two streams of one agent is asked to wait, so that two processes don't evict each other
many times a second."""

OVERFLOW_LOG_EVERY: Final = 1000
"""Dropped events between two log lines about the same agent."""


METHODS: Final = {
    methods.AUTHENTICATE: Kind.UNARY,
    methods.REFRESH: Kind.UNARY,
    methods.VERSION: Kind.UNARY,
    methods.SUBSCRIBE: Kind.STREAM,
}
"""What is served. Push and Ping of the protocol are not: argocd-agent's own agents call neither."""


class Hub:
    """Sessions, queues and records of all agents."""

    def __init__(
        self, login: Login, clock: Clock, *, session_timeout: float | None, limits: Limits | None = None
    ) -> None:
        limits = limits or Limits()
        self.agents = Agents(limits.agents)
        self.audit = Audit()
        self.on_event: Callable[[Session, Event], None] = lambda session, event: session.acknowledge(event)
        """Process an event, then acknowledge it."""
        self.on_connected: Callable[[Agent], None] = lambda _agent: None
        """A stream opened; called before anything is sent on it."""
        self.on_drained: Callable[[Agent], None] = lambda _agent: None
        """A queue that had overflowed is empty again."""
        self._login = login
        self._clock = clock
        self._timeout = session_timeout
        self._closing = False
        self._dropped = 0
        self._undecodable = Sparing()
        self._admission = Admission(limits, self.agents, self.audit, clock)
        login.gate = self._admission.gate

    def kind(self, method: str) -> Kind | None:
        """How `method` is called, None when it is not served."""
        return METHODS.get(method)

    async def unary(self, method: str, request: bytes, call: CallInfo) -> bytes:
        """Answer Authenticate, RefreshToken or Version; RpcError otherwise."""
        if method == methods.AUTHENTICATE:
            if self._closing:
                raise self._leaving()
            caller, response = await self._login.authenticate(request, call, now=self._clock.wall())
            self._admission.agent_of(caller, call, refusal=AUTHENTICATION_FAILED)
            return response
        if method == methods.REFRESH:
            return self._login.refresh(request, call, now=self._clock.wall())
        if method == methods.VERSION:
            return self._login.version()
        raise RpcError(Code.UNIMPLEMENTED, f"unknown method {method}")

    def open_stream(self, method: str, call: CallInfo, sink: Sink) -> Session:
        """Open a Subscribe stream for the agent that its token and header name; RpcError when it is refused."""
        if method != methods.SUBSCRIBE:
            raise RpcError(Code.UNIMPLEMENTED, f"unknown method {method}")
        if self._closing:
            raise self._leaving()
        caller = self._login.admit(call, now=self._clock.wall())
        self._admission.check_room(caller, call)
        agent = self._admission.agent_of(caller, call, refusal=INVALID_AUTHENTICATION)
        self._take_report(agent, call)
        self._replace(agent, caller, call)
        agent.streams += 1
        session = Session(
            agent,
            generation=agent.streams,
            identity=caller.identity,
            connection=call.connection,
            sink=sink,
            clock=self._clock,
            ears=self,
            timeout=self._timeout,
        )
        agent.session = session
        agent.ownership.take(session.owner)
        self.agents.came(agent)
        self._admission.opened(session.owner)
        agent.queue.drop(lambda event: not agent.admits(event))
        agent.queue.due_again()
        log.info(
            "agent connected",
            agent=agent.name,
            identity=caller.identity,
            mode=caller.mode,
            connection=call.connection.id,
            peer=call.connection.peer,
            generation=session.generation,
        )
        try:
            self.on_connected(agent)
            session.pump()
        except BaseException:
            # The door will not hear of this stream, so it can't say that it has closed.
            session.on_closed("it could not be opened")
            raise
        return session

    def enqueue(self, name: str, event: Event) -> None:
        """Put an event on its way to agent `name`, connected or not. It goes at once if it may."""
        agent = self.agents.ensure(name)
        session = agent.session
        if not agent.admits(event) or (session is not None and session.pass_on(event)):
            return
        dropped = agent.queue.add(event)
        if dropped:
            self._overflow(agent, len(dropped))
        if session is not None:
            session.pump()

    def close(self) -> None:
        """Refuse new streams and end the open ones, so that their agents come back to whoever listens then."""
        self._closing = True
        for session in list(self.agents.sessions()):
            session.end(DeathCause.SHUTDOWN, "the principal is shutting down", wait=SHUTDOWN_PUSHBACK)

    def event_arrived(self, session: Session, event: Event) -> None:
        """An event other than ack and heartbeat arrived."""
        self.on_event(session, event)

    def drained(self, agent: Agent) -> None:
        """An agent has acknowledged all that was on its way to it."""
        if agent.lost_events:
            agent.lost_events = False
            self.on_drained(agent)

    def undecodable(self, session: Session, error: EventError) -> None:
        """A message was no event: it can't be acknowledged, for it has no ids; the stream goes on."""
        session.agent.events_refused += 1
        # Sparing: fifteen kilobytes can be three thousand of them.
        left_out = self._undecodable.line(now=self._clock.monotonic())
        if left_out is not None:
            log.warning(
                "undecodable event", agent=session.agent.name, rule=error.rule, reason=str(error), left_out=left_out
            )

    def session_over(self, session: Session, death: Death) -> None:
        """A stream ended."""
        agent = session.agent
        if agent.session is session:
            agent.session = None
            agent.ownership.leave(self._clock.monotonic())
            self.agents.left(agent)
        agent.mourn(death)
        log.info(
            "agent disconnected",
            agent=agent.name,
            cause=death.cause.value,
            detail=death.detail,
            lived=f"{death.lived:.1f}s",
            quiet=f"{death.quiet:.1f}s",
            generation=session.generation,
        )

    def session_closed(self, session: Session) -> None:
        """A stream's transport is gone."""
        self._admission.closed(session.owner)

    def _leaving(self) -> RpcError:
        return unavailable("the principal is shutting down", wait=SHUTDOWN_PUSHBACK)

    def _replace(self, agent: Agent, caller: Caller, call: CallInfo) -> None:
        """End the stream that the agent has, if it has one: the newer wins, for its agent is there."""
        old = agent.session
        if old is None:
            return
        agent.takeovers += 1
        if not old.ghost() and agent.ownership.taken_over(self._clock.monotonic()):
            agent.contended_at = self._clock.wall()
            self._admission.contended(agent, f"{old.owner} from {old.connection.peer}", caller, call)
        old.end(DeathCause.SUPERSEDED, "superseded by a newer stream of the same agent", wait=SUPERSEDED_PUSHBACK)

    def _take_report(self, agent: Agent, call: CallInfo) -> None:
        report = parse_report(call.values(methods.LAST_DEATH))
        if report is not None and agent.deaths and agent.deaths[-1].report is None:
            agent.deaths[-1].report = report

    def _overflow(self, agent: Agent, dropped: int) -> None:
        # What was dropped is made good: once the queue has drained, everything is offered again.
        agent.lost_events = True
        if self._dropped % OVERFLOW_LOG_EVERY == 0:
            log.error("queue full: events dropped", agent=agent.name, dropped=dropped, waiting=agent.queue.pending)
        self._dropped += dropped
