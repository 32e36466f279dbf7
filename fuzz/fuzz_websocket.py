"""Any bytes on a port that speaks HTTP/1.1 are a tunnel or an answer; what comes of them is the same in any pieces.

Nothing that a client sends makes us hold or write much more than it sent.
"""

from collections.abc import Callable

from principal.door.websocket.http1 import Http1
from principal.door.websocket.limits import PREFIX_BYTES, Limits
from principal.door.wire import Headers, Wire

LIMITS = Limits(max_message=2048, free_fragments=8, min_fragment=16, free_pings=4)
PIECE = 7
"""Bytes of a piece: no divisor of anything."""

ANSWER_BYTES = 2048
"""Bytes of the longest answer of HTTP, of trailers and a close frame."""

REQUEST = (
    b"GET /a.B/C HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: grpc-ws\r\n"
)


class Ear:
    """A call that only listens: a stream, which waits for no request."""

    gathering = False

    def too_slow(self, seconds: float) -> None:
        """Only who waits for a request is told so."""
        raise AssertionError(f"a stream was told that its request took {seconds} s")

    def __init__(self) -> None:
        self.told: list[bytes] = []
        self.over = False

    def on_data(self, data: bytes) -> None:
        """One whole message, prefixed."""
        if (
            self.over
            or len(data) > LIMITS.message_bytes
            or int.from_bytes(data[1:PREFIX_BYTES]) != len(data) - PREFIX_BYTES
        ):
            raise AssertionError(f"the call was handed {data!r}")
        self.told.append(data)

    def on_half_closed(self) -> None:
        """The client sends no more."""
        self.told.append(b"half closed")

    def on_reset(self, why: str) -> None:
        """It is over, once."""
        if self.over:
            raise AssertionError("the call ended twice")
        self.over = True
        self.told.append(why.encode())

    def on_writable(self) -> None:
        """More is taken."""
        self.told.append(b"writable")


def run(pieces: list[bytes]) -> tuple[object, ...]:
    """One connection, to its end."""
    ears: list[Ear] = []

    def make(headers: Headers, wire: Wire) -> Ear:
        del headers, wire
        ears.append(Ear())
        return ears[-1]

    http = Http1(make_call=make, enabled=True, now=0.0, limits=LIMITS)
    for piece in pieces:
        http.receive(piece, 0.0)
    output, why = http.output(), http.ended
    http.eof(1.0)
    if not http.closing or http.next_timer() is not None:
        raise AssertionError("a connection that has ended lives on")
    if len(output) > sum(map(len, pieces)) + ANSWER_BYTES:
        raise AssertionError(f"{len(output)} bytes were written")
    return output, why, [ear.told for ear in ears]


def _same(data: bytes) -> None:
    pieces = [data[start : start + PIECE] for start in range(0, len(data), PIECE)]
    if run([data]) != run(pieces):
        raise AssertionError("pieces make a difference")


def request(data: bytes) -> None:
    """The bytes are a connection's first."""
    _same(data)


def headers(data: bytes) -> None:
    """The bytes are further lines of a request that would open a tunnel."""
    _same(REQUEST + data + b"\r\n\r\n")


def tunnel(data: bytes) -> None:
    """The bytes follow the request."""
    _same(REQUEST + b"\r\n" + data)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "websocket request": request,
    "websocket headers": headers,
    "websocket tunnel": tunnel,
}
