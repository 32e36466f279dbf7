"""An HTTP/2 stream as the wire of a call."""

from collections.abc import Callable

from principal.door.http2 import fields
from principal.door.http2.connection import Connection
from principal.door.http2.stream import Stream
from principal.door.wire import Carried, Headers


class StreamWire:
    """One stream. Once it is over, everything here does nothing."""

    __slots__ = ("_clock", "_connection", "_stream")

    def __init__(self, connection: Connection, stream: Stream, clock: Callable[[], float]) -> None:
        self._connection = connection
        self._stream = stream
        self._clock = clock

    def send_headers(self, headers: Headers) -> None:
        """Begin the answer."""
        self._connection.respond(self._stream, fields.encode(headers))

    def send_message(self, framed: bytes) -> None:
        """Send one framed message."""
        self._connection.send(self._stream, framed)

    def send_trailers(self, headers: Headers) -> None:
        """End the answer."""
        self._connection.finish(self._stream, fields.encode(headers))

    def reset(self, code: int, why: str) -> None:
        """Abandon the stream."""
        self._connection.reset(self._stream, code, why)

    def unsent(self) -> int:
        """Bytes that wait for a window or for the transport."""
        return self._stream.pending_bytes

    def carried(self) -> Carried:
        """What has passed so far, in DATA frames."""
        stream = self._stream
        return Carried(stream.bytes_in, stream.frames_in, stream.bytes_out, stream.frames_out)

    def hold(self) -> None:
        """Give the peer no more window."""
        self._connection.hold(self._stream)

    def release(self) -> None:
        """Give it again."""
        self._connection.release(self._stream, self._clock())
