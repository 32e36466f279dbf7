"""What a frame must be before it is looked at more closely."""

from principal.door.http2 import codes
from principal.door.http2.codes import ErrorCode
from principal.door.http2.faults import ConnectionFault, StreamFault
from principal.door.http2.limits import SIZE_UPDATES
from principal.door.http2.stream import Stream


def need_stream(stream_id: int, kind: int) -> None:
    """ConnectionFault when a frame of `kind` belongs to a stream and names none."""
    if not stream_id:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, f"{codes.FRAME_NAMES[kind]} without a stream")


def need_size(payload: bytes, size: int, kind: int) -> None:
    """ConnectionFault when a frame of `kind` has not exactly `size` bytes."""
    if len(payload) != size:
        text = f"{codes.FRAME_NAMES[kind]} of {len(payload)} bytes: {size} are accepted"
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, text)


def unpadded(payload: bytes, kind: int) -> bytes:
    """The payload of a PADDED frame without its padding. ConnectionFault when there is more padding than payload."""
    if not payload:
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, f"{codes.FRAME_NAMES[kind]} too short for its padding")
    padding = payload[0]
    if padding >= len(payload):
        text = f"{codes.FRAME_NAMES[kind]} with {padding} bytes of padding in {len(payload)}"
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, text)
    return payload[1 : len(payload) - padding]


def check_size_updates(block: bytes) -> None:
    """ConnectionFault when a header block begins with more changes of the table's size than mean anything."""
    at = count = 0
    while at < len(block) and block[at] & 0xE0 == 0x20:  # RFC 7541 §6.3
        count += 1
        if count > SIZE_UPDATES:
            text = f"more than {SIZE_UPDATES} changes of the table's size before a header list"
            raise ConnectionFault(ErrorCode.COMPRESSION_ERROR, text)
        more = block[at] & 0x1F == 0x1F
        at += 1
        while more and at < len(block):
            more = block[at] >= 0x80
            at += 1


def check_declared(stream: Stream, length: int, *, ended: bool) -> None:
    """Count `length` bytes of body. StreamFault when they are not what content-length said (RFC 9113 §8.1.1)."""
    stream.received += length
    if stream.declared is not None and (
        stream.received > stream.declared or (ended and stream.received != stream.declared)
    ):
        text = f"content-length is {stream.declared}, the body {stream.received} bytes or more"
        raise StreamFault(stream.id, ErrorCode.PROTOCOL_ERROR, text)
