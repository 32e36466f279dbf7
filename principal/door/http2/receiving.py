"""What each frame does to a connection (RFC 9113 §6), and what it costs its sender where it may not come."""

from typing import TYPE_CHECKING, Final

from principal.door.http2 import charges, codes, frames, heading
from principal.door.http2.checks import check_declared, need_size, need_stream, unpadded
from principal.door.http2.codes import ErrorCode, Setting
from principal.door.http2.events import DataReceived
from principal.door.http2.evidence import Goaway
from principal.door.http2.faults import ConnectionFault, StreamFault
from principal.door.http2.limits import EMPTY_FRAMES, UPDATES_REMEMBERED, YOUNG_SECONDS
from principal.door.http2.settings import check_setting
from principal.door.http2.stream import Stream
from principal.door.http2.windows import MAX_CONNECTION_WINDOW, MAX_STREAM_WINDOW, grown

if TYPE_CHECKING:
    from principal.door.http2.connection import Connection


def data(connection: "Connection", stream: Stream, flags: int, payload: bytes, now: float) -> None:
    """DATA on a stream that is not closed."""
    length = len(payload)
    _connection_takes(connection, length, now)
    if stream.remote_ended:
        raise StreamFault(stream.id, ErrorCode.STREAM_CLOSED, "DATA after the request's end")
    stream.receive_window -= length
    if stream.receive_window < 0:
        text = f"{-stream.receive_window} bytes more than the stream's window"
        raise StreamFault(stream.id, ErrorCode.FLOW_CONTROL_ERROR, text)
    if flags & codes.PADDED:
        payload = unpadded(payload, codes.DATA)
    ended = bool(flags & codes.END_STREAM)
    stream.frames_in += 1
    if payload:
        stream.bytes_in += len(payload)
        stream.empty_frames = 0
    elif not ended:
        _count_empty(stream)
    if stream.declared is not None:
        check_declared(stream, len(payload), ended=ended)
    connection.events.append(DataReceived(stream, payload, ended))
    if ended:
        connection.ended_by_peer(stream)
        return
    stream.uncredited += length
    if stream.uncredited * 2 >= stream.receive_target and not stream.held:
        credit_stream(connection, stream, now)


def credit_stream(connection: "Connection", stream: Stream, now: float) -> None:
    """Give back what has been taken of a stream's window, and more where the window holds the peer back."""
    if stream.remote_ended:
        return
    target = grown(stream.receive_target, since=now - stream.tuned_at, most=MAX_STREAM_WINDOW)
    increment = target - stream.receive_window
    stream.receive_target, stream.tuned_at, stream.uncredited = target, now, 0
    if increment > 0:
        stream.receive_window += increment
        connection.outgoing.control(frames.window_update(stream.id, increment))


def frame(connection: "Connection", kind: int, flags: int, stream_id: int, payload: bytes, now: float) -> None:
    """Any frame but DATA on an open stream."""
    if connection.block is not None and (kind != codes.CONTINUATION or stream_id != connection.block.stream_id):
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "another frame amid a header block")
    if not connection.last_stream and kind != codes.SETTINGS and connection.evidence.frames_in[codes.SETTINGS] == 0:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "the first frame is not SETTINGS")
    if kind < codes.UNKNOWN:
        _HANDLERS[kind](connection, flags, stream_id, payload, now)
    else:
        connection.charge(charges.IDLE, now)


def _connection_takes(connection: "Connection", length: int, now: float) -> None:
    """Count DATA against the connection's window. It is given back at once: one stream must not hold up the others."""
    connection.receive_window -= length
    if connection.receive_window < 0:
        text = f"{-connection.receive_window} bytes more than the connection's window"
        raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, text)
    connection.uncredited += length
    if connection.uncredited * 2 < connection.receive_target:
        return
    target = grown(connection.receive_target, since=now - connection.tuned_at, most=MAX_CONNECTION_WINDOW)
    increment = target - connection.receive_window
    connection.receive_target, connection.tuned_at, connection.uncredited = target, now, 0
    connection.receive_window += increment
    connection.outgoing.control(frames.window_update(0, increment))


def _stray_data(connection: "Connection", _flags: int, stream_id: int, payload: bytes, now: float) -> None:
    """DATA on a stream that is not open."""
    need_stream(stream_id, codes.DATA)
    _not_idle(connection, stream_id, codes.DATA)
    _connection_takes(connection, len(payload), now)
    _late(connection, stream_id, now)


def _priority(connection: "Connection", _flags: int, stream_id: int, payload: bytes, now: float) -> None:
    """Deprecated (RFC 9113 §5.3.2): looked at only as far as it may be wrong."""
    need_stream(stream_id, codes.PRIORITY)
    connection.charge(charges.IDLE, now)
    if len(payload) != 5:
        raise StreamFault(stream_id, ErrorCode.FRAME_SIZE_ERROR, f"PRIORITY of {len(payload)} bytes: 5 are accepted")
    if frames.read_long(payload) & frames.STREAM_MASK == stream_id:
        raise StreamFault(stream_id, ErrorCode.PROTOCOL_ERROR, "a stream that depends on itself")


def _rst_stream(connection: "Connection", _flags: int, stream_id: int, payload: bytes, now: float) -> None:
    need_stream(stream_id, codes.RST_STREAM)
    need_size(payload, 4, codes.RST_STREAM)
    _not_idle(connection, stream_id, codes.RST_STREAM)
    code = frames.read_long(payload)
    connection.evidence.resets_received += 1
    connection.evidence.last_reset = (stream_id, code, "received")
    stream = connection.streams.get(stream_id)
    if stream is None:
        connection.charge(charges.IDLE, now)
        return
    connection.reset_by_peer(stream, code)
    if now - stream.opened < YOUNG_SECONDS:
        connection.charge(charges.RESET, now)


def _settings(connection: "Connection", flags: int, stream_id: int, payload: bytes, now: float) -> None:
    if stream_id:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "SETTINGS on a stream")
    connection.charge(charges.SETTINGS, now)
    if flags & codes.ACK:
        need_size(payload, 0, codes.SETTINGS)
        return
    if len(payload) % 6:
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, f"SETTINGS of {len(payload)} bytes: 6 for each are accepted")
    peer = connection.outgoing.peer
    window = peer.initial_window
    for setting, value in frames.read_settings(payload):
        check_setting(setting, value)
        if setting == Setting.HEADER_TABLE_SIZE:
            peer.smallest_table = min(peer.smallest_table, value)
        elif setting == Setting.INITIAL_WINDOW_SIZE:
            window = value
        elif setting == Setting.MAX_FRAME_SIZE:
            peer.max_frame = value
        elif setting == Setting.MAX_HEADER_LIST_SIZE:
            peer.max_header_list = value
    if window != peer.initial_window:
        # Once, however often one frame says it: ten thousand windows change with it.
        _resize(connection, window - peer.initial_window)
        peer.initial_window = window
    connection.outgoing.control(frames.SETTINGS_ACK)


def _resize(connection: "Connection", by: int) -> None:
    """The windows of all streams change with the initial one, and may become negative (§6.9.2)."""
    for stream in connection.streams.values():
        try:
            connection.outgoing.opened(stream, by)
        except StreamFault as fault:
            raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, fault.text) from fault


def _push_promise(_connection: "Connection", _flags: int, _stream_id: int, _payload: bytes, _now: float) -> None:
    raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "PUSH_PROMISE from a client")


def _ping(connection: "Connection", flags: int, stream_id: int, payload: bytes, now: float) -> None:
    if stream_id:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "PING on a stream")
    need_size(payload, 8, codes.PING)
    if flags & codes.ACK:
        connection.charge(charges.IDLE, now)
        connection.ping_answered(payload, now)
    else:
        connection.pings.came(now)
        connection.outgoing.control(frames.ping(payload, ack=True))


def _goaway(connection: "Connection", _flags: int, stream_id: int, payload: bytes, now: float) -> None:
    if stream_id:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "GOAWAY on a stream")
    if len(payload) < 8:
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, f"GOAWAY of {len(payload)} bytes: at least 8 are accepted")
    connection.charge(charges.IDLE, now)
    debug = payload[8 : 8 + frames.MAX_DEBUG].decode("utf-8", "replace")
    last = frames.read_long(payload) & frames.STREAM_MASK
    connection.evidence.goaway_received = Goaway(frames.read_long(payload[4:8]), last, debug)


def _window_update(connection: "Connection", _flags: int, stream_id: int, payload: bytes, now: float) -> None:
    need_size(payload, 4, codes.WINDOW_UPDATE)
    outgoing = connection.outgoing
    if outgoing.explained:
        outgoing.explained = min(outgoing.explained, UPDATES_REMEMBERED) - 1
    else:
        connection.charge(charges.IDLE, now)
    increment = frames.read_long(payload) & frames.STREAM_MASK
    if not stream_id:
        if not increment:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of 0")
        outgoing.opened(None, increment)
        return
    _not_idle(connection, stream_id, codes.WINDOW_UPDATE)
    stream = connection.streams.get(stream_id)
    if stream is None:
        return
    if not increment:
        raise StreamFault(stream_id, ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of 0")
    outgoing.opened(stream, increment)


_HANDLERS: Final = (
    _stray_data,
    heading.headers,
    _priority,
    _rst_stream,
    _settings,
    _push_promise,
    _ping,
    _goaway,
    _window_update,
    heading.continuation,
)
"""By frame type."""


def _late(connection: "Connection", stream_id: int, now: float) -> None:
    """A frame with content on a stream that is over: passed over where we ended it, a fault where the peer had."""
    connection.charge(charges.IDLE, now)
    if not connection.was_reset(stream_id):
        raise StreamFault(stream_id, ErrorCode.STREAM_CLOSED, f"a frame on stream {stream_id}, which is closed")


def _count_empty(stream: Stream) -> None:
    stream.empty_frames += 1
    if stream.empty_frames > EMPTY_FRAMES:
        text = f"more than {EMPTY_FRAMES} DATA frames in a row without data"
        raise StreamFault(stream.id, ErrorCode.ENHANCE_YOUR_CALM, text)


def _not_idle(connection: "Connection", stream_id: int, kind: int) -> None:
    if stream_id > connection.last_stream or stream_id % 2 == 0:
        text = f"{codes.FRAME_NAMES[kind]} on stream {stream_id}, which nobody has opened"
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, text)
