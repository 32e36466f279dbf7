"""A client that says what it likes on an HTTP/2 connection, and notes what it is told."""

import asyncio
import contextlib
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import hpack

from principal.door.http2 import fields
from principal.door.http2.codes import PREFACE
from tests.interop.standalone import Standalone

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
ACK = END_STREAM = 1
END_HEADERS: Final = 4
INITIAL_WINDOW_SIZE: Final = 4

NO_ERROR, REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM = 0, 7, 8, 11

LARGEST_WINDOW: Final = 2**31 - 1
DEFAULT_WINDOW: Final = 65_535
PATIENCE: Final = 30.0
"""Seconds to wait for what must happen."""

READ_BYTES: Final = 1 << 16


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    """One frame."""
    return struct.pack(">HBBBI", len(payload) >> 8, len(payload) & 0xFF, kind, flags, stream) + payload


def headers(method: str, *more: tuple[str, str]) -> bytes:
    """A block of request headers that leaves no trace in the decoder's table."""
    pseudo = [(":method", "POST"), (":scheme", "http"), (":path", f"/interop.Echo/{method}"), (":authority", "a")]
    return fields.encode([*pseudo, ("content-type", "application/grpc"), ("te", "trailers"), *more])


def opening(stream: int, method: str, *more: tuple[str, str]) -> bytes:
    """A HEADERS frame that opens a stream."""
    return frame(HEADERS, END_HEADERS, stream, headers(method, *more))


def message(body: bytes, *, flag: int = 0) -> bytes:
    """A gRPC message with its prefix."""
    return struct.pack(">BI", flag, len(body)) + body


def data(stream: int, payload: bytes, *, end: bool = False, most: int = 16_384) -> bytes:
    """DATA frames of at most `most` bytes each."""
    cut = [payload[at : at + most] for at in range(0, len(payload), most)] or [b""]
    frames = [frame(DATA, 0, stream, piece) for piece in cut[:-1]]
    return b"".join([*frames, frame(DATA, END_STREAM if end else 0, stream, cut[-1])])


@dataclass
class Attacker:
    """One connection, after its preface."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    frames: Counter[int] = field(default_factory=Counter)
    """Frames received, by kind."""
    resets: dict[int, int] = field(default_factory=dict)
    """Stream -> the code with which it was reset."""
    statuses: dict[int, int] = field(default_factory=dict)
    """Stream -> its grpc-status."""
    http: dict[int, str] = field(default_factory=dict)
    """Stream -> its :status."""
    body: dict[int, bytearray] = field(default_factory=dict)
    """Stream -> what came on it."""
    goaway: tuple[int, str] | None = None
    """Code and debug text."""
    closed: bool = False
    windows: Counter[int] = field(default_factory=Counter)
    """Stream (0: the connection) -> bytes that may be sent beyond the first window."""

    def say(self, what: bytes) -> None:
        """Send; what can't be sent any more is lost."""
        self.writer.write(what)

    async def pour(self, pieces: Iterable[bytes]) -> None:
        """Send one piece after the other, no faster than they are taken, until all are or the connection is over."""
        try:
            for piece in pieces:
                if self.goaway is not None or self.closed:
                    return
                self.writer.write(piece)
                await self.writer.drain()
        except ConnectionError:
            self.closed = True

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until `condition` holds."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.005)

    async def read(self) -> None:
        """Note what is said, until the connection is closed."""
        decoder = hpack.Decoder()
        held = bytearray()
        with contextlib.suppress(ConnectionError):
            while piece := await self.reader.read(READ_BYTES):
                held += piece
                at = 0
                while len(held) - at >= 9:
                    high, low, kind, flags, stream = struct.unpack_from(">HBBBI", held, at)
                    length = high << 8 | low
                    if len(held) - at < 9 + length:
                        break
                    self._note(kind, flags, stream, bytes(held[at + 9 : at + 9 + length]), decoder)
                    at += 9 + length
                del held[:at]
        self.closed = True

    def _note(self, kind: int, flags: int, stream: int, payload: bytes, decoder: hpack.Decoder) -> None:
        self.frames[kind] += 1
        if kind == RST_STREAM:
            self.resets[stream] = int.from_bytes(payload, "big")
        elif kind == GOAWAY:
            code = int.from_bytes(payload[4:8], "big")
            self.goaway = (code, payload[8:].decode("utf-8", "replace"))
        elif kind == HEADERS:
            found = {str(name): str(value) for name, value in decoder.decode(payload)}
            if ":status" in found:
                self.http[stream] = found[":status"]
            if "grpc-status" in found:
                self.statuses[stream] = int(found["grpc-status"])
        elif kind == DATA:
            self.body.setdefault(stream, bytearray()).extend(payload)
        elif kind == WINDOW_UPDATE:
            self.windows[stream] += int.from_bytes(payload, "big")
        elif kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                name, value = struct.unpack_from(">HI", payload, at)
                if name == INITIAL_WINDOW_SIZE:
                    self.windows[-1] = value


@contextlib.asynccontextmanager
async def attacking(
    door: Standalone, *, window: int = LARGEST_WINDOW, connection_window: int = LARGEST_WINDOW, reads: bool = True
) -> AsyncIterator[Attacker]:
    """Connect, and send the preface; `window` is what its streams may be sent, `connection_window` all together."""
    reader, writer = await asyncio.open_connection(door.host, door.port)
    attacker = Attacker(reader, writer)
    attacker.say(PREFACE + frame(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW_SIZE, window)))
    if connection_window > DEFAULT_WINDOW:
        attacker.say(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", connection_window - DEFAULT_WINDOW)))
    reading = asyncio.create_task(attacker.read()) if reads else None
    try:
        yield attacker
    finally:
        writer.transport.abort()
        if reading is not None:
            await reading
