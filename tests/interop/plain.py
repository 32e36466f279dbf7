"""The door's HTTP/2 core under an ordinary web server: waits for the whole request, then answers with a body.

A gRPC door answers what is no gRPC at once and without a body; h2spec looks for a body, and for streams that stay open
until the request is complete.
"""

import asyncio
from typing import Any, Final

from principal.door.http2 import fields
from principal.door.http2.connection import Connection
from principal.door.http2.events import DataReceived, HalfClosed, RequestReceived
from principal.rpc import ConnectionStats, Service
from principal.tls import Tls

HEADERS: Final = fields.encode([(":status", "200"), ("content-type", "text/plain")])
BODY: Final = b"hello"
TRAILERS: Final = fields.encode([("x-end", "1")])


class _Protocol(asyncio.Protocol):
    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._now = loop.time
        self._connection = Connection(loop.time(), wake=lambda: loop.call_soon(self._flush))
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for event in self._connection.receive(data, self._now()):
            if isinstance(event, HalfClosed) or (isinstance(event, RequestReceived | DataReceived) and event.ended):
                self._connection.respond(event.stream, HEADERS)
                self._connection.send(event.stream, BODY)
                self._connection.finish(event.stream, TRAILERS)
        self._flush()

    def _flush(self) -> None:
        self._transport.write(b"".join(self._connection.take_output()))
        if self._connection.closing:
            self._transport.close()


class PlainDoor:
    """Listens as a door does; asks no service."""

    def __init__(self, _service: Service, host: str, _tls: Tls | None) -> None:
        self.address = host
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on a free port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(_Protocol, self.address, 0)
        self.address = f"{self.address}:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self, _grace: float) -> None:
        """Close what listens."""
        if self._server is not None:
            self._server.close()

    def connection_stats(self) -> dict[str, ConnectionStats]:
        """Nothing is counted."""
        return {}
