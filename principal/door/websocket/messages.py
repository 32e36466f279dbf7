"""WebSocket messages from bytes, with the library's reader of frames and bounds on what they may be made of."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.frames import CTRL_OPCODES, Close, CloseCode, Frame, Opcode

from principal.door.websocket.limits import Limits

MAX_CONTROL_BYTES: Final = 125
"""Bytes in a control frame (RFC 6455 §5.5)."""


class PeerError(Exception):
    """The peer broke a rule; `code` is what the close frame says."""

    def __init__(self, code: CloseCode, why: str) -> None:
        super().__init__(why)
        self.code = code


class TooLongError(PeerError):
    """A message is longer than what we take."""


@dataclass(frozen=True, slots=True)
class Ping:
    """To be answered by a pong with the same bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """An answer to nothing: we send no pings."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The peer's close frame."""

    close: Close
    data: bytes
    """Its content, which an answer repeats."""


Received = bytes | Ping | Pong | Closed
"""What came: a whole binary message, or a control frame."""


class MessageReader:
    """Cuts the bytes of a client into messages and control frames, one at a time."""

    def __init__(self, limits: Limits) -> None:
        self.frames = 0
        """Frames read."""
        self._limits = limits
        self._buffer = bytearray()
        self._parser: Generator[None, None, Frame] | None = None
        self._parts: list[bytes] = []
        self._fragments = 0
        self._size = 0

    @property
    def partial(self) -> bool:
        """Whether a message has begun that is not complete."""
        return self._fragments > 0 or self._parser is not None or bool(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take bytes; `next` reads them."""
        self._buffer += data

    def stop(self) -> None:
        """Read nothing more, and keep nothing of what has come: a parser amid a frame knows this reader."""
        self._parser = None
        self._buffer.clear()
        self._parts.clear()
        self._size = self._fragments = 0

    def next(self) -> Received | None:
        """The next message or control frame, None until more bytes come; PeerError when the peer broke a rule."""
        while (frame := self._frame()) is not None:
            self.frames += 1
            if frame.opcode in CTRL_OPCODES:
                return _control(frame)
            message = self._gather(frame)
            if message is not None:
                return message
        return None

    def _frame(self) -> Frame | None:
        if self._parser is None:
            if not self._buffer:
                return None
            # A control frame may come between two fragments, however little is left for these.
            room = max(self._limits.message_bytes - self._size, MAX_CONTROL_BYTES)
            self._parser = Frame.parse(self._exactly, mask=True, max_size=room)
        try:
            next(self._parser)
        except StopIteration as done:
            self._parser = None
            frame: Frame = done.value
            return frame
        except PayloadTooBig as error:
            raise TooLongError(CloseCode.MESSAGE_TOO_BIG, self._too_long()) from error
        except ProtocolError as error:
            raise PeerError(CloseCode.PROTOCOL_ERROR, str(error)) from error
        return None

    def _exactly(self, count: int) -> Generator[None, None, bytearray]:
        """The next `count` bytes, as soon as there are so many."""
        while len(self._buffer) < count:
            yield
        taken = self._buffer[:count]
        del self._buffer[:count]
        return taken

    def _gather(self, frame: Frame) -> bytes | None:
        """The message that `frame` completes."""
        if frame.opcode is Opcode.TEXT:
            raise PeerError(CloseCode.UNSUPPORTED_DATA, "text: gRPC frames come in binary messages")
        if (frame.opcode is Opcode.CONT) != (self._fragments > 0):
            raise PeerError(
                CloseCode.PROTOCOL_ERROR,
                "a message began within another" if self._fragments else "a stray continuation",
            )
        data = bytes(frame.data)
        if len(data) + self._size > self._limits.message_bytes:
            raise TooLongError(CloseCode.MESSAGE_TOO_BIG, self._too_long())
        if frame.fin and not self._fragments:
            return data
        self._parts.append(data)
        self._size += len(data)
        self._fragments += 1
        if self._fragments > self._limits.free_fragments + self._size // self._limits.min_fragment:
            raise PeerError(
                CloseCode.POLICY_VIOLATION, f"{self._fragments} fragments for a message of {self._size} bytes until now"
            )
        if not frame.fin:
            return None
        message = b"".join(self._parts)
        self._parts.clear()
        self._size = self._fragments = 0
        return message

    def _too_long(self) -> str:
        return f"a message is longer than {self._limits.message_bytes} bytes"


def _control(frame: Frame) -> Received:
    data = bytes(frame.data)
    if frame.opcode is Opcode.PING:
        return Ping(data)
    if frame.opcode is Opcode.PONG:
        return Pong()
    try:
        return Closed(Close.parse(data), data)
    except ProtocolError as error:
        raise PeerError(CloseCode.PROTOCOL_ERROR, str(error)) from error
    except UnicodeDecodeError as error:
        raise PeerError(CloseCode.INVALID_DATA, "the reason of a close frame is no UTF-8") from error
