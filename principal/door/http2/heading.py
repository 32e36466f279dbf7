"""Header blocks: the beginning of a request, and its trailers (RFC 9113 §6.2, §6.10, §8.1)."""

from typing import TYPE_CHECKING, Final

from principal.door.http2 import charges, codes, fields, frames
from principal.door.http2.checks import check_declared, check_size_updates, need_stream, unpadded
from principal.door.http2.codes import ErrorCode
from principal.door.http2.decoding import HeaderList
from principal.door.http2.events import HalfClosed, OversizedRequest, RequestReceived
from principal.door.http2.faults import ConnectionFault, StreamFault
from principal.door.http2.limits import (
    CONCURRENT_STREAMS,
    CONTINUATIONS,
    HEADER_BLOCK_BYTES,
    HEADER_FIELDS,
    HEADER_LIST_BYTES,
)
from principal.door.http2.settings import STREAM_WINDOW
from principal.door.http2.stream import Stream
from principal.door.wire import Headers

if TYPE_CHECKING:
    from principal.door.http2.connection import Connection


_UNCLEAR: Final = -1


class HeaderBlock:
    """A header block whose last frame has not come."""

    __slots__ = ("circular", "end_stream", "frames", "parts", "size", "stream_id")

    def __init__(self, stream_id: int, first: bytes, *, end_stream: bool, circular: bool) -> None:
        self.stream_id = stream_id
        self.end_stream = end_stream
        self.circular = circular
        """Its priority makes the stream depend on itself."""
        self.parts = [first]
        self.size = len(first)
        self.frames = 0


def headers(connection: "Connection", flags: int, stream_id: int, payload: bytes, now: float) -> None:
    """HEADERS: a block, or its beginning."""
    need_stream(stream_id, codes.HEADERS)
    if flags & codes.PADDED:
        payload = unpadded(payload, codes.HEADERS)
    circular = False
    if flags & codes.PRIORITISED:
        if len(payload) < 5:
            raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "HEADERS too short for its priority")
        circular = frames.read_long(payload) & frames.STREAM_MASK == stream_id
        payload = payload[5:]
    block = HeaderBlock(stream_id, payload, end_stream=bool(flags & codes.END_STREAM), circular=circular)
    if flags & codes.END_HEADERS:
        _complete(connection, block, payload, now)
    else:
        connection.block = block


def continuation(connection: "Connection", flags: int, _stream_id: int, payload: bytes, now: float) -> None:
    """CONTINUATION: more of a block."""
    block = connection.block
    if block is None:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "CONTINUATION without HEADERS before it")
    block.parts.append(payload)
    block.size += len(payload)
    block.frames += 1
    if block.size > HEADER_BLOCK_BYTES or block.frames > CONTINUATIONS:
        text = f"a header block of {block.size} bytes in {block.frames + 1} frames: too much"
        raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, text)
    if flags & codes.END_HEADERS:
        connection.block = None
        _complete(connection, block, b"".join(block.parts), now)


def _complete(connection: "Connection", block: HeaderBlock, encoded: bytes, now: float) -> None:
    """A whole header block: a new stream, or the end of one."""
    check_size_updates(encoded)
    # Decoded in any case: the table must stay in step.
    found = connection.fields.decode(encoded)
    stream = connection.streams.get(block.stream_id)
    if stream is not None:
        _trailers(connection, stream, block, found)
    elif block.stream_id <= connection.last_stream:
        if not connection.was_reset(block.stream_id):
            raise ConnectionFault(ErrorCode.STREAM_CLOSED, f"HEADERS on stream {block.stream_id}, which is closed")
        connection.charge(charges.IDLE, now)
    else:
        _request(connection, block, found, now)


def _trailers(connection: "Connection", stream: Stream, block: HeaderBlock, found: HeaderList) -> None:
    if stream.remote_ended:
        raise StreamFault(stream.id, ErrorCode.STREAM_CLOSED, "HEADERS after the request's end")
    if not block.end_stream:
        raise StreamFault(stream.id, ErrorCode.PROTOCOL_ERROR, "a second HEADERS that does not end the stream")
    fault = found.fault or fields.trailer_fault(found.fields)
    if fault is not None:
        raise StreamFault(stream.id, ErrorCode.PROTOCOL_ERROR, fault)
    if stream.declared is not None:
        check_declared(stream, 0, ended=True)
    connection.events.append(HalfClosed(stream))
    connection.ended_by_peer(stream)


def _request(connection: "Connection", block: HeaderBlock, found: HeaderList, now: float) -> None:
    stream_id = block.stream_id
    if stream_id % 2 == 0:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, f"stream {stream_id} is even: clients open odd ones")
    connection.last_stream = stream_id
    if connection.final:
        return  # the peer has been told that it is not served, and may try it elsewhere
    if len(connection.streams) >= CONCURRENT_STREAMS:
        connection.charge(charges.REFUSED, now)
        raise StreamFault(stream_id, ErrorCode.REFUSED_STREAM, f"{CONCURRENT_STREAMS} streams are open")
    fault = found.fault or fields.request_fault(found.fields)
    if block.circular:
        fault = "a stream that depends on itself"
    declared = _declared(found.fields)
    if fault is not None or declared == _UNCLEAR:
        connection.charge(charges.REFUSED, now)
        raise StreamFault(stream_id, ErrorCode.PROTOCOL_ERROR, fault or "content-length is not one number")
    stream = Stream(
        stream_id, send_window=connection.outgoing.peer.initial_window, receive_window=STREAM_WINDOW, now=now
    )
    stream.remote_ended = block.end_stream
    stream.declared = declared
    connection.streams[stream_id] = stream
    connection.idle_since = None
    connection.evidence.streams_opened += 1
    if stream.declared is not None and block.end_stream:
        check_declared(stream, 0, ended=True)
    why = _oversized(found)
    if why:
        connection.charge(charges.REFUSED, now)
        connection.events.append(OversizedRequest(stream, found.size, why))
    else:
        connection.events.append(RequestReceived(stream, found.fields, block.end_stream))


def _oversized(found: HeaderList) -> str:
    """Which limit a header list is above; empty where it is below all."""
    if found.size > HEADER_LIST_BYTES:
        return f"headers of {found.size} bytes: at most {HEADER_LIST_BYTES} are accepted"
    count = len(found.fields)
    return f"{count} header fields: at most {HEADER_FIELDS} are accepted" if count > HEADER_FIELDS else ""


def _declared(headers: Headers) -> int | None:
    """What content-length says, _UNCLEAR when that is nothing clear."""
    said = {value for name, value in headers if name == "content-length"}
    if not said:
        return None
    value = said.pop()
    if said or not (value.isascii() and value.isdigit()) or len(value) > 18:
        return _UNCLEAR
    return int(value)
