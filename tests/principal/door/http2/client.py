"""A client's end made of frames as they are on the wire, right or wrong as the test likes."""

from dataclasses import dataclass, field

from hpack import Decoder, Encoder

from principal.door.http2 import codes, fields, frames
from principal.door.http2.connection import Connection
from principal.door.http2.events import Event
from principal.door.http2.stream import Stream

POST = (
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/s/m"),
    ("content-type", "application/grpc"),
    ("te", "trailers"),
)

HEADERS_BLOCK = fields.encode([(":status", "200"), ("content-type", "application/grpc")])
TRAILERS_BLOCK = fields.encode([("grpc-status", "0")])


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    return frames.HEAD.pack(len(payload) >> 8, len(payload) & 0xFF, kind, flags, stream) + payload


@dataclass(frozen=True)
class Frame:
    kind: int
    flags: int
    stream: int
    payload: bytes


def parse(data: bytes) -> list[Frame]:
    found = []
    while data:
        high, low, kind, flags, stream = frames.HEAD.unpack_from(data)
        length = high << 8 | low
        assert len(data) >= 9 + length, "half a frame was written"
        found.append(Frame(kind, flags, stream, data[9 : 9 + length]))
        data = data[9 + length :]
    return found


@dataclass
class Client:
    """A connection under test and what it says. The clock moves only when a test moves it."""

    now: float = 100.0
    ping_min_interval: float = 0.0
    woken: int = 0
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.encoder = Encoder()
        self.decoder = Decoder()
        self.server = Connection(self.now, ping_min_interval=self.ping_min_interval, wake=self._wake)

    def _wake(self) -> None:
        self.woken += 1

    def greet(self, settings: tuple[tuple[int, int], ...] = ()) -> "Client":
        self.send(codes.PREFACE + frames.settings(settings))
        assert [said.kind for said in self.hear()] == [codes.SETTINGS, codes.WINDOW_UPDATE, codes.SETTINGS]
        return self

    def send(self, data: bytes) -> list[Event]:
        events = self.server.receive(data, self.now)
        self.events += events
        return events

    def hear(self) -> list[Frame]:
        said = b""
        while output := b"".join(self.server.take_output()):
            said += output
        return parse(said)

    def block(self, headers: tuple[tuple[str, str], ...] = POST) -> bytes:
        return self.encoder.encode(headers)

    def open(self, stream: int = 1, *, end: bool = False, more: tuple[tuple[str, str], ...] = ()) -> Stream:
        flags = codes.END_HEADERS | (codes.END_STREAM if end else 0)
        [event] = self.send(frame(codes.HEADERS, flags, stream, self.block(POST + more)))
        return event.stream

    def data(self, stream: int, payload: bytes, *, end: bool = False) -> list[Event]:
        return self.send(frame(codes.DATA, codes.END_STREAM if end else 0, stream, payload))

    def dies_of(self, code: codes.ErrorCode) -> str:
        """The connection has ended with GOAWAY of this code; its text."""
        assert self.server.closing
        said = self.hear()[-1]
        assert said.kind == codes.GOAWAY
        assert frames.read_long(said.payload[4:]) == code, said.payload
        return said.payload[8:].decode()

    def resets(self, stream: int) -> int:
        """The stream has been reset, and the connection lives; the code."""
        assert not self.server.closing
        [said] = [said for said in self.hear() if said.kind == codes.RST_STREAM]
        assert said.stream == stream
        return frames.read_long(said.payload)
