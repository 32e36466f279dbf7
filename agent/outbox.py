"""What waits to be written to the principal: acks and heartbeats first, then the sending queue.

Acks and heartbeats are sent once and wait for nothing but the writer. The queue decides about the rest: one event an
object at a time, again until it is acknowledged, again at once on a new stream. It outlives streams.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from random import random
from typing import Final

import structlog

from hubproto.events import Event
from hubproto.sendqueue import SendQueue

log = structlog.stdlib.get_logger(__name__)

BATCH: Final = 16
"""Events taken from the queue at a time; acks and heartbeats overtake between two of them."""


class Outbox:
    """One agent's outgoing events. For one event loop; `stamp` gives the wall clock's time in RFC 3339."""

    def __init__(self, *, stamp: Callable[[], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._stamp = stamp
        self._clock = clock
        self._queue = SendQueue(rand=random)
        self._urgent: deque[Event] = deque()
        self._batch: deque[Event] = deque()
        self._wake = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many events have not been acknowledged or not been sent."""
        return self._queue.pending + self._queue.awaiting + len(self._urgent)

    def add(self, event: Event) -> None:
        """Queue an event that the principal has to acknowledge."""
        dropped = self._queue.add(event)
        if dropped:
            log.error("sending queue full: oldest events dropped", dropped=len(dropped))
        self._wake.set()

    def send_once(self, event: Event) -> None:
        """Send an ack or a heartbeat, before what is queued."""
        self._urgent.append(event)
        self._wake.set()

    def acknowledge(self, event: Event) -> None:
        """An ack of the principal's arrived."""
        self._queue.acknowledge(event)
        self._wake.set()

    def give_up(self, event: Event) -> None:
        """An event cannot be sent: forget it."""
        self._queue.acknowledge(event)

    def reopen(self) -> None:
        """A new stream: heartbeats of the old one are void, and what awaits its ack goes again."""
        self._urgent = deque(event for event in self._urgent if not event.is_heartbeat)
        self._batch.clear()
        self._queue.due_again()
        self._wake.set()

    async def next(self) -> Event:
        """The next event to write, as soon as there is one."""
        while True:
            if self._urgent:
                return self._urgent.popleft()
            if not self._batch:
                self._batch.extend(self._queue.take(self._clock(), stamp=self._stamp(), most=BATCH))
            if self._batch:
                return self._batch.popleft()
            await self._something()

    async def _something(self) -> None:
        self._wake.clear()
        due = self._queue.next_time()
        try:
            async with asyncio.timeout(None if due is None else max(0.0, due - self._clock())):
                await self._wake.wait()
        except TimeoutError:
            return
