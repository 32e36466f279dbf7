"""Frames as bytes (RFC 9113 §4, §6). Reading a frame's head is `HEAD`; its payload is read where it is used."""

import struct
from collections.abc import Iterable
from typing import Final

from principal.door.http2.codes import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    GOAWAY,
    HEADERS,
    PING,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
)

HEAD_BYTES: Final = 9

HEAD: Final = struct.Struct(">HBBBI")
"""Length (high 16 bits, low 8), type, flags, stream. The stream's highest bit is reserved and ignored."""

STREAM_MASK: Final = 0x7FFFFFFF

_LONG: Final = struct.Struct(">I")
_SETTING: Final = struct.Struct(">HI")
_TWO: Final = struct.Struct(">II")

MAX_DEBUG: Final = 512
"""Bytes of a GOAWAY's debug text, ours and what is kept of a peer's: it goes to logs."""

SETTINGS_ACK: Final = HEAD.pack(0, 0, SETTINGS, ACK, 0)


def data_head(length: int, stream_id: int, *, end: bool) -> bytes:
    """The head of a DATA frame of `length` bytes."""
    return HEAD.pack(length >> 8, length & 0xFF, DATA, 1 if end else 0, stream_id)


def headers(stream_id: int, block: bytes, *, end: bool, max_frame: int) -> bytes:
    """HEADERS, and as many CONTINUATION frames as the peer's frame size asks for."""
    ending = 1 if end else 0
    if len(block) <= max_frame:
        return HEAD.pack(len(block) >> 8, len(block) & 0xFF, HEADERS, END_HEADERS | ending, stream_id) + block
    parts = [block[at : at + max_frame] for at in range(0, len(block), max_frame)]
    frames = []
    for number, part in enumerate(parts):
        kind = CONTINUATION if number else HEADERS
        flags = (0 if number else ending) | (END_HEADERS if number == len(parts) - 1 else 0)
        frames.append(HEAD.pack(len(part) >> 8, len(part) & 0xFF, kind, flags, stream_id) + part)
    return b"".join(frames)


def rst_stream(stream_id: int, code: int) -> bytes:
    """RST_STREAM."""
    return HEAD.pack(0, 4, RST_STREAM, 0, stream_id) + _LONG.pack(code)


def settings(values: Iterable[tuple[int, int]]) -> bytes:
    """SETTINGS with `values`, in this order."""
    payload = b"".join(_SETTING.pack(setting, value) for setting, value in values)
    return HEAD.pack(0, len(payload), SETTINGS, 0, 0) + payload


def read_settings(payload: bytes) -> list[tuple[int, int]]:
    """What a SETTINGS payload of whole entries says, in its order."""
    return list(_SETTING.iter_unpack(payload))


def ping(opaque: bytes, *, ack: bool) -> bytes:
    """PING, or its answer; `opaque` is 8 bytes."""
    return HEAD.pack(0, 8, PING, ACK if ack else 0, 0) + opaque


def goaway(last_stream: int, code: int, debug: str) -> bytes:
    """GOAWAY, its debug text cut to MAX_DEBUG bytes."""
    text = debug.encode("utf-8", "replace")[:MAX_DEBUG]
    payload = _TWO.pack(last_stream, code) + text
    return HEAD.pack(len(payload) >> 8, len(payload) & 0xFF, GOAWAY, 0, 0) + payload


def window_update(stream_id: int, increment: int) -> bytes:
    """WINDOW_UPDATE; stream 0 is the connection."""
    return HEAD.pack(0, 4, WINDOW_UPDATE, 0, stream_id) + _LONG.pack(increment)


def read_long(payload: bytes) -> int:
    """A 32-bit number at the beginning of `payload`."""
    number: int = _LONG.unpack_from(payload)[0]
    return number
