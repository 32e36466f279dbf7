"""Runs the plan of a managed agent: events in, store written, events out.

One worker takes the principal's events in order and acknowledges each when it is dealt with; one watcher follows the
store. Neither ever waits for the network, and the stream never waits for them.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from agent.inbox import Inbox, Taken
from agent.outbox import Outbox
from agent.sync import Effect, Note, Planner, Send
from agent.transport import Login
from agent.writes import Removal, Upsert, Write
from hubproto.events import Event, EventError, ack
from stores.model import Change, Store, StoreError

log = structlog.stdlib.get_logger(__name__)

FULL_LOG_EVERY: Final = 1000
"""Dropped events between two log lines."""


class Syncer:
    """Keeps a store as the principal wants it. `clock` gives monotonic seconds."""

    def __init__(
        self, store: Store, planner: Planner, outbox: Outbox, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._planner = planner
        self._outbox = outbox
        self._clock = clock
        self._inbox = Inbox()
        self._dropped = 0
        self._loaded = asyncio.Event()
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled; an exception is a fault of the store's or of ours."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            tasks.create_task(self._work())

    def logged_in(self, login: Login) -> None:
        """The principal told this agent's name."""
        self._planner.agent = login.claims.agent

    def stream_open(self) -> None:
        """A stream is open."""
        self._tell(self._planner.opened(self._clock()))

    def stream_over(self) -> None:
        """It has ended."""
        self._planner.closed()

    def arrived(self, event: Event, size: int) -> None:
        """Take an event; it is acknowledged when it has been dealt with."""
        if self._inbox.put(event, size) is Taken.NO_ROOM:
            if self._dropped % FULL_LOG_EVERY == 0:
                log.warning("inbox full: the principal will repeat what was dropped", waiting=len(self._inbox))
            self._dropped += 1
        self._wake.set()

    async def _watch(self) -> None:
        async for change in self._store.watch():
            if isinstance(change, Change):
                self._changed(change)
            else:
                self._tell(self._planner.loaded(self._clock()))
                self._loaded.set()
        raise RuntimeError("the store's watch ended")

    def _changed(self, change: Change) -> None:
        try:
            self._tell(self._planner.changed(change, self._clock()))
        except EventError as error:
            # What YAML can say and JSON can't: the file's owner has to mend it; the other objects go on.
            log.warning("change cannot be told", object=str(change.object.key), reason=str(error))

    async def _work(self) -> None:
        await self._loaded.wait()
        while True:
            event = self._inbox.take()
            if event is None:
                await self._something()
            else:
                if await self._deal(event):
                    self._outbox.send_once(ack(event))
                self._inbox.done(event)
            self._tell(self._planner.tick(self._clock()))

    async def _something(self) -> None:
        self._wake.clear()
        due = self._planner.next_time()
        try:
            async with asyncio.timeout(None if due is None else max(0.0, due - self._clock())):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _deal(self, event: Event) -> bool:
        """Whether the event is to be acknowledged: not, if the same event may succeed later."""
        effects = deque(self._planner.received(event))
        while effects:
            effect = effects.popleft()
            if not isinstance(effect, Upsert | Removal):
                self._tell((effect,))
                continue
            try:
                effects.extend(await self._write(effect))
            except StoreError as error:
                log.warning("event will be repeated", object=str(effect.key), reason=str(error))
                return False
            except EventError as error:
                log.warning("what was done cannot be told", object=str(effect.key), reason=str(error))
        return True

    async def _write(self, write: Write) -> list[Effect]:
        try:
            await self._store.update(write.key, write)
        except StoreError as error:
            if error.retryable:
                raise
            return self._planner.failed(write, error)
        return self._planner.wrote(write)

    def _tell(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(event=event):
                    self._outbox.add(event)
                case Note(message=message, facts=facts, warning=warning):
                    (log.warning if warning else log.info)(message, **facts)
                case _:
                    raise TypeError(f"{type(effect).__name__} belongs to an event")
        self._wake.set()


class Passive:
    """Sync of an agent that holds the truth itself, as far as this release goes: every event is acknowledged."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        log.warning("sync of autonomous agents comes in a later release: events are acknowledged and dropped")

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.Event().wait()

    def logged_in(self, login: Login) -> None:
        """Nothing depends on the name."""

    def stream_open(self) -> None:
        """Nothing is to be told."""

    def stream_over(self) -> None:
        """Nothing is lost."""

    def arrived(self, event: Event, size: int) -> None:
        """Acknowledge an event."""
        del size
        self._outbox.send_once(ack(event))
