"""gRPC messages in a body: a flag, four bytes of length, and the message itself (grpc/doc/PROTOCOL-HTTP2.md).

Bytes come in any slicing. The common case, one whole message in one piece with nothing held before, is decided by a
single comparison: read as one number, flag and length are the length exactly when the flag is 0.
"""

import struct
import zlib
from typing import Final

from principal.rpc import Code, RpcError

PREFIX_BYTES: Final = 5
"""Bytes before each message."""

GZIP: Final = 16 + zlib.MAX_WBITS
"""zlib's word for the gzip format."""

ISIZE_BYTES: Final = 4
"""Bytes at the end of a gzip member that tell the size of what it holds, modulo 2**32 (RFC 1952 §2.3.1)."""

MAX_RATIO: Final = 1032
"""Bytes that one byte of deflated data can stand for at most: two bits give 258 of them (RFC 1951 §3.2.5)."""

WORTH_SHARING: Final = 512
"""Bytes of a message from which it is worth a look whether it was the last one too. Heartbeats are shorter."""

MAX_SHARED: Final = 1024 * 1024
"""Bytes of a message beyond which nothing of it is kept when it is sent."""

_PREFIX: Final = struct.Struct(">BI")


class MessageError(RpcError):
    """The body can't be read on; `before` are the whole messages that came with the bytes that showed it."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(code, message)
        self.before: list[bytes] = []


class MessageReader:
    """Cuts a request's body into messages. After a MessageError it is of no more use."""

    __slots__ = ("_gzip", "_held", "_max", "_need")

    def __init__(self, *, max_message: int, encoding: str) -> None:
        """Read messages of up to `max_message` bytes, as sent and as inflated; `encoding` is the call's."""
        self._max = max_message
        self._gzip = encoding == "gzip"
        self._held = bytearray()
        self._need = PREFIX_BYTES
        """Bytes with which the next thing can be done: a prefix be read, or a message be taken."""

    @property
    def pending(self) -> int:
        """Bytes held of a message that is not whole yet."""
        return len(self._held)

    def feed(self, data: bytes) -> list[bytes]:
        """Take a piece of the body; the messages that are whole with it. MessageError for what is none.

        RESOURCE_EXHAUSTED for one that is too big, as soon as its prefix is there; INTERNAL for a bad flag, for one
        that is compressed without an encoding, and for one that can't be inflated.
        """
        size = len(data) - PREFIX_BYTES
        if not self._held and int.from_bytes(data[:PREFIX_BYTES], "big") == size <= self._max:
            return [data[PREFIX_BYTES:]]
        return self._cut(data)

    def finish(self) -> None:
        """The body has ended; MessageError when that was within a message."""
        if self._held:
            raise MessageError(Code.INTERNAL, f"the request ended within a message, after {self.pending} bytes of it")

    def _cut(self, data: bytes) -> list[bytes]:
        held = self._held
        if not held:
            messages, used = self._take(data)
            held += data[used:]
            return messages
        held += data
        if len(held) < self._need:
            return []
        with memoryview(held) as view:
            messages, used = self._take(view)
        del held[:used]
        return messages

    def _take(self, data: bytes | memoryview) -> tuple[list[bytes], int]:
        """The whole messages at the start of `data`, and how many bytes they take."""
        messages: list[bytes] = []
        start, size = 0, len(data)
        self._need = PREFIX_BYTES
        try:
            while size - start >= PREFIX_BYTES:
                flag, length = _PREFIX.unpack_from(data, start)
                if flag or length > self._max:
                    self._check(flag, length)
                end = start + PREFIX_BYTES + length
                if end > size:
                    self._need = PREFIX_BYTES + length
                    break
                message = bytes(data[start + PREFIX_BYTES : end])
                messages.append(inflate(message, most=self._max) if flag else message)
                start = end
        except MessageError as bad:
            bad.before = messages
            raise
        return messages, start

    def _check(self, flag: int, length: int) -> None:
        """MessageError for a prefix that announces what is not taken."""
        if flag > 1:
            raise MessageError(Code.INTERNAL, f"a message has the flag {flag}; accepted: 0, and 1 for compressed")
        if flag and not self._gzip:
            raise MessageError(Code.INTERNAL, "a message is flagged as compressed, but the call names no grpc-encoding")
        if length > self._max:
            raise _too_big(length, self._max)


def frame(message: bytes, *, gzip: bool = False) -> bytes:
    """`message` with its prefix, compressed with `gzip` if that makes it smaller."""
    if gzip:
        packed = zlib.compress(message, wbits=GZIP)
        if len(packed) < len(message):
            return _PREFIX.pack(1, len(packed)) + packed
    return _PREFIX.pack(0, len(message)) + message


class Framer:
    """`frame(message)` for messages of which many callers in a row send the same object: a fan-out's."""

    __slots__ = ("_framed", "_message")

    def __init__(self) -> None:
        self._message = self._framed = b""

    def framed(self, message: bytes) -> bytes:
        """`message` with its prefix; the same object as before for the same object."""
        size = len(message)
        if not WORTH_SHARING <= size <= MAX_SHARED:
            return _PREFIX.pack(0, size) + message
        if message is not self._message:
            self._framed, self._message = _PREFIX.pack(0, size) + message, message
        return self._framed


def inflate(packed: bytes, *, most: int) -> bytes:
    """The message in `packed`, one gzip member; MessageError when it is none, or has more than `most` bytes.

    A member ends with the size of what it holds. One that says too much is refused unread, and no more than it says is
    inflated: memory is spent in the measure of honest messages only. Further members and bytes after the end are
    refused, as grpcio does; nothing at all stands for an empty message, as there.
    """
    if not packed:
        return b""
    declared = int.from_bytes(packed[-ISIZE_BYTES:], "little")
    if declared > MAX_RATIO * len(packed):
        # Most likely it was cut, and these bytes are not the size.
        raise MessageError(Code.INTERNAL, f"a compressed message of {len(packed)} bytes can't hold {declared}")
    if declared > most:
        raise _too_big(declared, most)
    inflater = zlib.decompressobj(GZIP)
    try:
        message = inflater.decompress(packed, declared + 1)
    except zlib.error as error:
        raise MessageError(Code.INTERNAL, f"a compressed message is no gzip: {error}") from None
    if not inflater.eof or inflater.unused_data:
        raise MessageError(
            Code.INTERNAL, "a compressed message is not exactly one gzip member of the size that it says"
        )
    return message


def _too_big(size: int, most: int) -> MessageError:
    return MessageError(Code.RESOURCE_EXHAUSTED, f"received message larger than max ({size} vs. {most})")
