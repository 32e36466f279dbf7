"""One open stream: a reader and a writer that wait for nothing but the transport.

The reader hands acks and heartbeats' answers on at once and everything else to its ears, which never block it. The
writer writes what the outbox gives it, one message at a time. The stream ends when either of them does.
"""

import asyncio
from contextlib import suppress
from typing import Final, Protocol

import structlog

from agent.outbox import Outbox
from agent.transport import CallError, Stream
from hubproto.events import Event, EventError, decode, encode

log = structlog.stdlib.get_logger(__name__)

GOODBYE: Final = 1.0
"""Seconds that the principal has to end a stream that the agent has half-closed, before it is cancelled."""


class Ears(Protocol):
    """Who wants to hear of a stream. No method blocks."""

    def opened(self) -> None:
        """The principal has answered Subscribe."""

    def heard(self) -> None:
        """A message arrived; what it is follows."""

    def acked(self, event: Event) -> None:
        """An ack arrived."""

    def arrived(self, event: Event, size: int) -> None:
        """Another event arrived; `size` in bytes, serialised."""

    def wrote(self) -> None:
        """A message was written."""


class Pump:
    """Moves messages between a stream, the outbox and the ears."""

    def __init__(self, stream: Stream, outbox: Outbox, ears: Ears, *, max_message_size: int) -> None:
        self._stream = stream
        self._outbox = outbox
        self._ears = ears
        self._limit = max_message_size

    async def run(self, goodbye: asyncio.Event) -> None:
        """Until the stream ends, which is a CallError; or until `goodbye` is set, then end it politely and return."""
        reader = asyncio.create_task(self._read())
        writer = asyncio.create_task(self._write())
        opener = asyncio.create_task(self._open())
        leaving = asyncio.create_task(goodbye.wait())
        tasks = (reader, writer, opener, leaving)
        try:
            done, _ = await asyncio.wait((reader, writer, leaving), return_when=asyncio.FIRST_COMPLETED)
            if leaving in done and reader not in done:
                await self._leave(reader, writer)
                return
            # The reader knows best why a stream ended: the status comes to it.
            await (reader if reader in done else writer)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _open(self) -> None:
        with suppress(CallError):  # the reader is told the same
            await self._stream.opened()
            self._ears.opened()

    async def _read(self) -> None:
        while True:
            message = await self._stream.read()
            self._ears.heard()
            try:
                event = decode(message)
            except EventError as error:
                # Without its ids it cannot be acknowledged; its sender will repeat it, and this line tells why.
                log.warning("message not understood", rule=error.rule, reason=str(error), bytes=len(message))
                continue
            if event.is_ack:
                self._ears.acked(event)
            else:
                self._ears.arrived(event, len(message))

    async def _write(self) -> None:
        while True:
            event = await self._outbox.next()
            message = self._encoded(event)
            if message is not None:
                await self._stream.write(message)
                self._ears.wrote()

    def _encoded(self, event: Event) -> bytes | None:
        """An event's bytes; None for one that would end the stream each time it is tried."""
        try:
            message = encode(event)
        except EventError as error:
            reason = str(error)
        else:
            if len(message) <= self._limit:
                return message
            reason = f"{len(message)} bytes, at most {self._limit} are sent (--grpc-max-message-size)"
        log.error("event cannot be sent", id=event.event_id, type=event.type, reason=reason)
        self._outbox.give_up(event)
        return None

    async def _leave(self, reader: "asyncio.Task[None]", writer: "asyncio.Task[None]") -> None:
        writer.cancel()
        await asyncio.wait((writer,))
        try:
            async with asyncio.timeout(GOODBYE):
                await self._stream.half_close()
                await reader
        except (CallError, TimeoutError):
            return
