"""A client's side of a tunnel for tests: bytes to send, and what came back, taken apart by the library's own reader."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from websockets.frames import BINARY, CLOSE, Close, Frame, Opcode

from principal.door.websocket.http1 import Http1
from principal.door.websocket.limits import Limits
from principal.door.wire import Headers, Wire

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
PATH = "/eventstreamapi.EventStream/Subscribe"
END = b"\x80\x00\x00\x00\x00"

LINES = (
    "Host: hub.example:8443",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    f"Sec-WebSocket-Key: {KEY}",
    "Sec-WebSocket-Protocol: grpc-ws",
    "Content-Type: application/grpc",
    "Te: trailers",
)


def request(*more: str, without: str = "", first: str = f"GET {PATH} HTTP/1.1") -> bytes:
    """A request's head: the usual lines less those of header `without`, and more."""
    kept = [line for line in LINES if not without or not line.lower().startswith(f"{without.lower()}:")]
    return "\r\n".join([first, *kept, *more, "", ""]).encode("latin-1")


def grpc(payload: bytes, flags: int = 0) -> bytes:
    return struct.pack("!BI", flags, len(payload)) + payload


def frame(data: bytes, opcode: Opcode = BINARY, *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=mask)


def message(payload: bytes, flags: int = 0) -> bytes:
    """One gRPC message in one WebSocket message."""
    return frame(grpc(payload, flags))


def close(code: int = 1000, reason: str = "") -> bytes:
    return frame(Close(code, reason).serialize(), CLOSE)


@dataclass
class Ear:
    """A call that writes down what it is told."""

    headers: Headers
    wire: Wire
    told: list[tuple[str, object]] = field(default_factory=list)
    on_message: Callable[[bytes], None] = lambda _message: None
    gathering: bool = False

    def too_slow(self, seconds: float) -> None:
        self.told.append(("too slow", seconds))
        self.gathering = False
        self.wire.send_trailers([("grpc-status", "4")])

    def on_data(self, data: bytes) -> None:
        self.told.append(("data", data))
        self.on_message(data)

    def on_half_closed(self) -> None:
        self.told.append(("half closed", None))

    def on_reset(self, why: str) -> None:
        self.told.append(("reset", why))

    def on_writable(self) -> None:
        self.told.append(("writable", None))

    @property
    def resets(self) -> list[str]:
        return [str(what) for kind, what in self.told if kind == "reset"]


class Driver:
    """One connection, with a clock that tests turn."""

    def __init__(
        self,
        *,
        enabled: bool = True,
        limits: Limits | None = None,
        most: Callable[[Headers], int] | None = None,
        unary: bool = False,
    ) -> None:
        self.now = 100.0
        self.unary = unary
        self.calls: list[Ear] = []
        self.received = b""
        self.hinted = 0
        self.http = Http1(
            make_call=self._make,
            enabled=enabled,
            now=self.now,
            limits=limits or Limits(),
            most=most,
            on_output=self._hint,
        )

    def _make(self, headers: Headers, wire: Wire) -> Ear:
        self.calls.append(Ear(headers, wire, gathering=self.unary))
        return self.calls[-1]

    def _hint(self) -> None:
        self.hinted += 1

    @property
    def call(self) -> Ear:
        assert len(self.calls) == 1
        return self.calls[0]

    @property
    def wire(self) -> Wire:
        return self.call.wire

    def say(self, *data: bytes) -> "Driver":
        for piece in data:
            self.http.receive(piece, self.now)
        return self

    def open(self, *more: str) -> "Driver":
        self.say(request(*more))
        assert self.hear().startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        return self

    def hear(self) -> bytes:
        """What is output until nothing is."""
        heard = b""
        while piece := self.http.output():
            heard += piece
        self.received += heard
        return heard

    def frames(self) -> list[Frame]:
        return frames_of(self.hear())

    def wait(self, seconds: float) -> None:
        """Turn the clock, with every timer on the way."""
        end = self.now + seconds
        for _ in range(1000):
            due = self.http.next_timer()
            if due is None or due > end:
                break
            self.now = max(self.now, due)
            self.http.on_timer(self.now)
        else:
            raise AssertionError("timers without end")
        self.now = end


def frames_of(data: bytes) -> list[Frame]:
    """The frames of a server, as a strict client reads them."""
    rest = bytearray(data)

    def exactly(count: int):  # type: ignore[no-untyped-def]
        assert len(rest) >= count, "a frame is cut short"
        taken = rest[:count]
        del rest[:count]
        return taken
        yield

    found = []
    while rest:
        try:
            next(Frame.parse(exactly, mask=False))
        except StopIteration as done:
            found.append(done.value)
    return found


def fields_of(data: bytes) -> dict[str, str]:
    """The MIME block of a metadata frame."""
    assert data[0] == 0x80
    assert int.from_bytes(data[1:5]) == len(data) - 5
    block = data[5:].decode("latin-1")
    assert block.endswith("\r\n")
    assert not block.endswith("\r\n\r\n")
    return dict(line.split(": ", 1) for line in block.removesuffix("\r\n").split("\r\n"))
