"""The edge between a transport and a side: what is written when, and how a connection ends."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
import structlog

from principal.door import protocol
from principal.door.attesting import Gate, Peer
from principal.door.http2 import codes, fields, frames
from principal.door.messages import frame as framed
from principal.door.options import DoorOptions
from principal.door.protocol import LINGER_SECONDS, UNREAD_SECONDS, WRITE_HIGH, DoorProtocol
from principal.door.turn import Turn
from principal.rpc import OK
from tests.principal.door.http2.client import POST, Frame, frame, parse
from tests.principal.door.pretending import Loop, Service, Timer, house

HELLO = codes.PREFACE + frames.settings([])
OPEN = frame(
    codes.HEADERS, codes.END_HEADERS, 1, fields.encode([(n, "/s" if n == ":path" else value) for n, value in POST])
)


class FakeTransport:
    """Remembers; says nothing by itself."""

    def __init__(self, *, eof: bool = True) -> None:
        self.written: list[bytes] = []
        self.done: list[str] = []
        self.high = 0
        self._eof = eof

    def set_write_buffer_limits(self, high: int) -> None:
        self.high = high

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        return default

    def can_write_eof(self) -> bool:
        return self._eof

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def write_eof(self) -> None:
        self.done.append("eof")

    def close(self) -> None:
        self.done.append("close")

    def abort(self) -> None:
        self.done.append("abort")

    def pause_reading(self) -> None:
        self.done.append("pause")

    def resume_reading(self) -> None:
        self.done.append("resume")

    def hear(self) -> list[Frame]:
        heard, self.written = b"".join(self.written), []
        return parse(heard)


class FakeLoop(Loop):
    """What a protocol asks of its event loop."""

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, act: Callable[..., None], *arguments: Any) -> Timer:
        return self.later(seconds, lambda: act(*arguments))

    def call_soon(self, act: Callable[..., None], *arguments: Any) -> Timer:
        return self.later(0, lambda: act(*arguments))


class FakeDoor:
    """A door of fakes."""

    def __init__(self, loop: FakeLoop, *, websocket: bool = False) -> None:
        self.service = Service()
        self.house = house(self.service, loop)
        self.gate = Gate(None)
        self.turn = Turn(loop.call_soon)
        self.options = DoorOptions(max_message=4096, websocket=websocket)
        self.plain = "h2c"
        self.open: list[str] = []
        self.fails = False

    def came(self, connection: DoorProtocol, _transport: asyncio.Transport) -> bytes:
        self.open.append(connection.info.id)
        if self.fails:
            raise ZeroDivisionError
        return b""

    def went(self, connection: DoorProtocol) -> None:
        if connection.info.id in self.open:
            self.open.remove(connection.info.id)


class Scene:
    """One connection among fakes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, eof: bool = True, websocket: bool = False) -> None:
        self.loop, self.transport = FakeLoop(), FakeTransport(eof=eof)
        self.door = FakeDoor(self.loop, websocket=websocket)
        monkeypatch.setattr(protocol.asyncio, "get_running_loop", lambda: self.loop)
        monkeypatch.setattr(Gate, "admit", lambda _self, _transport: Peer("ipv4:127.0.0.1:5"))
        self.protocol = DoorProtocol(self.door, 1)

    def connect(self, *said: bytes) -> "Scene":
        self.protocol.connection_made(cast("asyncio.Transport", self.transport))
        for data in said:
            self.protocol.data_received(data)
        return self


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(monkeypatch)


def test_the_preface_may_come_byte_by_byte(scene: Scene) -> None:
    scene.connect(*(bytes([byte]) for byte in HELLO))
    assert [said.kind for said in scene.transport.hear()] == [codes.SETTINGS, codes.WINDOW_UPDATE, codes.SETTINGS]
    assert scene.protocol.info.transport == "h2c"
    assert scene.transport.high == WRITE_HIGH


@pytest.mark.parametrize("cut", range(1, 5))
def test_what_is_not_http2_is_http1_wherever_it_is_cut(monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    scene = Scene(monkeypatch, websocket=True)
    said = b"PUT /x HTTP/1.1\r\nHost: h\r\n\r\n"
    scene.connect(said[:cut], said[cut:])
    assert b"".join(scene.transport.written).startswith(b"HTTP/1.1 ")
    assert scene.protocol.info.transport == "websocket"


def test_what_calls_send_in_one_turn_is_written_at_once(scene: Scene) -> None:
    scene.connect(HELLO, OPEN)
    scene.transport.written.clear()
    [handler] = scene.door.service.handlers
    for number in range(5):
        handler.sink.send(b"%d" % number)
    assert scene.transport.written == []
    assert scene.loop.armed == 1
    scene.loop.wait(0)
    [written] = scene.transport.written
    assert [said.payload for said in parse(written)] == [framed(b"%d" % number) for number in range(5)]
    assert scene.loop.armed == 0


def test_what_a_message_is_answered_with_is_written_in_the_same_turn(scene: Scene) -> None:
    scene.connect(HELLO, OPEN)
    [handler] = scene.door.service.handlers
    handler.act = lambda _what: handler.sink.send(b"pong")
    scene.transport.written.clear()
    scene.protocol.data_received(frame(codes.DATA, 0, 1, framed(b"ping")))
    assert [said.payload for said in scene.transport.hear()] == [framed(b"pong")]
    assert scene.loop.armed == 0


def test_a_transport_that_takes_no_more_is_given_no_more_until_it_does(scene: Scene) -> None:
    scene.connect(HELLO, OPEN)
    scene.transport.written.clear()
    [handler] = scene.door.service.handlers
    scene.protocol.pause_writing()
    handler.sink.send(b"one")
    scene.protocol.data_received(frames.ping(bytes(8), ack=False))
    scene.loop.wait(0)
    assert scene.transport.written == []
    scene.protocol.resume_writing()
    assert {said.kind for said in scene.transport.hear()} == {codes.PING, codes.DATA}


def test_last_words_are_written_and_the_peer_has_a_moment_to_read_them(scene: Scene) -> None:
    scene.connect(HELLO, frames.window_update(0, 0))
    assert scene.transport.hear()[-1].kind == codes.GOAWAY
    assert scene.transport.done == ["eof"]
    scene.protocol.data_received(frames.ping(bytes(8), ack=False))
    scene.loop.wait(LINGER_SECONDS)
    assert scene.transport.done == ["eof", "close"]
    assert scene.transport.written == []


def test_a_peer_that_does_not_read_the_last_words_is_let_go(scene: Scene) -> None:
    scene.connect(HELLO, frames.window_update(0, 0))
    scene.loop.wait(LINGER_SECONDS + UNREAD_SECONDS)
    assert scene.transport.done == ["eof", "close", "abort"]


def test_a_transport_without_half_closes_is_closed_after_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, eof=False).connect(HELLO, frames.window_update(0, 0))
    assert scene.transport.done == []
    scene.loop.wait(LINGER_SECONDS)
    assert scene.transport.done == ["close"]


def test_a_connection_that_is_gone_leaves_no_timer(scene: Scene) -> None:
    scene.connect(HELLO, frames.window_update(0, 0))
    scene.protocol.connection_lost(None)
    assert scene.loop.armed == 0
    assert scene.door.open == []


def test_a_peer_that_sends_no_more_has_ended_its_calls_even_if_it_reads_nothing(scene: Scene) -> None:
    scene.connect(HELLO, OPEN)
    [handler] = scene.door.service.handlers
    assert scene.protocol.eof_received() is False
    assert handler.closed == ["the peer closed the connection"]
    scene.transport.written.clear()
    handler.sink.send(b"late")
    scene.loop.wait(UNREAD_SECONDS)
    assert scene.transport.written == []
    assert scene.transport.done == ["abort"]
    scene.protocol.connection_lost(None)
    assert handler.closed == ["the peer closed the connection"]
    assert scene.door.open == []


def test_a_lost_connection_says_why(scene: Scene) -> None:
    scene.connect(HELLO, OPEN)
    scene.protocol.connection_lost(ConnectionResetError("reset by peer"))
    assert scene.door.service.handlers[0].closed == ["connection lost: reset by peer"]


def test_a_drained_connection_waits_for_a_transport_that_is_full(scene: Scene) -> None:
    scene.connect(HELLO, OPEN)
    [handler] = scene.door.service.handlers
    scene.protocol.drain("closing time")
    scene.loop.now += 2
    scene.protocol.tick(scene.loop.now)
    scene.transport.written.clear()
    scene.protocol.pause_writing()
    handler.sink.end(OK)
    scene.loop.wait(0)
    assert scene.transport.done == []
    scene.protocol.resume_writing()
    assert (codes.HEADERS, 1) in [(said.kind, said.stream) for said in scene.transport.hear()]
    assert scene.transport.done == ["eof"]


def test_a_drained_connection_that_stays_full_is_not_waited_for_without_end(scene: Scene) -> None:
    scene.connect(HELLO, OPEN)
    scene.protocol.pause_writing()
    scene.protocol.drain("closing time")
    scene.loop.now += 2
    scene.protocol.tick(scene.loop.now)
    scene.door.service.handlers[0].sink.end(OK)
    scene.protocol.tick(scene.loop.now)
    assert scene.transport.done == []
    scene.loop.wait(UNREAD_SECONDS)
    assert scene.transport.done == ["abort"]


def test_a_preface_that_does_not_come_frees_the_connection(scene: Scene) -> None:
    scene.connect(b"PR")
    scene.loop.now += 4.9
    scene.protocol.tick(scene.loop.now)
    assert scene.transport.done == []
    scene.loop.now += 0.1
    scene.protocol.tick(scene.loop.now)
    assert scene.transport.done == ["eof"]
    assert scene.transport.written == []


@pytest.mark.parametrize("what", ["receive", "settle", "on_timer", "unclogged", "drain"])
def test_a_defect_of_ours_costs_the_connection_alone_and_is_logged(scene: Scene, what: str) -> None:
    scene.connect(HELLO, OPEN)

    def fail(*_arguments: Any) -> None:
        raise ZeroDivisionError

    setattr(scene.protocol.side, what, fail)
    with structlog.testing.capture_logs() as lines:
        if what == "receive":
            scene.protocol.data_received(b"x")
        elif what == "settle":
            scene.door.service.handlers[0].sink.send(b"x")
            scene.loop.wait(0)
        elif what == "on_timer":
            scene.protocol.pause_writing()
            scene.protocol.tick(scene.loop.now)
        elif what == "unclogged":
            scene.protocol.pause_writing()
            scene.protocol.resume_writing()
        else:
            scene.protocol.drain("x")
    assert [line["event"] for line in lines] == ["a connection failed"]
    assert scene.transport.done == ["abort"]
    scene.protocol.connection_lost(None)
    assert scene.door.open == []
    assert len(scene.door.service.handlers[0].closed) == 1


def test_a_connection_that_cannot_be_begun_is_closed(scene: Scene) -> None:
    scene.door.fails = True
    with structlog.testing.capture_logs() as lines:
        scene.connect(HELLO)
    assert len(lines) == 1
    assert scene.transport.done == ["abort"]
    scene.protocol.connection_lost(None)
    assert scene.door.open == []


def test_a_side_that_fails_as_it_is_lost_still_leaves_the_door(scene: Scene) -> None:
    scene.connect(HELLO)

    def fail(*_arguments: Any) -> None:
        raise ZeroDivisionError

    assert scene.protocol.side is not None
    scene.protocol.side.lost = fail  # type: ignore[method-assign]
    with structlog.testing.capture_logs() as lines:
        scene.protocol.connection_lost(None)
    assert len(lines) == 1
    assert scene.door.open == []


def test_a_fault_that_is_found_while_nothing_can_be_written_ends_the_connection_at_the_next_look(scene: Scene) -> None:
    scene.connect(HELLO, OPEN)
    [handler] = scene.door.service.handlers
    scene.protocol.pause_writing()
    handler.sink.send(b"waits")
    assert scene.protocol.side is not None
    for _ in range(70):
        scene.loop.now += 1
        scene.protocol.tick(scene.loop.now)
    assert scene.transport.done == ["abort"]
    assert len(handler.closed) == 1
