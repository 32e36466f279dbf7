"""What a call is, without a transport: the types that every door and the hub share.

A door (grpcio's server, or one of our own) turns its wire into these values, and turns what the hub answers back into
its wire. Nothing here knows HTTP/2, sockets or a clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto
from typing import Protocol

from hubproto.methods import RETRY_PUSHBACK


class Code(IntEnum):
    """gRPC status codes (grpc/doc/statuscodes.md)."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


@dataclass(frozen=True, slots=True)
class Status:
    """How a call ends: code, message and trailers."""

    code: Code
    message: str = ""
    trailers: tuple[tuple[str, str], ...] = ()


OK = Status(Code.OK)


class RpcError(Exception):
    """A call is refused with `status`; a door puts that on its wire."""

    def __init__(self, code: Code, message: str, trailers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(f"{code.name}: {message}")
        self.status = Status(code, message, trailers)


def pushback(seconds: float) -> tuple[tuple[str, str], ...]:
    """Trailers that ask a caller to wait before it tries again."""
    return ((RETRY_PUSHBACK, str(max(0, round(seconds * 1000)))),)


def unavailable(message: str, *, wait: float) -> RpcError:
    """A refusal on which every agent tries again, `wait` seconds later; argocd-agent's spin on most other codes."""
    return RpcError(Code.UNAVAILABLE, message, pushback(wait))


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """The transport connection a call came in on. A sidecar pools: several agents may share one."""

    id: str
    """Unique in this process, as `c7`."""
    peer: str
    """Address of the other end as the door sees it, as `ipv4:127.0.0.1:52668`: behind a mesh, the own sidecar's."""
    transport: str
    """Which door it came in by, as `grpcio`."""
    certificate: bytes = field(default=b"", repr=False)
    """DER of the certificate that the other end has proved to own and that our authorities vouch for; empty without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionStats:
    """What a door counts for one connection. None where its transport keeps that to itself."""

    pings_sent: int = 0
    """HTTP/2 PINGs that this side sent."""
    pings_received: int | None = None
    """HTTP/2 PINGs that the peer sent."""
    ping_gap: float | None = None
    """Seconds between its last two."""
    ping_rtt: float | None = None
    """Seconds that the last answered PING of ours took."""
    bytes_received: int | None = None
    bytes_sent: int | None = None
    frames_received: Mapping[str, int] | None = None
    """HTTP/2 frames by type; types that did not come are left out."""
    streams: int | None = None
    """Streams that are open."""
    resets_received: int | None = None
    resets_sent: int | None = None
    last_reset: str | None = None
    """The last RST_STREAM either way, in words."""
    goaway: str | None = None
    """What was said by GOAWAY, either way, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamCounts:
    """What has passed over one stream. None where its transport keeps that to itself."""

    messages_received: int = 0
    messages_sent: int = 0
    unsent: int = 0
    """Bytes that wait because the peer does not take them."""
    bytes_received: int | None = None
    """Of messages as they were framed."""
    bytes_sent: int | None = None
    frames_received: int | None = None
    """DATA frames, or frames of a WebSocket."""
    frames_sent: int | None = None


@dataclass(frozen=True, slots=True)
class CallInfo:
    """One call as it arrived: its metadata in wire order, names in lower case, and its connection."""

    metadata: tuple[tuple[str, str], ...]
    connection: ConnectionInfo

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of header `name` (lower case), in wire order."""
        return tuple([value for key, value in self.metadata if key == name])  # a third faster than a generator


class Sink(Protocol):
    """Where the hub puts what an open stream shall send. All methods return at once; a door never blocks the hub."""

    def send(self, message: bytes) -> None:
        """Queue one serialised message."""

    def writable(self) -> bool:
        """False while so much is unsent that the hub should hold back its queue. Acks are sent all the same."""

    def end(self, status: Status) -> None:
        """End the stream with `status`, after what is queued. Called once; later sends are dropped."""

    def counts(self) -> StreamCounts:
        """What has passed over the stream so far."""


class StreamHandler(Protocol):
    """What the hub gives a door for an open stream."""

    def on_message(self, message: bytes) -> None:
        """One message arrived."""

    def on_half_closed(self) -> None:
        """The caller will send nothing more; what it is sent, it still takes."""

    def on_writable(self) -> None:
        """The sink takes more again."""

    def on_closed(self, reason: str) -> None:
        """The stream is over, whoever ended it; `reason` is the transport's own word for it."""


class Kind(Enum):
    """How a method is called. A stream may send any number of messages either way, one included."""

    UNARY = auto()
    STREAM = auto()


class Service(Protocol):
    """What a door serves: the hub."""

    def kind(self, method: str) -> Kind | None:
        """How the method of full path `method` is called; None when there is none: UNIMPLEMENTED."""

    async def unary(self, method: str, request: bytes, call: CallInfo) -> bytes:
        """Answer a unary call of full path `method`; RpcError when it is refused."""

    def open_stream(self, method: str, call: CallInfo, sink: Sink) -> StreamHandler:
        """Open a bidirectional stream; RpcError when it is refused."""


class Door(Protocol):
    """One way in: listens, and serves calls until it is told to stop."""

    address: str
    """Where it listens, as `127.0.0.1:8443`."""

    async def start(self) -> None:
        """Listen; DoorError when the address is taken or not ours."""

    async def stop(self, grace: float) -> None:
        """Take no new calls, give open ones `grace` seconds to end, then close."""

    def connection_stats(self) -> Mapping[str, ConnectionStats]:
        """Counters by connection id, of connections that are open now."""


class DoorError(Exception):
    """A door can't listen; the message names the address and why."""
