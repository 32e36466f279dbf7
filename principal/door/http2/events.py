"""What a connection tells of: one small object for each thing that happened, in order."""

from dataclasses import dataclass

from principal.door.http2.stream import Stream
from principal.door.wire import Headers


@dataclass(slots=True)
class RequestReceived:
    """A stream opened. Pseudo-headers come first."""

    stream: Stream
    headers: Headers
    ended: bool


@dataclass(slots=True)
class OversizedRequest:
    """A stream opened whose header list is above a limit: it is to be answered, and not served."""

    stream: Stream
    size: int
    """Bytes as RFC 9113 §6.5.2 counts them."""
    why: str
    """Which limit, in words."""


@dataclass(slots=True)
class DataReceived:
    """Bytes of a request's body. Their flow control is given back at once, unless the stream is held."""

    stream: Stream
    data: bytes
    ended: bool


@dataclass(slots=True)
class HalfClosed:
    """The request ended with trailers, which gRPC has no use for."""

    stream: Stream


@dataclass(slots=True)
class StreamOver:
    """A stream ended before its answer was complete: reset by the peer, by us for a fault, or with its connection."""

    stream: Stream
    code: int
    why: str
    by_peer: bool


@dataclass(slots=True)
class Writable:
    """What waits on a stream that was clogged has fallen below its mark again."""

    stream: Stream


Event = RequestReceived | OversizedRequest | DataReceived | HalfClosed | StreamOver | Writable
