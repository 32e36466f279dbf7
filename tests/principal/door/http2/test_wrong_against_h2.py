"""Frames that are wrong: what ours makes of them, and what an `h2` server makes of the same.

Where they differ, RFC 9113 says why ours does what it does: in most cases that a sidecar's other agents must not pay.
"""

import struct
from typing import Final

import h2.exceptions
import pytest

from principal.door.http2 import codes, fields
from principal.door.http2.codes import ErrorCode
from principal.door.http2.connection import Connection
from tests.principal.door.http2.client import frame, parse
from tests.principal.door.http2.test_against_h2 import NOW, REQUEST, lenient_server


def refusal(sent: bytes) -> tuple[str, str]:
    """What ours, then an `h2` server, make of the same frames after a request on stream 1."""
    opening = b"".join(
        [codes.PREFACE, frame(codes.SETTINGS), frame(codes.HEADERS, codes.END_HEADERS, 1, fields.encode([*REQUEST]))]
    )
    mine = Connection(NOW)
    mine.receive(opening, NOW)
    mine.take_output()
    mine.receive(sent, NOW)
    server = lenient_server()
    server.receive_data(opening)
    server.data_to_send()
    try:
        server.receive_data(sent)
    except h2.exceptions.ProtocolError:
        pass  # the GOAWAY that is waiting says which
    return verdict(b"".join(mine.take_output())), verdict(server.data_to_send())


def verdict(said: bytes) -> str:
    """`fine`, or the first code that a stream or the connection was ended with."""
    for each in parse(said):
        if each.kind == codes.RST_STREAM:
            return f"stream {ErrorCode(int.from_bytes(each.payload, 'big')).name}"
        if each.kind == codes.GOAWAY:
            return f"connection {ErrorCode(int.from_bytes(each.payload[4:8], 'big')).name}"
    return "fine"


def request(stream: int, *more: tuple[str, str], flags: int = codes.END_HEADERS) -> bytes:
    return frame(codes.HEADERS, flags, stream, fields.encode([*REQUEST, *more]))


END_STREAM, END_HEADERS, PADDED = codes.END_STREAM, codes.END_HEADERS, codes.PADDED
LONG = struct.Struct(">I").pack

WRONG: dict[str, bytes] = {
    "data on stream 0": frame(codes.DATA, 0, 0, b"x"),
    "data on an idle stream": frame(codes.DATA, 0, 3, b"x"),
    "data on an even stream": frame(codes.DATA, 0, 2, b"x"),
    "data after the end": frame(codes.DATA, END_STREAM, 1, b"x") + frame(codes.DATA, 0, 1, b"x"),
    "data beyond its padding": frame(codes.DATA, PADDED, 1, b"\x05x"),
    "data without a padding length": frame(codes.DATA, PADDED, 1),
    "headers on stream 0": request(0),
    "headers on an even stream": request(2),
    "headers on an older stream": request(5) + request(3),
    "headers on a closed stream": frame(codes.RST_STREAM, 0, 1, LONG(8)) + request(1),
    "headers beyond their padding": frame(codes.HEADERS, PADDED | END_HEADERS, 3, b"\xff"),
    "headers too short for a priority": frame(codes.HEADERS, codes.PRIORITISED | END_HEADERS, 3, b"\0"),
    "a block that is no HPACK": frame(codes.HEADERS, END_HEADERS, 3, b"\xff\xff\xff\xff\xff"),
    "a second request on a stream": request(1),
    "trailers with a pseudo-header": request(1, flags=END_HEADERS | END_STREAM),
    "an upper-case name": request(3, ("X-A", "1")),
    "a connection header": request(3, ("connection", "close")),
    "te that is not trailers": request(3, ("te", "gzip")),
    "a pseudo-header twice": request(3, (":path", "/other")),
    "an unknown pseudo-header": frame(codes.HEADERS, END_HEADERS, 3, fields.encode([(":protocolx", "x"), *REQUEST])),
    "a response's pseudo-header": frame(codes.HEADERS, END_HEADERS, 3, fields.encode([(":status", "200"), *REQUEST])),
    "no path": frame(codes.HEADERS, END_HEADERS, 3, fields.encode([each for each in REQUEST if each[0] != ":path"])),
    "an empty path": frame(codes.HEADERS, END_HEADERS, 3, fields.encode([*REQUEST[:2], (":path", ""), *REQUEST[3:]])),
    "more than the declared length": request(3, ("content-length", "1")) + frame(codes.DATA, END_STREAM, 3, b"xx"),
    "less than the declared length": request(3, ("content-length", "2")) + frame(codes.DATA, END_STREAM, 3, b"x"),
    "a value with a newline": request(3, ("x-a", "1\n2")),
    "a value with a zero": request(3, ("x-a", "1\0002")),
    "a value with a space at its end": request(3, ("x-a", "1 ")),
    "another frame amid a block": frame(codes.HEADERS, 0, 3, fields.encode([*REQUEST]))
    + frame(codes.PING, 0, 0, bytes(8)),
    "continuation of another stream": frame(codes.HEADERS, 0, 3, b"") + frame(codes.CONTINUATION, END_HEADERS, 5),
    "continuation of nothing": frame(codes.CONTINUATION, END_HEADERS, 1),
    "priority on stream 0": frame(codes.PRIORITY, 0, 0, bytes(5)),
    "priority of 4 bytes": frame(codes.PRIORITY, 0, 1, bytes(4)),
    "priority on itself": frame(codes.PRIORITY, 0, 1, LONG(1) + b"\1"),
    "reset on stream 0": frame(codes.RST_STREAM, 0, 0, LONG(8)),
    "reset on an idle stream": frame(codes.RST_STREAM, 0, 9, LONG(8)),
    "reset of 3 bytes": frame(codes.RST_STREAM, 0, 1, bytes(3)),
    "reset twice": frame(codes.RST_STREAM, 0, 1, LONG(8)) * 2,
    "settings on a stream": frame(codes.SETTINGS, 0, 1),
    "settings of 5 bytes": frame(codes.SETTINGS, 0, 0, bytes(5)),
    "an ack with content": frame(codes.SETTINGS, codes.ACK, 0, bytes(6)),
    "push that is 2": frame(codes.SETTINGS, 0, 0, struct.pack(">HI", 2, 2)),
    "a window of 2**31": frame(codes.SETTINGS, 0, 0, struct.pack(">HI", 4, 2**31)),
    "a frame size of 100": frame(codes.SETTINGS, 0, 0, struct.pack(">HI", 5, 100)),
    "an initial window that overflows": frame(codes.WINDOW_UPDATE, 0, 1, LONG(2**31 - 65_536))
    + frame(codes.SETTINGS, 0, 0, struct.pack(">HI", 4, 70_000)),
    "push promise": frame(codes.PUSH_PROMISE, END_HEADERS, 1, LONG(2)),
    "ping on a stream": frame(codes.PING, 0, 1, bytes(8)),
    "ping of 7 bytes": frame(codes.PING, 0, 0, bytes(7)),
    "goaway on a stream": frame(codes.GOAWAY, 0, 1, bytes(8)),
    "goaway of 7 bytes": frame(codes.GOAWAY, 0, 0, bytes(7)),
    "a window update of 0": frame(codes.WINDOW_UPDATE, 0, 0, LONG(0)),
    "a stream's window update of 0": frame(codes.WINDOW_UPDATE, 0, 1, LONG(0)),
    "a window update of 3 bytes": frame(codes.WINDOW_UPDATE, 0, 0, bytes(3)),
    "a window update on an idle stream": frame(codes.WINDOW_UPDATE, 0, 9, LONG(1)),
    "a window that overflows": frame(codes.WINDOW_UPDATE, 0, 0, LONG(2**31 - 1)),
    "a stream's window that overflows": frame(codes.WINDOW_UPDATE, 0, 1, LONG(2**31 - 1)),
    "a frame of 16385 bytes": frame(codes.DATA, 0, 1, bytes(16_385)),
    "an unknown frame": frame(0x42, 0xFF, 1, b"anything"),
}
"""What is wrong -> frames."""

MALFORMED: Final = (
    "stream PROTOCOL_ERROR",
    "connection PROTOCOL_ERROR",
    "malformed is its stream's (§8.1.1)",
)

DIFFERENT: dict[str, tuple[str, str, str]] = {
    **dict.fromkeys(
        [
            "trailers with a pseudo-header",
            "an upper-case name",
            "a connection header",
            "te that is not trailers",
            "a pseudo-header twice",
            "an unknown pseudo-header",
            "a response's pseudo-header",
            "no path",
            "an empty path",
            "more than the declared length",
            "less than the declared length",
            "a value with a newline",
            "a value with a zero",
            "a value with a space at its end",
            "a second request on a stream",
        ],
        MALFORMED,
    ),
    "a stream's window update of 0": ("stream PROTOCOL_ERROR", "connection PROTOCOL_ERROR", "its stream's (§6.9)"),
    "priority on itself": ("stream PROTOCOL_ERROR", "connection PROTOCOL_ERROR", "its stream's (RFC 7540 §5.3.1)"),
    "priority of 4 bytes": ("stream FRAME_SIZE_ERROR", "connection FRAME_SIZE_ERROR", "its stream's (§6.3)"),
    "headers on an older stream": (
        "connection STREAM_CLOSED",
        "connection PROTOCOL_ERROR",
        "which was closed as the later one opened (§5.1.1); either code says so",
    ),
    "headers on a closed stream": (
        "connection STREAM_CLOSED",
        "stream STREAM_CLOSED",
        "a stream's error may be taken for the connection's (§5.4.2); no honest client opens a stream twice",
    ),
    "a block that is no HPACK": ("connection COMPRESSION_ERROR", "connection PROTOCOL_ERROR", "§4.3 names the code"),
    "an ack with content": ("connection FRAME_SIZE_ERROR", "connection PROTOCOL_ERROR", "§6.5 names the code"),
    "reset on an idle stream": ("connection PROTOCOL_ERROR", "fine", "§6.4 wants it"),
}
"""What is wrong -> what ours does, what h2 does, and why ours is right."""


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_as_h2_does_or_with_a_reason(name: str) -> None:
    mine, other = refusal(WRONG[name])
    if name in DIFFERENT:
        assert (mine, other) == DIFFERENT[name][:2]
    else:
        assert mine == other
