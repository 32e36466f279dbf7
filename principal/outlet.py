"""What the hub sends on one stream, until a transport takes it that writes one message at a time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from principal.rpc import Status, StreamCounts, StreamHandler

HIGH_WATER_BYTES: Final = 1024 * 1024
"""Bytes unsent on one stream above which the hub holds its queue back (spec reliability F12)."""

END_GRACE: Final = 5.0
"""Seconds that a stream may take to close once the hub has ended it. A peer that reads nothing would otherwise keep it,
and its place among its identity's streams, until the transport gives up."""


class Outlet:
    """A sink that holds what is sent until `drain` has written it."""

    def __init__(self) -> None:
        self.handler: StreamHandler | None = None
        """Who is told that the stream takes more again."""
        self.status: Status | None = None
        """How the hub ended the stream, once it has."""
        self.writer: asyncio.Task[Status] | None = None
        """The task that drains."""
        self.room = asyncio.Event()
        """Set while the stream takes more."""
        self.room.set()
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._sent = 0
        self.received = 0
        """Messages that have come; counted by whoever reads them."""
        self._wake = asyncio.Event()

    def send(self, message: bytes) -> None:
        """Hold a message until it can be written; one after the end is dropped."""
        if self.status is None:
            self._waiting.append(message)
            self._bytes += len(message)
            self._wake.set()
            if not self.writable():
                self.room.clear()

    def counts(self) -> StreamCounts:
        """Messages both ways; gRPC's server tells no more."""
        return StreamCounts(messages_received=self.received, messages_sent=self._sent, unsent=self._bytes)

    def writable(self) -> bool:
        """Whether the hub may send more of what can wait."""
        return self._bytes < HIGH_WATER_BYTES

    def end(self, status: Status) -> None:
        """End the stream after what waits, or after END_GRACE without it."""
        if self.status is None:
            self.status = status
            self._wake.set()
            asyncio.get_running_loop().call_later(END_GRACE, self._give_up)

    async def drain(self, write: Callable[[bytes], Awaitable[object]]) -> Status:
        """Write what waits, as it comes, until the hub ends the stream."""
        while True:
            while self._waiting:
                message = self._waiting.popleft()
                await write(message)
                self._sent += 1
                was_writable = self.writable()
                self._bytes -= len(message)
                if not was_writable and self.writable():
                    self.room.set()
                    if self.handler is not None:
                        self.handler.on_writable()
            if self.status is not None:
                return self.status
            self._wake.clear()
            await self._wake.wait()

    def _give_up(self) -> None:
        """The peer takes nothing: what it has not been sent is dropped."""
        if self.writer is not None:
            self.writer.cancel()
