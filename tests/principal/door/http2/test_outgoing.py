"""The way out: frames in order, data as windows and transport allow, streams in turn."""

import pytest

from principal.door.http2.codes import DATA, DEFAULT_WINDOW, HEADERS, PING
from principal.door.http2.events import Event, Writable
from principal.door.http2.faults import ConnectionFault, StreamFault
from principal.door.http2.frames import ping
from principal.door.http2.limits import ANSWER_BYTES, CONTROL_BYTES, STALL_SECONDS, TURN_BYTES
from principal.door.http2.outgoing import Outgoing
from principal.door.http2.stream import CLOGGED_BYTES, Stream
from tests.principal.door.http2.client import Frame, parse

WIDE = 1 << 24


class Way:
    """An Outgoing, and what it told."""

    def __init__(self) -> None:
        self.woken = 0
        self.ended: list[int] = []
        self.events: list[Event] = []
        self.out = Outgoing(self._wake)
        self.out.on_ended = lambda stream: self.ended.append(stream.id)

    def _wake(self) -> None:
        self.woken += 1

    def stream(self, number: int, *, window: int = WIDE) -> Stream:
        return Stream(number, send_window=window, receive_window=0, now=0.0)

    def wide(self) -> "Way":
        self.out.opened(None, WIDE)
        return self

    def pump(self) -> None:
        self.out.pump(self.events)

    def said(self) -> list[Frame]:
        return parse(b"".join(self.out.take()))

    def data(self) -> list[tuple[int, bytes]]:
        return [(each.stream, each.payload) for each in self.said() if each.kind == DATA]


def test_what_is_sent_in_one_turn_wakes_once_and_goes_in_its_order() -> None:
    way = Way()
    stream = way.stream(1)
    way.out.control(ping(b"12345678", ack=True))
    way.out.headers(stream, b"\x88", end=False)
    assert way.out.data(stream, b"hello")
    assert way.woken == 1
    assert [each.kind for each in way.said()] == [PING, HEADERS, DATA]
    way.out.urgent(ping(b"12345678", ack=False))
    assert way.woken == 2


def test_data_goes_no_further_than_either_window() -> None:
    way = Way()
    narrow, wide = way.stream(1, window=10), way.stream(3)
    assert not way.out.data(narrow, b"x" * 15)
    way.pump()
    assert way.data() == [(1, b"x" * 10)]
    assert not way.out.data(wide, b"y" * DEFAULT_WINDOW)
    for _ in range(3):
        way.pump()
    assert sum(len(payload) for _, payload in way.data()) == DEFAULT_WINDOW - 10
    way.out.opened(narrow, 100)
    way.out.opened(None, 12)
    way.pump()
    assert sorted(way.data()) == [(1, b"x" * 2), (3, b"y" * 10)]


def test_streams_that_wait_take_turns_a_frame_each() -> None:
    way = Way().wide()
    way.out.blocked = True
    streams = [way.stream(number) for number in (1, 3)]
    for stream in streams:
        assert not way.out.data(stream, bytes(40_000))
    way.out.blocked = False
    way.pump()
    assert [number for number, _ in way.data()] == [1, 3, 1, 3, 1, 3]


def test_small_pieces_that_waited_go_in_one_frame() -> None:
    way = Way()
    stream = way.stream(1, window=0)
    for piece in (b"a", b"b", b"c"):
        assert not way.out.data(stream, piece)
    way.out.opened(stream, 100)
    way.pump()
    assert way.data() == [(1, b"abc")]
    assert way.out.waiting == {}


def test_a_turn_gives_the_transport_so_much_and_no_more() -> None:
    way = Way().wide()
    stream = way.stream(1)
    assert not way.out.data(stream, bytes(2 * TURN_BYTES))
    way.pump()
    first = sum(len(payload) for _, payload in way.data())
    assert TURN_BYTES <= first < TURN_BYTES + way.out.peer.max_frame
    way.pump()
    assert first + sum(len(payload) for _, payload in way.data()) == 2 * TURN_BYTES


def test_trailers_wait_for_the_data_before_them() -> None:
    way = Way()
    stream = way.stream(1, window=3)
    way.out.data(stream, b"hello")
    way.out.headers(stream, b"\x88", end=True)
    way.pump()
    assert [each.kind for each in way.said()] == [DATA]
    assert way.ended == []
    way.out.opened(stream, 2)
    way.pump()
    assert [each.kind for each in way.said()] == [DATA, HEADERS]
    assert way.ended == [1]


def test_a_stream_that_was_clogged_is_told_when_it_is_not_any_more() -> None:
    way = Way().wide()
    stream = way.stream(1, window=0)
    way.out.data(stream, bytes(CLOGGED_BYTES))
    assert stream.clogged
    way.pump()
    assert way.events == []
    way.out.opened(stream, 1)
    way.pump()
    assert way.events == [Writable(stream)]
    assert not stream.clogged


def test_what_waits_on_a_stream_that_is_over_is_dropped() -> None:
    way = Way()
    stream = way.stream(1, window=0)
    way.out.data(stream, b"hello")
    way.out.forget(stream)
    way.out.opened(stream, 100)
    way.pump()
    assert way.said() == []
    assert (stream.pending, stream.pending_bytes, way.out.waiting) == (None, 0, {})


def test_data_that_gets_nowhere_is_found_after_its_time() -> None:
    way = Way()
    stream = way.stream(1, window=0)
    way.out.data(stream, b"hello")
    assert way.out.stalled(100.0) == []
    assert way.out.stalled(100.0 + STALL_SECONDS - 1) == []
    way.out.opened(stream, 1)
    way.pump()
    assert way.out.stalled(100.0 + STALL_SECONDS) == [], "a byte got on its way"
    assert way.out.stalled(100.0 + 2 * STALL_SECONDS) == [stream]


def test_answers_that_nobody_reads_are_counted() -> None:
    way, frame = Way(), ping(b"12345678", ack=True)
    for _ in range(CONTROL_BYTES // len(frame)):
        way.out.control(frame)
    with pytest.raises(ConnectionFault, match="none is read"):
        way.out.control(frame)
    way.out.take()
    way.out.control(frame)


def test_headers_that_nobody_reads_are_counted_apart() -> None:
    way, block = Way(), bytes(16_000)
    count = ANSWER_BYTES // (len(block) + 9)
    for number in range(count):
        way.out.headers(way.stream(2 * number + 1), block, end=False)
    with pytest.raises(ConnectionFault, match="none is read"):
        way.out.headers(way.stream(2 * count + 1), block, end=False)


def test_a_window_that_grows_beyond_its_greatest_costs_the_stream_or_the_connection() -> None:
    way = Way()
    with pytest.raises(StreamFault):
        way.out.opened(way.stream(1, window=1), 2**31 - 1)
    with pytest.raises(ConnectionFault):
        way.out.opened(None, 2**31 - 1)


def test_a_peer_that_makes_its_table_smaller_hears_that_it_is_followed_once() -> None:
    way = Way()
    way.out.peer.smallest_table = 0
    for number in (1, 3):
        way.out.headers(way.stream(number), b"\x88", end=False)
    assert [each.payload for each in way.said()] == [b"\x20\x88", b"\x88"]
