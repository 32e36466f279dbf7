"""HTTP/2's side of a connection, with a service that does as it is told."""

import pytest
import structlog

from principal.door.http2 import codes, frames
from principal.door.http2.codes import ErrorCode
from principal.door.http2.ending import DRAIN_SECONDS
from principal.door.http2.limits import HALF_OPEN, REQUEST_SECONDS
from principal.door.messages import frame as framed
from principal.door.serving import YOUNG_RESETS
from principal.rpc import OK
from tests.principal.door.http2.client import Frame, frame
from tests.principal.door.pretending import SideClient, codes_of, house


@pytest.fixture
def client() -> SideClient:
    return SideClient()


def kinds(said: list[Frame]) -> list[tuple[int, int]]:
    return [(each.kind, each.stream) for each in said]


def test_a_unary_call_is_answered(client: SideClient) -> None:
    client.open(1, "/u")
    client.data(1, framed(b"hello"), end=True)
    client.loop.run()
    said = client.hear()
    assert kinds(said) == [(codes.HEADERS, 1), (codes.DATA, 1), (codes.HEADERS, 1)]
    assert said[1].payload == framed(b"hello")
    assert client.side.calls == 0


def test_a_request_without_a_body_is_refused_at_once(client: SideClient) -> None:
    client.open(1, "/u", end=True)
    [said] = client.hear()
    assert said.flags & codes.END_STREAM


def test_a_request_may_end_with_trailers(client: SideClient) -> None:
    client.open(1, "/u")
    client.data(1, framed(b"x"))
    client.say(frame(codes.HEADERS, codes.END_HEADERS | codes.END_STREAM, 1, b""))
    client.loop.run()
    assert client.service.asked == [b"x"]


def test_a_unary_request_that_is_never_complete_is_ended(client: SideClient) -> None:
    client.open(1, "/s")
    client.open(3, "/u")
    client.data(3, framed(b"hello"))
    client.hear()
    client.wait(REQUEST_SECONDS - 1)
    assert client.hear() == []
    client.wait(1)
    assert kinds(client.hear()) == [(codes.HEADERS, 3), (codes.RST_STREAM, 3)]
    assert (client.side.calls, client.side.next_timer()) == (1, None)


def test_a_unary_call_that_its_service_takes_long_for_is_left_alone(client: SideClient) -> None:
    client.open(1, "/u")
    client.data(1, framed(b"hello"), end=True)
    client.wait(3 * REQUEST_SECONDS)
    assert client.hear() == []
    client.loop.run()
    assert len(client.hear()) == 3


def test_of_too_many_unary_calls_that_are_not_complete_the_oldest_is_ended(client: SideClient) -> None:
    for number in range(HALF_OPEN):
        client.open(2 * number + 1, "/u")
    assert client.hear() == []
    client.open(2 * HALF_OPEN + 1, "/u")
    assert codes_of(client.hear()) == {1: ErrorCode.REFUSED_STREAM}
    assert client.side.calls == HALF_OPEN
    client.data(2 * HALF_OPEN + 1, framed(b"x"), end=True)
    client.loop.run()
    assert client.service.asked == [b"x"]


@pytest.mark.parametrize("how", ["reset", "fault"])
def test_whoever_opens_and_resets_is_refused_by_name_and_others_are_not(how: str) -> None:
    client = SideClient(header="x-id")
    for number in range(int(YOUNG_RESETS.burst) + 1):
        stream = 2 * number + 1
        client.open(stream, "/s", ("x-id", "bad"))
        client.say(frames.rst_stream(stream, 8) if how == "reset" else frames.window_update(stream, 0))
    client.hear()
    assert len(client.service.handlers) == YOUNG_RESETS.burst
    client.open(1001, "/s", ("x-id", "bad"))
    assert codes_of(client.hear()) == {1001: ErrorCode.ENHANCE_YOUR_CALM}
    client.open(1003, "/s", ("x-id", "good"))
    assert kinds(client.hear()) == [(codes.HEADERS, 1003)]


def test_whoever_has_no_name_spoils_it_for_the_own_connection_alone(client: SideClient) -> None:
    for number in range(int(YOUNG_RESETS.burst) + 1):
        client.open(2 * number + 1)
        client.say(frames.rst_stream(2 * number + 1, 8))
    client.open(1001)
    assert 1001 in codes_of(client.hear())
    other = SideClient(name="c2", home=house(client.service, client.loop))
    other.open(1)
    assert kinds(other.hear()) == [(codes.HEADERS, 1)]


def test_streams_that_a_lost_connection_ends_are_no_resets() -> None:
    client = SideClient(header="x-id")
    for number in range(int(YOUNG_RESETS.burst) + 50):
        client.open(2 * number + 1, "/s", ("x-id", "a"))
    client.side.lost("gone", client.loop.now)
    assert all(handler.closed == ["gone"] for handler in client.service.handlers)
    owner = client.side._resets.owner([("x-id", "a")], "c1")
    assert not client.side._resets.refused(owner, client.loop.now)


def test_a_handler_that_fails_as_its_connection_is_lost_keeps_nobody_from_hearing_it(client: SideClient) -> None:
    def fail(what: str) -> None:
        if what == "closed":
            raise ZeroDivisionError

    client.service.act = fail
    for stream in (1, 3, 5):
        client.open(stream)
    with structlog.testing.capture_logs() as lines:
        client.side.lost("gone", client.loop.now)
    assert [handler.closed for handler in client.service.handlers] == [["gone"]] * 3
    assert len(lines) == 3
    assert client.side.calls == 0


def test_a_stream_that_is_reset_in_the_same_breath_is_not_begun(client: SideClient) -> None:
    opened = frame(codes.HEADERS, codes.END_HEADERS, 1, b"\x83\x86\x44\x02/s\x40\x0ccontent-type\x10application/grpc")
    client.say(opened + frame(codes.DATA, 0, 1, framed(b"x")) + frames.rst_stream(1, 8))
    assert client.service.handlers == []
    assert client.side.calls == 0


def test_headers_too_large_are_answered_and_not_served(client: SideClient) -> None:
    many = b"\x00\x01a\x01b" * 600
    client.say(
        frame(codes.HEADERS, codes.END_HEADERS, 1, b"\x83\x86\x44\x02/s\x40\x0ccontent-type\x10application/grpc" + many)
    )
    assert client.service.calls == []
    assert kinds(client.hear()) == [(codes.HEADERS, 1), (codes.RST_STREAM, 1)]


def test_a_drained_connection_that_is_clogged_keeps_its_last_words(client: SideClient) -> None:
    client.open(1)
    client.hear()
    client.side.drain(client.loop.now, "closing time")
    client.hear()
    client.wait(DRAIN_SECONDS)
    client.hear()
    client.side.clogged()
    client.service.handlers[0].sink.end(OK)
    assert (client.side.closing, client.side.aborted) == (True, False)
    client.side.unclogged()
    assert (codes.HEADERS, 1) in kinds(client.hear())


def test_a_clogged_connection_that_is_ended_for_a_fault_is_not_waited_for(client: SideClient) -> None:
    client.side.clogged()
    client.say(frames.window_update(0, 0))
    assert (client.side.closing, client.side.aborted) == (True, True)


def test_a_connection_is_counted(client: SideClient) -> None:
    client.open(1)
    client.say(frames.ping(bytes(8), ack=False))
    client.say(frames.rst_stream(1, 8))
    client.hear()
    stats = client.side.stats()
    assert stats.frames_received == {"HEADERS": 1, "PING": 1, "RST_STREAM": 1, "SETTINGS": 1}
    assert (stats.pings_received, stats.resets_received, stats.streams) == (1, 1, 0)
    assert stats.last_reset == "stream 1: CANCEL, received"
    assert stats.bytes_received is not None
    assert stats.bytes_sent is not None
    assert stats.bytes_received > 50 < stats.bytes_sent
    client.say(frames.window_update(0, 0))
    assert client.side.stats().goaway == "sent GOAWAY PROTOCOL_ERROR: WINDOW_UPDATE of 0"
