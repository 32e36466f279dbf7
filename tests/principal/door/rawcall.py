"""One call in frames of h2's making, with any header fields and any body, right or wrong."""

import asyncio
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)

from principal.door.wire import Headers

STREAM = 1
FRAME = 16_384
"""Bytes of a frame that every server takes."""

PATIENCE = 10
"""Seconds until an answer must have come."""


@dataclass
class Answer:
    """What came back: the fields of all header blocks, and the body."""

    fields: Headers = field(default_factory=list)
    body: bytes = b""
    reset: int | None = None
    """The error code, when the stream or its connection was ended with one."""
    over: bool = False

    def take(self, event: Event) -> None:
        if isinstance(event, ResponseReceived | TrailersReceived):
            self.fields += [(name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers or ()]
        elif isinstance(event, DataReceived):
            self.body += event.data or b""
        elif isinstance(event, StreamReset | ConnectionTerminated):
            # A server may end its half and then reset the caller's; what counts is what came first.
            self.reset = int(event.error_code or 0)
            self.over = True
        elif isinstance(event, StreamEnded):
            self.over = True

    def value(self, name: str) -> str | None:
        return dict(self.fields).get(name)


async def call(address: str, headers: Headers, body: bytes, *, end: bool = True) -> Answer:
    """Send one request on a connection of its own."""
    config = H2Configuration(
        validate_outbound_headers=False,
        normalize_outbound_headers=False,
        validate_inbound_headers=False,
    )
    connection = H2Connection(config)
    connection.initiate_connection()
    connection.send_headers(STREAM, [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers])
    for start in range(0, len(body), FRAME):
        connection.send_data(STREAM, body[start : start + FRAME])
    if end:
        connection.end_stream(STREAM)
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    answer = Answer()
    try:
        async with asyncio.timeout(PATIENCE):
            writer.write(connection.data_to_send())
            while not answer.over:
                data = await reader.read(65536)
                if not data:
                    break
                for event in connection.receive_data(data):
                    if not answer.over:
                        answer.take(event)
                writer.write(connection.data_to_send())
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
    return answer
