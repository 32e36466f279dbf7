"""What a peer may not ask for without end, and whom it costs."""

from collections.abc import Callable

import pytest

from principal.door.http2 import codes, fields, frames
from principal.door.http2.codes import ErrorCode
from principal.door.http2.events import OversizedRequest, StreamOver
from principal.door.http2.limits import (
    ANSWER_BYTES,
    CHATTER,
    CONCURRENT_STREAMS,
    CONTINUATIONS,
    CONTROL_BYTES,
    EMPTY_FRAMES,
    HEADER_FIELDS,
    HEADER_LIST_BYTES,
    PINGS,
    REFUSALS,
    RESETS,
    SETTINGS_FRAMES,
    STALL_SECONDS,
)
from tests.principal.door.http2.client import HEADERS_BLOCK, POST, Client, frame

CALM = ErrorCode.ENHANCE_YOUR_CALM
END = codes.END_HEADERS


@pytest.fixture
def client() -> Client:
    return Client().greet()


def test_rapid_resets_end_the_connection(client: Client) -> None:
    block = client.block()
    again = client.block()
    for number in range(int(RESETS.burst) + 1):
        client.send(frame(codes.HEADERS, END, 2 * number + 1, again if number else block))
        client.send(frames.rst_stream(2 * number + 1, ErrorCode.CANCEL))
    assert "opened and reset" in client.dies_of(CALM)


def test_resets_of_streams_that_have_lived_are_nobodys_concern(client: Client) -> None:
    total = int(RESETS.burst) + 100
    for number in range(total):
        client.open(2 * number + 1)
    client.now += 2
    for number in range(total):
        client.send(frames.rst_stream(2 * number + 1, ErrorCode.CANCEL))
    assert not client.server.closing


@pytest.mark.parametrize(
    ("sent", "count", "says"),
    [
        pytest.param(frames.ping(bytes(8), ack=False), PINGS.burst, "too_many_pings", id="PING"),
        pytest.param(frames.settings([]), SETTINGS_FRAMES.burst - 1, "SETTINGS", id="SETTINGS"),
        pytest.param(frames.SETTINGS_ACK, SETTINGS_FRAMES.burst - 1, "SETTINGS", id="acks of SETTINGS"),
        pytest.param(frame(codes.PRIORITY, 0, 1, bytes(5)), CHATTER.burst, "carry nothing", id="PRIORITY"),
        pytest.param(frame(0x42), CHATTER.burst, "carry nothing", id="unknown frames"),
        pytest.param(frames.window_update(0, 1), CHATTER.burst, "carry nothing", id="window updates"),
        pytest.param(frames.ping(bytes(8), ack=True), CHATTER.burst, "carry nothing", id="acks of nothing"),
        pytest.param(frames.goaway(0, 0, ""), CHATTER.burst, "carry nothing", id="GOAWAY"),
    ],
)
def test_a_flood_of_frames_that_carry_nothing_ends_the_connection(
    client: Client, sent: bytes, count: float, says: str
) -> None:
    for _ in range(int(count)):
        client.send(sent)
        client.server.take_output()
    assert not client.server.closing
    client.send(sent)
    assert says in client.dies_of(CALM)


def test_what_is_slow_is_no_flood(client: Client) -> None:
    for _ in range(3 * int(PINGS.burst)):
        client.now += 0.02
        client.send(frames.ping(bytes(8), ack=False))
        client.server.take_output()
    assert not client.server.closing


def test_window_updates_that_our_data_explains_are_no_flood(client: Client) -> None:
    stream = client.open()
    for _ in range(2 * int(CHATTER.burst)):
        client.server.send(stream, b"x")
        client.send(frames.window_update(1, 1) + frames.window_update(0, 1))
        client.server.take_output()
    assert not client.server.closing


def test_answers_that_nobody_reads_end_the_connection(client: Client) -> None:
    client.server.block_transport()
    for _ in range(100):
        client.now += 60
        for _ in range(200):
            client.send(frames.ping(bytes(8), ack=False))
    assert client.server.closing
    goaway = client.server.evidence.goaway_sent
    assert goaway is not None
    assert str(CONTROL_BYTES) in goaway.debug


def test_empty_data_costs_its_stream_alone(client: Client) -> None:
    stream = client.open(1)
    client.open(3)
    for _ in range(EMPTY_FRAMES):
        client.data(1, b"")
    assert client.hear() == []
    [over] = [event for event in client.data(1, b"") if isinstance(event, StreamOver)]
    assert over.stream is stream
    assert client.resets(1) == CALM
    assert list(client.server.streams) == [3]


def test_a_flood_of_continuations_ends_the_connection(client: Client) -> None:
    client.send(frame(codes.HEADERS, 0, 1, b""))
    for _ in range(CONTINUATIONS):
        client.send(frame(codes.CONTINUATION, 0, 1, b""))
    assert not client.server.closing
    client.send(frame(codes.CONTINUATION, 0, 1, b""))
    assert "header block" in client.dies_of(CALM)


def test_headers_of_any_allowed_size_are_taken_and_of_any_other_answered(client: Client) -> None:
    base = sum(len(name) + len(value) + 32 for name, value in POST)
    room = HEADER_LIST_BYTES - base - len("x-forwarded-client-cert") - 32
    for number, size in enumerate((room, room + 1, room, room + 20_000)):
        stream = 2 * number + 1
        block = client.block((*POST, ("x-forwarded-client-cert", "y" * size)))
        parts = [block[at : at + 16384] for at in range(0, len(block), 16384)]
        client.send(frame(codes.HEADERS, 0, stream, parts[0]))
        for part in parts[1:-1]:
            client.send(frame(codes.CONTINUATION, 0, stream, part))
        [event] = client.send(frame(codes.CONTINUATION, END, stream, parts[-1]))
        assert isinstance(event, OversizedRequest) is (size > room)
        if isinstance(event, OversizedRequest):
            assert event.size == base + size + len("x-forwarded-client-cert") + 32
            assert event.why == f"headers of {event.size} bytes: at most {HEADER_LIST_BYTES} are accepted"
    assert not client.server.closing


def test_many_small_fields_are_answered_too(client: Client) -> None:
    [event] = client.send(
        frame(codes.HEADERS, END, 1, client.block(POST + tuple(("a", "b") for _ in range(HEADER_FIELDS))))
    )
    assert isinstance(event, OversizedRequest)
    assert event.why == f"{len(POST) + HEADER_FIELDS} header fields: at most {HEADER_FIELDS} are accepted"


def test_a_header_block_that_inflates_without_end_ends_the_connection(client: Client) -> None:
    # One long value put into the table, then said again and again by one byte.
    bomb = client.encoder.encode([("bomb", "x" * 3000)], huffman=False) + b"\xbe" * 200
    client.send(frame(codes.HEADERS, END, 1, bomb))
    assert "header list" in client.dies_of(CALM)


def test_streams_beyond_the_limit_are_refused_and_may_be_tried_again(client: Client) -> None:
    for number in range(CONCURRENT_STREAMS):
        client.open(2 * number + 1)
    stream = 2 * CONCURRENT_STREAMS + 1
    assert client.send(frame(codes.HEADERS, END, stream, client.block())) == []
    assert client.resets(stream) == ErrorCode.REFUSED_STREAM
    client.send(frames.rst_stream(1, ErrorCode.CANCEL))
    client.hear()
    assert client.open(stream + 2).id == stream + 2


def test_refusing_has_an_end_too(client: Client) -> None:
    for number in range(int(REFUSALS.burst) + 1):
        client.server.refuse(client.open(2 * number + 1), "enough", client.now)
        client.server.take_output()
        if client.server.closing:
            break
    assert client.server.closing
    assert client.server.evidence.streams_refused == int(REFUSALS.burst) + 1


def test_a_window_that_stays_shut_costs_its_stream_after_a_while(client: Client) -> None:
    stream, other = client.open(1), client.open(3)
    client.server.respond(stream, HEADERS_BLOCK)
    client.server.send(stream, bytes(codes.DEFAULT_WINDOW + 1))
    client.hear()
    client.server.on_timer(client.now)
    client.server.on_timer(client.now + STALL_SECONDS - 1)
    assert client.hear() == []
    [over] = client.server.on_timer(client.now + STALL_SECONDS)
    assert isinstance(over, StreamOver)
    assert (over.stream, over.code) == (stream, CALM)
    assert "1 bytes waited 60 s" in over.why
    assert client.resets(1) == CALM
    assert list(client.server.streams.values()) == [other]
    assert client.server.next_timer() is None


def test_late_frames_without_end_end_the_connection(client: Client) -> None:
    client.server.reset(client.open(1), ErrorCode.CANCEL, "test")
    for _ in range(int(CHATTER.burst) + 1):
        client.data(1, b"x")
        client.server.take_output()
    assert client.server.closing


FAULTS = {
    "a window wider by nothing": frames.window_update,
    "a priority cut short": lambda stream, _: frame(codes.PRIORITY, 0, stream, bytes(4)),
    "data beyond its declared length": lambda stream, _: frame(codes.DATA, 0, stream, b"xx"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_to_have_streams_reset_is_to_reset_them(client: Client, fault: Callable[[int, int], bytes]) -> None:
    for number in range(int(RESETS.burst) + 1):
        stream = client.open(2 * number + 1, more=(("content-length", "1"),))
        client.send(fault(stream.id, 0))
        client.server.take_output()
        if client.server.closing:
            break
    assert client.server.evidence.goaway_sent is not None
    assert "opened and reset" in client.server.evidence.goaway_sent.debug
    assert number == RESETS.burst


def test_lengths_that_are_none_are_refused_without_end_no_more_than_others(client: Client) -> None:
    for number in range(int(REFUSALS.burst) + 1):
        assert not client.server.closing
        block = client.block((*POST, ("content-length", "x")))
        assert client.send(frame(codes.HEADERS, END, 2 * number + 1, block)) == []
        client.server.take_output()
    assert client.server.closing


def test_requests_whose_headers_are_too_large_are_answered_no_more_often_than_others_are_refused(
    client: Client,
) -> None:
    client.open(1)
    many = client.block(POST + tuple(("a", "b") for _ in range(HEADER_FIELDS)))
    again = client.block(POST + tuple(("a", "b") for _ in range(HEADER_FIELDS)))
    for number in range(1, int(REFUSALS.burst) + 2):
        assert not client.server.closing
        client.send(frame(codes.HEADERS, END | 1, 2 * number + 1, many if number == 1 else again))
        for stream in list(client.server.streams.values())[1:]:
            client.server.finish(stream, HEADERS_BLOCK)
        client.server.take_output()
    assert client.server.closing


@pytest.mark.parametrize("update", [b"\x20", b"\x3f\xe1\x1f"], ids=["one byte", "three bytes"])
def test_the_size_of_the_table_changes_twice_before_a_header_list_and_no_more(client: Client, update: bytes) -> None:
    client.send(frame(codes.HEADERS, END, 1, update + b"\x3f\xe1\x1f" + client.block()))
    assert 1 in client.server.streams
    client.send(frame(codes.HEADERS, END, 3, 3 * update))
    assert "table's size" in client.dies_of(ErrorCode.COMPRESSION_ERROR)


def test_ten_thousand_streams_may_end_at_once(client: Client) -> None:
    for number in range(CONCURRENT_STREAMS):
        client.open(2 * number + 1)
    goodbye = fields.encode([("grpc-status", "14"), ("grpc-message", "the principal is shutting down" * 3)])
    for stream in list(client.server.streams.values()):
        client.server.finish(stream, goodbye)
    assert not client.server.closing
    assert len(client.hear()) == 2 * CONCURRENT_STREAMS


def test_answers_to_streams_that_nobody_reads_end_the_connection(client: Client) -> None:
    client.server.block_transport()
    goodbye = fields.encode([("grpc-status", "14"), ("grpc-message", "x" * 400)])
    for number in range(CONCURRENT_STREAMS):
        client.server.finish(client.open(2 * number + 1, end=True), goodbye)
        if client.server.closing:
            break
    goaway = client.server.evidence.goaway_sent
    assert goaway is not None
    assert str(ANSWER_BYTES) in goaway.debug


def test_trailers_that_waited_count_as_answers_too(client: Client) -> None:
    """They are sent when a window opens, which must not be a place where anything is raised."""
    client.send(frames.settings([(codes.Setting.INITIAL_WINDOW_SIZE, 0)]))
    goodbye = fields.encode([("grpc-status", "14"), ("grpc-message", "x" * 60_000)])
    for number in range(100):
        stream = client.open(2 * number + 1, end=True)
        client.server.send(stream, b"x")
        client.server.finish(stream, goodbye)
    assert not client.server.closing
    client.send(frames.settings([(codes.Setting.INITIAL_WINDOW_SIZE, 1)]))
    assert client.server.closing
    assert client.server.broken


def test_an_initial_window_said_a_thousand_times_in_a_frame_is_set_once(client: Client) -> None:
    stream = client.open()
    values = [(int(codes.Setting.INITIAL_WINDOW_SIZE), number % 2) for number in range(2000)]
    payload = b"".join(frames.settings([value])[9:] for value in [*values, (4, 7)])
    client.send(frame(codes.SETTINGS, 0, 0, payload))
    assert stream.send_window == 7
