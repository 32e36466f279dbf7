"""A connection from its preface to its end."""

import pytest

from principal.door.http2 import codes, fields, frames
from principal.door.http2.codes import ErrorCode, Setting
from principal.door.http2.ending import DRAIN_SECONDS
from principal.door.http2.events import DataReceived, HalfClosed, RequestReceived, StreamOver
from principal.door.http2.limits import CONCURRENT_STREAMS, IDLE_SECONDS, PREFACE_SECONDS, STALL_SECONDS, TURN_BYTES
from principal.door.http2.settings import CONNECTION_WINDOW, STREAM_WINDOW
from tests.principal.door.http2.client import HEADERS_BLOCK, POST, TRAILERS_BLOCK, Client, frame


@pytest.fixture
def client() -> Client:
    return Client().greet()


def test_the_preface_is_answered_with_our_settings_and_a_wider_window() -> None:
    client = Client()
    client.send(codes.PREFACE + frames.settings([]))
    settings, update, ack = client.hear()
    assert dict(frames.read_settings(settings.payload)) == {
        Setting.MAX_CONCURRENT_STREAMS: CONCURRENT_STREAMS,
        Setting.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
        Setting.MAX_HEADER_LIST_SIZE: 65536,
    }
    assert frames.read_long(update.payload) == CONNECTION_WINDOW - codes.DEFAULT_WINDOW
    assert (ack.kind, ack.flags, ack.payload) == (codes.SETTINGS, codes.ACK, b"")


def test_a_preface_may_come_byte_by_byte() -> None:
    client = Client()
    for byte in codes.PREFACE + frames.settings([]):
        client.send(bytes([byte]))
    assert len(client.hear()) == 3


def test_something_else_than_the_preface_is_not_answered() -> None:
    client = Client()
    client.send(b"GET / HTTP/1.1\r\n\r\n")
    assert client.server.closing
    assert client.hear() == []
    assert "preface" in client.server.evidence.last_words()


def test_a_preface_that_does_not_come_closes_the_connection() -> None:
    client = Client()
    client.send(codes.PREFACE[:5])
    assert client.server.next_timer() == 100 + PREFACE_SECONDS
    client.server.on_timer(client.now + PREFACE_SECONDS - 0.1)
    assert not client.server.closing
    client.server.on_timer(client.now + PREFACE_SECONDS)
    assert client.server.closing
    assert client.hear() == []


def test_a_connection_that_is_quiet_has_no_timer(client: Client) -> None:
    client.open()
    assert client.server.next_timer() is None


def test_the_first_frame_must_be_settings() -> None:
    client = Client()
    client.send(codes.PREFACE + frames.ping(b"12345678", ack=False))
    assert client.dies_of(ErrorCode.PROTOCOL_ERROR) == "the first frame is not SETTINGS"


def test_a_request_becomes_events_and_is_answered(client: Client) -> None:
    stream = client.open()
    [event] = client.events
    assert isinstance(event, RequestReceived)
    assert event.headers == list(POST)
    assert client.data(1, b"hello") == [DataReceived(stream, b"hello", ended=False)]
    assert client.data(1, b"", end=True) == [DataReceived(stream, b"", ended=True)]
    client.server.respond(stream, HEADERS_BLOCK)
    client.server.send(stream, b"world")
    client.server.finish(stream, TRAILERS_BLOCK)
    said = client.hear()
    assert [(part.kind, part.flags) for part in said] == [
        (codes.HEADERS, codes.END_HEADERS),
        (codes.DATA, 0),
        (codes.HEADERS, codes.END_HEADERS | codes.END_STREAM),
    ]
    assert client.decoder.decode(said[0].payload) == [(":status", "200"), ("content-type", "application/grpc")]
    assert said[1].payload == b"world"
    assert client.server.streams == {}


def test_a_request_may_end_with_its_headers_or_with_trailers(client: Client) -> None:
    stream = client.open(1, end=True)
    assert stream.remote_ended
    other = client.open(3)
    block = client.block((("x-more", "1"),))
    assert client.send(frame(codes.HEADERS, codes.END_HEADERS | codes.END_STREAM, 3, block)) == [HalfClosed(other)]


def test_padding_is_taken_off_and_counts_against_the_window(client: Client) -> None:
    stream = client.open()
    padded = bytes([3]) + b"hello" + bytes(3)
    assert client.send(frame(codes.DATA, codes.PADDED, 1, padded)) == [DataReceived(stream, b"hello", ended=False)]
    assert stream.receive_window == STREAM_WINDOW - 9


@pytest.mark.parametrize("payload", [b"", bytes([5]) + b"four"])
def test_more_padding_than_there_is_ends_the_connection(client: Client, payload: bytes) -> None:
    client.open()
    client.send(frame(codes.DATA, codes.PADDED, 1, payload))
    assert client.server.closing


def test_an_answer_before_the_requests_end_tells_the_peer_to_send_no_more(client: Client) -> None:
    stream = client.open()
    client.server.finish(stream, HEADERS_BLOCK)
    assert client.resets(1) == ErrorCode.NO_ERROR
    assert client.data(1, b"late") == []
    assert client.hear() == []


def test_data_after_the_end_resets_the_stream(client: Client) -> None:
    stream = client.open(end=True)
    assert client.data(1, b"more") == [
        StreamOver(stream, ErrorCode.STREAM_CLOSED, "DATA after the request's end", by_peer=False)
    ]
    assert client.resets(1) == ErrorCode.STREAM_CLOSED


def test_a_stream_that_the_peer_resets_is_over(client: Client) -> None:
    stream = client.open()
    [event] = client.send(frames.rst_stream(1, ErrorCode.CANCEL))
    assert event == StreamOver(stream, ErrorCode.CANCEL, "the peer reset the stream: CANCEL", by_peer=True)
    client.server.send(stream, b"nobody hears this")
    client.server.finish(stream, TRAILERS_BLOCK)
    assert client.hear() == []


def test_an_error_code_that_nobody_knows_is_shown_by_its_number(client: Client) -> None:
    client.open()
    [event] = client.send(frames.rst_stream(1, 0xBEEF))
    assert isinstance(event, StreamOver)
    assert event.why == "the peer reset the stream: 0xbeef"


def test_unknown_frames_and_settings_and_priorities_are_passed_over(client: Client) -> None:
    stream = client.open()
    client.send(
        frame(0x42, 0xFF, 1, b"whatever") + frames.settings([(0x99, 7)]) + frame(codes.PRIORITY, 0, 1, bytes(5))
    )
    assert [said.kind for said in client.hear()] == [codes.SETTINGS]
    assert client.data(1, b"x") == [DataReceived(stream, b"x", ended=False)]
    assert client.server.evidence.frames() == {"DATA": 1, "HEADERS": 1, "PRIORITY": 1, "SETTINGS": 2, "unknown": 1}


def test_a_ping_is_answered_with_its_own_bytes(client: Client) -> None:
    client.send(frames.ping(b"abcdefgh", ack=False))
    [said] = client.hear()
    assert (said.kind, said.flags, said.payload) == (codes.PING, codes.ACK, b"abcdefgh")


def test_a_peer_may_go_away_and_its_streams_go_on(client: Client) -> None:
    stream = client.open()
    client.send(frames.goaway(0, ErrorCode.NO_ERROR, "bye"))
    assert client.data(1, b"x") == [DataReceived(stream, b"x", ended=False)]
    assert client.server.evidence.last_words() == "received GOAWAY NO_ERROR: bye"


def test_the_end_of_the_transport_ends_every_stream(client: Client) -> None:
    streams = [client.open(1), client.open(3)]
    over = client.server.lost("gone")
    assert over == [StreamOver(stream, 0, "gone", by_peer=True) for stream in streams]
    assert client.send(b"more") == []


def test_draining_takes_two_steps_and_serves_what_is_on_its_way(client: Client) -> None:
    stream = client.open(1)
    client.server.drain(client.now, "closing time")
    first, ping = client.hear()
    assert frames.read_long(first.payload) == codes.MAX_STREAM_ID
    assert first.payload[8:] == b"closing time"
    late = client.open(3)
    client.send(frames.ping(ping.payload, ack=True))
    [final] = client.hear()
    assert frames.read_long(final.payload) == 3
    assert client.send(frame(codes.HEADERS, codes.END_HEADERS, 5, client.block())) == []
    for each in (stream, late):
        assert not client.server.closing
        client.server.finish(each, HEADERS_BLOCK)
    assert client.server.closing


def test_a_peer_that_answers_no_ping_is_drained_all_the_same(client: Client) -> None:
    client.server.drain(client.now, "")
    client.hear()
    assert client.server.next_timer() == client.now + DRAIN_SECONDS
    client.server.on_timer(client.now + DRAIN_SECONDS)
    assert [said.kind for said in client.hear()] == [codes.GOAWAY]
    assert client.server.closing


def test_draining_before_the_preface_closes() -> None:
    client = Client()
    client.server.drain(client.now, "")
    assert client.server.closing


def test_a_transport_that_takes_nothing_for_long_ends_the_connection(client: Client) -> None:
    stream = client.open()
    client.server.respond(stream, HEADERS_BLOCK)
    client.hear()
    client.server.block_transport()
    client.server.send(stream, b"x")
    assert client.hear() == []
    client.server.on_timer(client.now)
    client.server.on_timer(client.now + STALL_SECONDS - 0.1)
    assert not client.server.closing
    over = client.server.on_timer(client.now + STALL_SECONDS)
    assert client.server.closing
    assert [type(event) for event in over] == [StreamOver]


def test_a_transport_that_takes_again_is_given_what_waited(client: Client) -> None:
    stream = client.open()
    client.server.block_transport()
    client.server.send(stream, b"one")
    client.server.send(stream, b"two")
    assert client.hear() == []
    client.server.unblock_transport()
    assert b"".join(said.payload for said in client.hear()) == b"onetwo"


def test_wake_is_called_once_for_all_that_is_sent_in_a_turn(client: Client) -> None:
    stream = client.open()
    client.woken = 0
    for _ in range(5):
        client.server.send(stream, b"x")
    assert client.woken == 1
    client.hear()
    client.server.send(stream, b"x")
    assert client.woken == 2


def test_nothing_is_looked_at_after_the_connection_has_ended(client: Client) -> None:
    late = frame(codes.HEADERS, codes.END_HEADERS, 1, client.block())
    assert client.send(frame(codes.PUSH_PROMISE, 0, 1) + late) == []
    assert client.server.streams == {}
    assert [said.kind for said in client.hear()] == [codes.GOAWAY]


def test_the_reserved_bit_of_a_stream_is_passed_over(client: Client) -> None:
    stream = client.open()
    data = frames.HEAD.pack(0, 1, codes.DATA, 0, 1 | 1 << 31) + b"x"
    assert client.send(data) == [DataReceived(stream, b"x", ended=False)]


def test_a_window_that_has_become_negative_sends_nothing_and_no_empty_frames(client: Client) -> None:
    stream, other = client.open(1), client.open(3)
    client.server.send(other, bytes(codes.DEFAULT_WINDOW - 10))
    client.server.send(stream, bytes(100))
    assert stream.pending_bytes == 90, "the connection's window is shut"
    client.hear()
    client.send(frames.settings([(Setting.INITIAL_WINDOW_SIZE, 0)]))
    assert stream.send_window < 0
    client.send(frames.window_update(0, 1000))
    assert [said.kind for said in client.hear()] == [codes.SETTINGS]
    client.send(frames.window_update(1, 1000))
    assert [len(said.payload) for said in client.hear() if said.kind == codes.DATA] == [90]


def test_our_encoder_follows_the_smallest_table_even_if_it_has_grown_again(client: Client) -> None:
    client.send(frames.settings([(Setting.HEADER_TABLE_SIZE, 0), (Setting.HEADER_TABLE_SIZE, 4096)]))
    client.hear()
    for number, begins in ((1, fields.TABLE_SIZE_ZERO), (3, b"")):
        client.server.respond(client.open(number), HEADERS_BLOCK)
        [said] = client.hear()
        assert said.payload == begins + HEADERS_BLOCK


def test_what_was_said_not_to_be_served_stays_so(client: Client) -> None:
    client.open(1)
    client.server.drain(client.now, "")
    client.server.on_timer(client.now + DRAIN_SECONDS)
    client.send(frame(codes.HEADERS, codes.END_HEADERS, 9, client.block()))
    client.hear()
    client.send(frames.window_update(0, 0))
    [said] = client.hear()
    assert frames.read_long(said.payload) == 1


def test_a_graceful_end_is_not_broken_and_a_fault_is(client: Client) -> None:
    client.server.drain(client.now, "")
    client.server.on_timer(client.now + DRAIN_SECONDS)
    assert (client.server.closing, client.server.broken) == (True, False)
    other = Client().greet()
    other.send(frames.window_update(0, 0))
    assert (other.server.closing, other.server.broken) == (True, True)


def test_no_more_than_a_turns_data_is_handed_out_at_once_and_the_rest_is_counted(client: Client) -> None:
    stream = client.open()
    client.send(frames.window_update(1, 2**30) + frames.window_update(0, 2**30))
    for _ in range(1000):
        client.server.send(stream, bytes(1000))
    client.woken = 0
    waiting = stream.pending_bytes
    assert waiting == 1_000_000 - TURN_BYTES // 1000 * 1000 - 1000
    taken = b"".join(client.server.take_output())
    assert TURN_BYTES < len(taken) < TURN_BYTES + 20_000
    assert client.woken == 1, "there is more at once"
    assert stream.pending_bytes < waiting
    assert sum(len(said.payload) for said in client.hear()) + TURN_BYTES // 1000 * 1000 + 1000 == 1_000_000


def test_a_long_message_is_cut_into_frames_without_copying_the_rest_for_each(client: Client) -> None:
    stream = client.open()
    client.send(frames.window_update(1, 2**30) + frames.window_update(0, 2**30))
    message = bytes(range(256)) * 4096
    client.server.send(stream, message)
    said = client.hear()
    assert b"".join(part.payload for part in said) == message
    assert {len(part.payload) for part in said[:-1]} == {codes.DEFAULT_FRAME}


def test_a_connection_without_a_stream_for_long_is_drained(client: Client) -> None:
    stream = client.open()
    assert client.server.next_timer() is None
    client.server.finish(stream, HEADERS_BLOCK)
    client.hear()
    client.server.on_timer(client.now)
    assert client.server.next_timer() == client.now + IDLE_SECONDS
    client.server.on_timer(client.now + IDLE_SECONDS - 1)
    assert client.hear() == []
    client.server.on_timer(client.now + IDLE_SECONDS)
    assert [said.kind for said in client.hear()] == [codes.GOAWAY, codes.PING]
    client.server.on_timer(client.now + IDLE_SECONDS + DRAIN_SECONDS)
    assert client.server.closing


def test_a_stream_between_makes_it_young_again(client: Client) -> None:
    client.server.on_timer(client.now)
    stream = client.open()
    client.server.finish(stream, HEADERS_BLOCK)
    client.hear()
    client.server.on_timer(client.now + IDLE_SECONDS)
    assert client.hear() == []
    assert client.server.next_timer() == client.now + 2 * IDLE_SECONDS
