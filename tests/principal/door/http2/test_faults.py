"""What RFC 9113 calls errors of the connection, and of a stream."""

import pytest

from principal.door.http2 import codes, frames
from principal.door.http2.codes import ErrorCode, Setting
from tests.principal.door.http2.client import POST, Client, frame

E = ErrorCode
END = codes.END_HEADERS


@pytest.fixture
def client() -> Client:
    client = Client().greet()
    client.open(1)
    client.open(3, end=True)
    return client


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(frame(codes.DATA, 0, 0, b"x"), E.PROTOCOL_ERROR, id="DATA without a stream"),
        pytest.param(frame(codes.DATA, 0, 9, b"x"), E.PROTOCOL_ERROR, id="DATA on an idle stream"),
        pytest.param(frame(codes.DATA, 0, 2, b"x"), E.PROTOCOL_ERROR, id="DATA on a stream of ours"),
        pytest.param(frame(codes.HEADERS, END, 0, b""), E.PROTOCOL_ERROR, id="HEADERS without a stream"),
        pytest.param(frame(codes.HEADERS, END, 8, b"\x82"), E.PROTOCOL_ERROR, id="HEADERS on an even stream"),
        pytest.param(frame(codes.HEADERS, END, 5, b"\xff\xff\xff"), E.COMPRESSION_ERROR, id="HPACK that is none"),
        pytest.param(frame(codes.HEADERS, END, 5, b"\xff\x01"), E.COMPRESSION_ERROR, id="an index beyond the table"),
        pytest.param(frame(codes.HEADERS, END | 0x20, 5, b"123"), E.FRAME_SIZE_ERROR, id="half a priority"),
        pytest.param(frame(codes.HEADERS, 0, 5, b"") + frames.settings([]), E.PROTOCOL_ERROR, id="a frame in a block"),
        pytest.param(frame(codes.HEADERS, 0, 5) + frame(0x42), E.PROTOCOL_ERROR, id="an unknown frame in a block"),
        pytest.param(
            frame(codes.HEADERS, 0, 5) + frame(codes.CONTINUATION, 0, 7), E.PROTOCOL_ERROR, id="another's CONTINUATION"
        ),
        pytest.param(frame(codes.CONTINUATION, END, 1, b""), E.PROTOCOL_ERROR, id="CONTINUATION of nothing"),
        pytest.param(frame(codes.PRIORITY, 0, 0, bytes(5)), E.PROTOCOL_ERROR, id="PRIORITY without a stream"),
        pytest.param(frame(codes.RST_STREAM, 0, 0, bytes(4)), E.PROTOCOL_ERROR, id="RST_STREAM without a stream"),
        pytest.param(frame(codes.RST_STREAM, 0, 9, bytes(4)), E.PROTOCOL_ERROR, id="RST_STREAM on an idle stream"),
        pytest.param(frame(codes.RST_STREAM, 0, 1, bytes(3)), E.FRAME_SIZE_ERROR, id="RST_STREAM of 3 bytes"),
        pytest.param(frame(codes.SETTINGS, 0, 1), E.PROTOCOL_ERROR, id="SETTINGS on a stream"),
        pytest.param(frame(codes.SETTINGS, 0, 0, bytes(5)), E.FRAME_SIZE_ERROR, id="SETTINGS of 5 bytes"),
        pytest.param(frame(codes.SETTINGS, 1, 0, bytes(6)), E.FRAME_SIZE_ERROR, id="an ack that says something"),
        pytest.param(frames.settings([(Setting.ENABLE_PUSH, 2)]), E.PROTOCOL_ERROR, id="ENABLE_PUSH 2"),
        pytest.param(
            frames.settings([(Setting.INITIAL_WINDOW_SIZE, 2**31)]), E.FLOW_CONTROL_ERROR, id="a window of 2 GiB"
        ),
        pytest.param(frames.settings([(Setting.MAX_FRAME_SIZE, 16383)]), E.PROTOCOL_ERROR, id="frames too small"),
        pytest.param(frames.settings([(Setting.MAX_FRAME_SIZE, 2**24)]), E.PROTOCOL_ERROR, id="frames too large"),
        pytest.param(frame(codes.PUSH_PROMISE, END, 1, bytes(4)), E.PROTOCOL_ERROR, id="a promise from a client"),
        pytest.param(frame(codes.PING, 0, 1, bytes(8)), E.PROTOCOL_ERROR, id="PING on a stream"),
        pytest.param(frame(codes.PING, 0, 0, bytes(7)), E.FRAME_SIZE_ERROR, id="PING of 7 bytes"),
        pytest.param(frame(codes.GOAWAY, 0, 1, bytes(8)), E.PROTOCOL_ERROR, id="GOAWAY on a stream"),
        pytest.param(frame(codes.GOAWAY, 0, 0, bytes(7)), E.FRAME_SIZE_ERROR, id="GOAWAY of 7 bytes"),
        pytest.param(frames.window_update(0, 0), E.PROTOCOL_ERROR, id="a window of the connection wider by nothing"),
        pytest.param(frames.window_update(9, 1), E.PROTOCOL_ERROR, id="a window of an idle stream"),
        pytest.param(frames.window_update(0, 2**31 - 1), E.FLOW_CONTROL_ERROR, id="a window beyond 2 GiB"),
        pytest.param(frame(codes.WINDOW_UPDATE, 0, 0, bytes(3)), E.FRAME_SIZE_ERROR, id="WINDOW_UPDATE of 3 bytes"),
        pytest.param(frames.HEAD.pack(0x40, 0x01, codes.DATA, 0, 1), E.FRAME_SIZE_ERROR, id="a frame of 16385 bytes"),
    ],
)
def test_an_error_of_the_connection_ends_it_and_says_why(client: Client, sent: bytes, code: ErrorCode) -> None:
    client.send(sent)
    assert client.dies_of(code)


@pytest.mark.parametrize(
    ("sent", "stream", "code"),
    [
        pytest.param(frame(codes.DATA, 0, 3, b"x"), 3, E.STREAM_CLOSED, id="DATA after the end"),
        pytest.param(frame(codes.HEADERS, END | 1, 3, b""), 3, E.STREAM_CLOSED, id="HEADERS after the end"),
        pytest.param(frame(codes.HEADERS, END, 1, b""), 1, E.PROTOCOL_ERROR, id="trailers that end nothing"),
        pytest.param(frame(codes.HEADERS, END | 1, 1, b"\x84"), 1, E.PROTOCOL_ERROR, id="a pseudo-header in trailers"),
        pytest.param(frame(codes.PRIORITY, 0, 1, bytes(4)), 1, E.FRAME_SIZE_ERROR, id="PRIORITY of 4 bytes"),
        pytest.param(frame(codes.PRIORITY, 0, 1, b"\0\0\0\1\0"), 1, E.PROTOCOL_ERROR, id="a stream under itself"),
        pytest.param(frames.window_update(1, 0), 1, E.PROTOCOL_ERROR, id="a window wider by nothing"),
        pytest.param(frames.window_update(1, 2**31 - 1), 1, E.FLOW_CONTROL_ERROR, id="a window beyond 2 GiB"),
    ],
)
def test_an_error_of_a_stream_costs_that_stream_alone(
    client: Client, sent: bytes, stream: int, code: ErrorCode
) -> None:
    client.send(sent)
    assert client.resets(stream) == code
    other = 1 if stream == 3 else 3
    assert other in client.server.streams


def test_headers_on_a_stream_that_is_closed_end_the_connection() -> None:
    client = Client().greet()
    stream = client.open(1, end=True)
    client.server.finish(stream, b"\x88")
    client.hear()
    client.send(frame(codes.HEADERS, END, 1, client.block()))
    assert client.dies_of(E.STREAM_CLOSED)


def test_late_frames_on_a_stream_that_we_reset_are_passed_over() -> None:
    client = Client().greet()
    client.server.reset(client.open(1), E.CANCEL, "test")
    client.hear()
    block = client.block((("x", "y"),))
    client.send(frame(codes.DATA, 0, 1, b"x") + frame(codes.HEADERS, END | 1, 1, block) + frames.rst_stream(1, 8))
    client.send(frames.window_update(1, 10))
    assert client.hear() == []
    assert not client.server.closing


def test_an_initial_window_that_overflows_a_stream_ends_the_connection(client: Client) -> None:
    client.send(frames.window_update(1, 2**31 - 1 - 65535))
    client.send(frames.settings([(Setting.INITIAL_WINDOW_SIZE, 65536)]))
    assert client.dies_of(E.FLOW_CONTROL_ERROR)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(POST[1:], id="no method"),
        pytest.param((POST[0], *POST[2:]), id="no scheme"),
        pytest.param((*POST[:2], *POST[3:]), id="no path"),
        pytest.param((*POST[:2], (":path", ""), *POST[3:]), id="an empty path"),
        pytest.param((*POST, (":authority", "late")), id="a pseudo-header after a field"),
        pytest.param((POST[0], *POST), id="a pseudo-header twice"),
        pytest.param(((":status", "200"), *POST), id="a pseudo-header of answers"),
        pytest.param((*POST, ("Upper", "x")), id="upper case"),
        pytest.param((*POST, ("", "x")), id="no name"),
        pytest.param((*POST, ("sp ace", "x")), id="a blank in a name"),
        pytest.param((*POST, ("connection", "close")), id="a field of a connection"),
        pytest.param((*POST[:4], ("te", "gzip")), id="te of anything but trailers"),
        pytest.param((*POST, ("x", "a\nb")), id="a line feed"),
        pytest.param((*POST, ("x", "a\0b")), id="a NUL"),
        pytest.param((*POST, ("x", " a")), id="a blank before a value"),
        pytest.param((*POST, ("content-length", "abc")), id="a length that is no number"),
        pytest.param((*POST, ("content-length", "1"), ("content-length", "2")), id="two lengths"),
    ],
)
def test_a_malformed_request_is_reset(headers: tuple[tuple[str, str], ...]) -> None:
    client = Client().greet()
    events = client.send(frame(codes.HEADERS, END, 1, client.block(headers)))
    assert events == []
    assert client.resets(1) == E.PROTOCOL_ERROR
    assert client.server.streams == {}


@pytest.mark.parametrize(("declared", "sent"), [(3, [b"four"]), (5, [b"four"]), (0, [b"x"]), (4, [b"fo", b"urs"])])
def test_a_body_of_another_length_than_declared_is_reset(declared: int, sent: list[bytes]) -> None:
    client = Client().greet()
    client.open(1, more=(("content-length", str(declared)),))
    for number, part in enumerate(sent):
        client.data(1, part, end=number == len(sent) - 1)
    assert client.resets(1) == E.PROTOCOL_ERROR


def test_a_body_of_the_declared_length_is_fine() -> None:
    client = Client().greet()
    client.open(1, more=(("content-length", "4"),))
    client.data(1, b"fo")
    client.data(1, b"ur", end=True)
    assert client.hear() == []


def test_data_beyond_a_streams_window_resets_it_and_beyond_the_connections_ends_all() -> None:
    client = Client().greet()
    stream = client.open(1)
    client.server.hold(stream)
    for _ in range(17):
        client.data(1, bytes(16384))
    assert client.resets(1) == E.FLOW_CONTROL_ERROR
    client.server.receive_window = 10
    client.open(3)
    client.data(3, bytes(11))
    assert client.dies_of(E.FLOW_CONTROL_ERROR)
