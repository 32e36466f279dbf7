"""Drives the link: feeds it what happens, does what it asks for, and wakes it when a timer is due.

One attempt runs at a time, as one task that closes its connection on every path. Words of an attempt that is over are
dropped by its number.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

import structlog

from agent.causes import Cause, Verdict, printable
from agent.config import AgentConfig
from agent.deaths import Death
from agent.effects import Abort, Announce, Connect, Effect, Finish, On, SendHeartbeat, State, Wait
from agent.link import Link
from agent.outbox import Outbox
from agent.stream import GOODBYE, Pump
from agent.transport import CallError, Connection, Login, Transport
from hubproto.events import Event, heartbeat
from hubproto.vocabulary import RTT_MS

log = structlog.stdlib.get_logger(__name__)

CLOSE_TIMEOUT: Final = 5.0
"""Seconds for a connection to close; nothing in it waits for the network."""


class Sync(Protocol):
    """Who deals with events. No method blocks."""

    def logged_in(self, login: Login) -> None:
        """The principal told this agent's name."""

    def stream_open(self) -> None:
        """A stream is open."""

    def stream_over(self) -> None:
        """It has ended."""

    def arrived(self, event: Event, size: int) -> None:
        """An event to be processed and acknowledged."""


class Driver:
    """The running link of one agent."""

    def __init__(
        self,
        config: AgentConfig,
        *,
        link: Link,
        transport: Transport,
        outbox: Outbox,
        sync: Sync,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._link = link
        self._transport = transport
        self._outbox = outbox
        self._sync = sync
        self._clock = clock
        self._number = 0
        self._attempt: asyncio.Task[None] | None = None
        self._login: Login | None = None
        self._pumping = False
        self._wake = asyncio.Event()
        self._goodbye = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the link until `stop` is set, then end it politely."""
        stopping = asyncio.create_task(self._wake_at(stop))
        try:
            self.feed(On.START)
            while self._link.state is not State.STOPPED:
                await self._something()
                if stop.is_set():
                    self.feed(On.STOP)
                else:
                    self._perform(self._link.tick(self._clock()))
        finally:
            stopping.cancel()
            await self._end_attempt()
            await asyncio.gather(stopping, return_exceptions=True)

    def feed(self, on: On, *, beat_id: str = "", verdict: Verdict | None = None) -> None:
        """Something happened to the present attempt."""
        self._perform(self._link.handle(on, self._clock(), beat_id=beat_id, verdict=verdict))
        self._wake.set()

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _something(self) -> None:
        due = self._link.next_timer()
        try:
            async with asyncio.timeout(None if due is None else max(0.0, due - self._clock())):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    def _perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Connect(report=report):
                    self._begin(report)
                case SendHeartbeat():
                    self._beat(effect)
                case Announce():
                    self._announce()
                case Abort(verdict=verdict):
                    log.debug("attempt aborted", cause=verdict.cause.value)
                    self._cancel()
                case Wait():
                    self._mourn(effect)
                case Finish():
                    self._goodbye.set()

    def _begin(self, report: Death | None) -> None:
        self._number += 1
        words = None if report is None else report.report()
        self._attempt = asyncio.create_task(self._try(self._number, words, self._attempt))

    async def _try(self, number: int, report: str | None, previous: "asyncio.Task[None] | None") -> None:
        if previous is not None:
            await asyncio.wait((previous,))
        connection: Connection | None = None
        try:
            connection = self._transport.attempt()
            await self._live(number, connection, report)
        except CallError as error:
            self._over(number, error.verdict)
        except Exception as error:
            # The boundary of the attempt's task: whatever a library or a fault of ours throws at it, the agent goes on
            # trying, slowly, and the log has the place.
            log.exception("attempt failed unexpectedly")
            self._over(number, Verdict(Cause.INTERNAL_ERROR, printable(f"{type(error).__name__}: {error}")))
        finally:
            if connection is not None:
                await self._close(connection)

    async def _live(self, number: int, connection: Connection, report: str | None) -> None:
        await connection.connect()
        self.feed(On.CONNECTED)
        self._login = await connection.login()
        self._sync.logged_in(self._login)
        self._check_login(self._login)
        stream = await connection.subscribe(report)
        self._outbox.reopen()
        self.feed(On.AUTHENTICATED)
        pump = Pump(stream, self._outbox, _Ears(self, number), max_message_size=self._config.max_message_size)
        self._pumping = True
        try:
            await pump.run(self._goodbye)
        finally:
            self._pumping = False

    def _current(self, number: int) -> bool:
        return number == self._number and self._link.state not in (State.WAITING, State.STOPPED)

    def _over(self, number: int, verdict: Verdict) -> None:
        if self._current(number):
            self.feed(On.LOST, verdict=verdict)

    def _check_login(self, login: Login) -> None:
        if login.claims.mode != self._config.mode:
            log.warning("the principal took another mode", ours=self._config.mode, theirs=login.claims.mode)
        if login.version and login.version != self._config.protocol_version:
            log.warning("the principal has another version", ours=self._config.protocol_version, theirs=login.version)

    def _beat(self, effect: SendHeartbeat) -> None:
        event = heartbeat(effect.id)
        if effect.round_trip is not None:
            event = replace(event, extra=((RTT_MS, f"{effect.round_trip * 1000:.3f}"),))
        self._outbox.send_once(event)

    def _announce(self) -> None:
        claims = self._login.claims if self._login else None
        interval = self._config.heartbeat_interval
        log.info(
            "stream open",
            principal=self._transport.address,
            agent=claims.agent if claims else "",
            mode=self._config.mode,
            heartbeat=f"{interval:g}s" if interval else "off",
        )
        self._sync.stream_open()

    def _mourn(self, wait: Wait) -> None:
        death = wait.death
        self._sync.stream_over()
        log.warning(
            "stream lost" if death.opened else "connection failed",
            principal=self._transport.address,
            cause=death.cause.value,
            why=death.verdict.sentence,
            detail=death.verdict.detail,
            lived=f"{death.lived:.1f}s",
            quiet=f"{death.quiet:.1f}s",
            next_attempt_in=f"{wait.delay:.1f}s",
        )

    def _cancel(self) -> None:
        if self._attempt is not None:
            self._attempt.cancel()

    async def _end_attempt(self) -> None:
        attempt = self._attempt
        if attempt is None:
            return
        if not self._pumping:
            attempt.cancel()
        await asyncio.wait((attempt,), timeout=2 * GOODBYE)
        attempt.cancel()
        await asyncio.wait((attempt,), timeout=CLOSE_TIMEOUT)

    async def _close(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await connection.close()
        except TimeoutError:
            log.warning("connection does not close", principal=self._transport.address)


class _Ears:
    """Hears one stream, and passes its words on while its attempt is the present one."""

    # ruff: noqa: SLF001 - a part of the driver, apart only to hold the attempt's number
    def __init__(self, driver: Driver, number: int) -> None:
        self._driver = driver
        self._number = number

    def opened(self) -> None:
        """The principal has answered Subscribe."""
        self._feed(On.STREAM_OPENED)

    def heard(self) -> None:
        """A message arrived."""
        self._feed(On.HEARD)

    def acked(self, event: Event) -> None:
        """An ack arrived: a heartbeat's, or of an event in the queue."""
        if self._driver._link.heartbeats.waits_for(event.event_id):
            self._feed(On.ACKED, beat_id=event.event_id)
        else:
            self._driver._outbox.acknowledge(event)

    def arrived(self, event: Event, size: int) -> None:
        """Another event arrived."""
        self._driver._sync.arrived(event, size)

    def wrote(self) -> None:
        """A message was written."""
        self._driver._link.sent(self._driver._clock())

    def _feed(self, on: On, *, beat_id: str = "") -> None:
        if self._driver._current(self._number):
            self._driver.feed(on, beat_id=beat_id)
