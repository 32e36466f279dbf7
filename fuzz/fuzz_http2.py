"""Any bytes on a connection of HTTP/2 are frames or its end; no stream goes without a word, nothing is raised.

A target raises when reading does, when what is written can't be read as frames, when something is said after the last
GOAWAY, or when a connection that has ended still has streams.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from hpack import Decoder, HPACKError

from principal.door.call import CallLimits, Gathered
from principal.door.http2 import codes, fields, frames
from principal.door.http2.connection import Connection
from principal.door.http2.decoding import FieldDecoder
from principal.door.http2.events import DataReceived, RequestReceived, StreamOver
from principal.door.http2.faults import ConnectionFault
from principal.door.http2.limits import HEADER_LIST_HARD_BYTES
from principal.door.http2.side import Http2Side
from principal.door.http2.table import TABLE_BYTES
from principal.door.messages import frame as framed
from principal.door.serving import House, Resets, Serving
from principal.rpc import OK, CallInfo, ConnectionInfo, Kind, Sink

HELLO: Final = codes.PREFACE + frames.settings([])

ANSWER: Final = fields.encode([(":status", "200"), ("content-type", "application/grpc")])
END: Final = fields.encode([("grpc-status", "0")])

PIECE: Final = 7
"""Bytes of a piece: no divisor of anything."""


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return frames.HEAD.pack(len(payload) >> 8, len(payload) & 0xFF, kind, flags, stream) + payload


def _request(stream: int, path: str, *more: tuple[str, str]) -> bytes:
    names = [(":method", "POST"), (":scheme", "http"), (":path", path), ("content-type", "application/grpc")]
    return _frame(codes.HEADERS, codes.END_HEADERS, stream, fields.encode([*names, ("te", "trailers"), *more]))


def _data(stream: int, data: bytes, *, end: bool = False) -> bytes:
    return _frame(codes.DATA, int(end), stream, data)


CONVERSATIONS: Final = (
    _request(1, "/u") + _data(1, framed(b"hello"), end=True),
    _request(1, "/s") + _data(1, framed(b"a")[:3]) + _data(1, framed(b"a")[3:]) + _data(1, b"", end=True),
    _request(1, "/s", ("grpc-timeout", "1S"), ("grpc-encoding", "gzip")) + frames.rst_stream(1, 8),
    _request(1, "/s") + _frame(codes.HEADERS, 5, 1, END) + _request(3, "/none") + frames.window_update(3, 0),
    _request(1, "/s") + frames.settings([(4, 0), (5, 70_000), (1, 0)]) + _data(1, framed(b"big")),
    _frame(codes.HEADERS, 0, 1, b"\x83") + _frame(codes.CONTINUATION, 4, 1, b"\x86\x44\x02/s"),
    _frame(codes.HEADERS, 0x2C, 1, b"\x02\0\0\0\0\x10\x83\x86\x44\x02/s\0\0") + frames.window_update(0, 70_000),
    frames.ping(b"12345678", ack=False) + frames.goaway(0, 0, "bye") + _frame(codes.PRIORITY, 0, 3, bytes(5)),
    _request(1, "/u", ("content-length", "10")) + _frame(codes.DATA, 9, 1, b"\x03" + framed(b"hello") + bytes(3)),
)
"""What clients say; the fuzzer begins with these."""


def connection(data: bytes) -> None:
    """The bytes follow the preface, once whole and once in pieces; streams are answered by what they are numbered."""
    whole = _converse([data])
    pieces = _converse([data[at : at + PIECE] for at in range(0, len(data), PIECE)])
    if whole[0] != pieces[0]:
        raise AssertionError(f"pieces make a difference: {whole[0]} and {pieces[0]}")


def block(data: bytes) -> None:
    """The bytes are header blocks, a length byte before each; ours and the library's decoder must agree."""
    decoder, oracle = FieldDecoder(), Decoder(max_header_list_size=HEADER_LIST_HARD_BYTES)
    oracle.max_allowed_table_size = TABLE_BYTES
    at = 0
    while at < len(data):
        size = data[at] * 4
        piece, at = data[at + 1 : at + 1 + size], at + 1 + size
        try:
            expected = [(str(name, "latin-1"), str(value, "latin-1")) for name, value in oracle.decode(piece, raw=True)]
        except (HPACKError, IndexError):
            expected = None
        try:
            found = decoder.decode(piece)
        except ConnectionFault:
            found = None
        if (None if found is None else found.fields) != expected:
            raise AssertionError(f"{found} where the library finds {expected}")
        if found is None:
            return
        if found.fault is None and fields.request_fault(found.fields) is None:
            again = FieldDecoder().decode(fields.encode(found.fields))
            if again != found:
                raise AssertionError(f"{found} became {again}")
        fields.trailer_fault(found.fields)


def side(data: bytes) -> None:
    """The bytes follow the preface, with a service behind; now and then the clock, the transport or a task acts."""
    world = _World()
    world.side.receive(HELLO, world.now)
    for number, at in enumerate(range(0, len(data), 61)):
        world.side.receive(data[at : at + 61], world.now)
        world.act(data[at] if number % 4 == 3 else 0)
        world.check()
    world.side.lost("gone", world.now)
    world.run()
    world.pass_time(60.0)
    if world.side.calls or any(handler.closed != 1 for handler in world.handlers):
        raise AssertionError("a call was not told of its end, or twice")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "http2 connection": connection,
    "http2 block": block,
    "http2 side": side,
}


SEEDS: dict[str, tuple[bytes, ...]] = {"http2 connection": CONVERSATIONS, "http2 side": CONVERSATIONS}
"""What the fuzzer begins with."""


def _converse(pieces: list[bytes]) -> tuple[object, ...]:
    server = Connection(0.0)
    server.receive(HELLO, 0.0)
    told: dict[int, list[object]] = {}
    written = b"".join(server.take_output())
    for piece in pieces:
        for event in server.receive(piece, 0.0):
            heard = told.setdefault(event.stream.id, [])
            if isinstance(event, DataReceived):
                heard.append(event.data)
            elif isinstance(event, StreamOver):
                if "over" in heard:
                    raise AssertionError("a stream was over twice")
                heard.append("over")
            elif isinstance(event, RequestReceived):
                heard.append(tuple(event.headers))
        written += b"".join(server.take_output())
    _parsed(written)
    broken = server.broken
    streams = sorted(server.streams)
    for stream in list(server.streams.values()):
        server.respond(stream, ANSWER)
        server.send(stream, bytes(stream.id * 1000 % 200_000))
        server.finish(stream, END)
    _parsed(b"".join(server.take_output()))
    server.lost("gone")
    if server.streams or server.outgoing.waiting:
        raise AssertionError("a stream lives on")
    return (broken, streams, {number: _joined(heard) for number, heard in told.items()}), written


def _joined(heard: list[object]) -> list[object]:
    """What was heard, the body in one piece."""
    body = b"".join(each for each in heard if isinstance(each, bytes))
    return [*(each for each in heard if not isinstance(each, bytes)), body]


def _parsed(data: bytes) -> list[int]:
    kinds, at = [], 0
    while at < len(data):
        high, low, kind, _, _ = frames.HEAD.unpack_from(data, at)
        at += frames.HEAD_BYTES + (high << 8 | low)
        if at > len(data):
            raise AssertionError("half a frame was written")
        kinds.append(kind)
    return kinds


class _Handler:
    """Answers each message twice."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.closed = 0

    def on_message(self, message: bytes) -> None:
        if self.closed:
            raise AssertionError("a message after the end")
        self.sink.send(message * 50)
        self.sink.send(message)

    def on_half_closed(self) -> None:
        self.sink.end(OK)

    def on_writable(self) -> None:
        self.sink.send(b"more")

    def on_closed(self, reason: str) -> None:
        del reason
        self.closed += 1


class _Task:
    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self.work = work
        self.done = False

    def cancel(self) -> None:
        self.done = True
        self.work.close()

    def run(self) -> None:
        if not self.done:
            self.done = True
            try:
                self.work.send(None)
            except StopIteration:
                return
            raise AssertionError("a task waits")


class _Timer:
    def __init__(self, due: float, act: Callable[[], None]) -> None:
        self.due, self.act = due, act

    def cancel(self) -> None:
        self.act = lambda: None


class _World:
    """A side, its service (`/u` unary, `/s` a stream), a clock and a transport."""

    def __init__(self) -> None:
        self.now = 0.0
        self.tasks: list[_Task] = []
        self.timers: list[_Timer] = []
        self.handlers: list[_Handler] = []
        self.clogged = False
        self.last = False
        limits = CallLimits(max_message=1 << 16, max_unary=1 << 10)
        home = House(self, limits, self, Resets("x"), lambda: self.now, {kind: Gathered(1 << 20) for kind in Kind})
        info = ConnectionInfo(id="c1", peer="", transport="h2c")
        serving = Serving(home, info, refused=False)
        self.side = Http2Side(serving, home.resets, clock=lambda: self.now, wake=lambda: None, ping_min_interval=0.0)

    def spawn(self, work: Coroutine[Any, Any, None]) -> _Task:
        self.tasks.append(_Task(work))
        return self.tasks[-1]

    def later(self, seconds: float, act: Callable[[], None]) -> _Timer:
        self.timers.append(_Timer(self.now + seconds, act))
        return self.timers[-1]

    def kind(self, method: str) -> Kind | None:
        return {"/u": Kind.UNARY, "/s": Kind.STREAM}.get(method)

    async def unary(self, method: str, request: bytes, call: CallInfo) -> bytes:
        del method, call
        return request

    def open_stream(self, method: str, call: CallInfo, sink: Sink) -> _Handler:
        del method, call
        self.handlers.append(_Handler(sink))
        return self.handlers[-1]

    def run(self) -> None:
        tasks, self.tasks = self.tasks, []
        for task in tasks:
            task.run()

    def act(self, choice: int) -> None:
        match choice % 8:
            case 1:
                self.run()
            case 2:
                self.clogged = True
                self.side.clogged()
            case 3:
                self.clogged = False
                self.side.unclogged()
            case 4:
                self.pass_time(float(choice))
                if (at := self.side.next_timer()) is not None and at <= self.now:
                    self.side.on_timer(self.now)
            case 5 if choice > 128:
                self.side.drain(self.now, "closing time")
            case _:
                pass
        self.side.settle()

    def pass_time(self, seconds: float) -> None:
        """Turn the clock, and do what was put off."""
        self.now += seconds
        due = [timer for timer in self.timers if timer.due <= self.now]
        self.timers = [timer for timer in self.timers if timer.due > self.now]
        for timer in due:
            timer.act()

    def check(self) -> None:
        """Read what is written, as a transport takes it."""
        if self.clogged:
            return
        kinds = _parsed(self.side.output())
        if kinds and self.last:
            raise AssertionError("something is said after the end")
        self.last = self.side.closing
