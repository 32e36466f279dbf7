"""A server's end of an HTTP/2 connection (RFC 9113), as a value: bytes and `now` in; bytes, events and timers out.

`receive` gives events and leaves its answers in the way out; what serves the streams calls `respond`, `send`, `finish`
and `reset`, at any time. Whoever owns the transport writes what `take_output` gives, closes once `closing` is set, and
calls `on_timer` when `next_timer` has come. What each kind of frame does is in `receiving`, what time does in
`deadlines`, and how a connection ends in `ending`.
"""

from collections.abc import Callable
from typing import Final

from principal.buckets import Bucket, Rate
from principal.door.http2 import charges, deadlines, ending, frames, heading, receiving
from principal.door.http2.codes import (
    DATA,
    DEFAULT_FRAME,
    DEFAULT_WINDOW,
    FRAME_NAMES,
    PREFACE,
    UNKNOWN,
    ErrorCode,
    Setting,
    error_name,
)
from principal.door.http2.decoding import FieldDecoder
from principal.door.http2.events import Event, StreamOver
from principal.door.http2.evidence import Evidence
from principal.door.http2.faults import ConnectionFault, StreamFault
from principal.door.http2.limits import (
    CLOSED_REMEMBERED,
    CONCURRENT_STREAMS,
    HEADER_LIST_BYTES,
    PREFACE_SECONDS,
    YOUNG_SECONDS,
)
from principal.door.http2.outgoing import Outgoing
from principal.door.http2.pings import Pings
from principal.door.http2.settings import CONNECTION_WINDOW, STREAM_WINDOW
from principal.door.http2.stream import Stream

_unpack: Final = frames.HEAD.unpack_from

_SETTINGS: Final = (
    (Setting.MAX_CONCURRENT_STREAMS, CONCURRENT_STREAMS),
    (Setting.INITIAL_WINDOW_SIZE, STREAM_WINDOW),
    (Setting.MAX_HEADER_LIST_SIZE, HEADER_LIST_BYTES),
)

_GREETING: Final = frames.settings(_SETTINGS) + frames.window_update(0, CONNECTION_WINDOW - DEFAULT_WINDOW)
"""What a server's connection begins with, the same for all."""


class Connection:
    """One connection. `wake` is called whenever there is output after there was none; it must not call back."""

    __slots__ = (
        "_buckets", "_reset", "_tail", "block", "blocked_since", "broken", "closing", "drain_ping", "events",
        "evidence", "fields", "final", "final_by", "greeted", "idle_since", "last_stream", "outgoing", "pings",
        "preface_by", "receive_target", "receive_window", "streams", "tuned_at", "uncredited",
    )  # fmt: skip

    def __init__(self, now: float, *, ping_min_interval: float = 0.0, wake: Callable[[], None] = lambda: None) -> None:
        self.streams: dict[int, Stream] = {}
        """Streams that are not closed, by id."""
        self.outgoing = Outgoing(wake)
        self.outgoing.on_ended = self._answered
        self.pings = Pings(ping_min_interval)
        self.evidence = Evidence()
        self.fields = FieldDecoder()
        self.closing = False
        """Write the output, then close: nothing else will come."""
        self.broken = False
        """It closes for what its peer did."""
        self.last_stream = 0
        """The highest stream that the peer has opened."""
        self.events: list[Event] = []
        """What has happened and has not been told: `take_events`."""
        self.block: heading.HeaderBlock | None = None
        """A header block whose end has not come: nothing else may come before."""
        self.final = False
        """The peer has been told the last stream that we serve: later ones are not looked at."""
        self.greeted = False
        """The preface is there."""
        self.receive_window = CONNECTION_WINDOW
        self.receive_target = CONNECTION_WINDOW
        self.uncredited = 0
        self.tuned_at = now
        self.idle_since: float | None = None
        """When it was first seen without a stream, since it last had one."""
        self.blocked_since: float | None = None
        """When the transport was first seen to take nothing, since it last did."""
        self.preface_by = now + PREFACE_SECONDS
        self.final_by: float | None = None
        """When the last GOAWAY follows the first, once the connection is drained."""
        self.drain_ping = b""
        """The PING whose answer shows that the peer has read the first."""
        self._tail = b""
        self._reset: dict[int, None] = {}
        self._buckets: dict[Rate, Bucket] = {}

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take bytes from the transport, cut anywhere; the events that they bring."""
        if self.closing:
            return self.take_events()
        self.evidence.bytes_in += len(data)
        if self._tail:
            data = self._tail + data
        at, end = 0, len(data)
        counts, streams = self.evidence.frames_in, self.streams
        try:
            if not self.greeted:
                if not self._greet(data):
                    self._tail = data
                    return []
                at = len(PREFACE)
            # What we have said last is said: what still comes is not looked at.
            while end - at >= frames.HEAD_BYTES and not self.closing:
                high, low, kind, flags, stream_id = _unpack(data, at)
                stream_id &= frames.STREAM_MASK
                length = high << 8 | low
                if length > DEFAULT_FRAME:
                    raise _too_large(kind, length)
                start, stop = at + frames.HEAD_BYTES, at + frames.HEAD_BYTES + length
                if stop > end:
                    break
                at = stop
                try:
                    if kind == DATA and self.block is None and (stream := streams.get(stream_id)) is not None:
                        counts[DATA] += 1
                        receiving.data(self, stream, flags, data[start:stop], now)
                    else:
                        counts[min(kind, UNKNOWN)] += 1
                        receiving.frame(self, kind, flags, stream_id, data[start:stop], now)
                except StreamFault as fault:
                    self.fail(fault, now)
        except ConnectionFault as fault:
            ending.die(self, fault)
        self._tail = b"" if self.broken else data[at:]
        if self.outgoing.waiting:
            self.guarded(self.outgoing.pump, self.events)
        return self.take_events()

    def take_events(self) -> list[Event]:
        """What has happened since the last time, in order. What serves the streams may have caused some of it."""
        events = self.events
        if events:
            self.events = []
        return events

    def take_output(self) -> list[bytes | memoryview]:
        """Bytes to write now, in order: one turn's. There may be more at once; `wake` says so.

        Not to be called while the transport is blocked.
        """
        taken = self.outgoing.take()
        if self.outgoing.waiting:
            self.guarded(self.outgoing.pump, self.events)
        return taken

    def respond(self, stream: Stream, block: bytes) -> None:
        """Begin the answer with a header block (`fields.encode`)."""
        if not stream.local_ended:
            self.guarded(self.outgoing.headers, stream, block, end=False)

    def send(self, stream: Stream, data: bytes) -> None:
        """Send data of the answer, now or as soon as windows and transport allow it."""
        if not stream.local_ended:
            if not self.outgoing.data(stream, data):
                self.guarded(self.outgoing.pump, self.events)
            if self.pings.last_in is not None:
                self.pings.forgive()

    def finish(self, stream: Stream, block: bytes) -> None:
        """End the answer with trailers, or with headers alone, after the data before them."""
        if not stream.local_ended:
            stream.local_ended = True
            self.guarded(self.outgoing.headers, stream, block, end=True)

    def reset(self, stream: Stream, code: int, why: str) -> None:
        """End a stream at once. No event follows: who calls this knows."""
        if self.streams.get(stream.id) is stream:
            self.drop(stream)
            self._send_reset(stream.id, code, why)

    def refuse(self, stream: Stream, why: str, now: float) -> None:
        """Reset a stream that has just come, cheaply; ConnectionFault's end follows when far too many come so."""
        self.reset(stream, ErrorCode.ENHANCE_YOUR_CALM, why)
        self.evidence.streams_refused += 1
        try:
            self.charge(charges.REFUSED, now)
        except ConnectionFault as fault:
            ending.die(self, fault)

    def hold(self, stream: Stream) -> None:
        """Give the peer no more window on this stream."""
        stream.held = True

    def release(self, stream: Stream, now: float) -> None:
        """Give it again, and what has been kept back."""
        if stream.held:
            stream.held = False
            if self.streams.get(stream.id) is stream:
                self.guarded(receiving.credit_stream, self, stream, now)

    def block_transport(self) -> None:
        """The transport takes nothing more for now."""
        self.outgoing.blocked = True
        self.blocked_since = None

    def unblock_transport(self) -> list[Event]:
        """The transport takes more again: there may be output."""
        self.outgoing.blocked = False
        self.guarded(self.outgoing.pump, self.events)
        return self.take_events()

    def ping(self, now: float) -> None:
        """Ask the peer whether it is there."""
        self.outgoing.urgent(frames.ping(self.pings.goes(now), ack=False))

    def drain(self, now: float, why: str) -> None:
        """Ask the peer to open no more streams; close when those that are open have ended (RFC 9113 §6.8)."""
        ending.drain(self, now, why)

    def ping_answered(self, opaque: bytes, now: float) -> None:
        """The peer has answered a PING."""
        self.pings.answered(opaque, now)
        if opaque == self.drain_ping:
            ending.say_final(self)

    def lost(self, why: str) -> list[Event]:
        """The transport is gone: every stream is over."""
        self.closing = True
        ending.end_streams(self, ErrorCode.NO_ERROR, why, by_peer=True)
        return self.take_events()

    def next_timer(self) -> float | None:
        """When `on_timer` is to be called; None while nothing is timed."""
        return deadlines.next_timer(self)

    def on_timer(self, now: float) -> list[Event]:
        """Do what is due; events as from `receive`."""
        deadlines.run_out(self, now)
        return self.take_events()

    def charge(self, rate: charges.Charge, now: float) -> None:
        """Count something against its rate. ConnectionFault beyond it."""
        bucket = self._buckets.get(rate.rate)
        if bucket is None:
            bucket = self._buckets[rate.rate] = Bucket(rate.rate, now)
        if bucket.take(now):
            raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, rate.text)

    def fail(self, fault: StreamFault, now: float) -> None:
        """End a stream for what its peer did on it. ConnectionFault when that is done to streams too fast."""
        stream = self.streams.get(fault.stream_id)
        if stream is not None:
            self.drop(stream)
            self.events.append(StreamOver(stream, fault.code, fault.text, by_peer=False))
        if stream is not None or not self.was_reset(fault.stream_id):
            self._send_reset(fault.stream_id, fault.code, fault.text)
        if stream is not None and now - stream.opened < YOUNG_SECONDS:
            # To have us reset a stream costs a peer no more than to reset it (CVE-2025-8671).
            self.charge(charges.RESET, now)

    def ended_by_peer(self, stream: Stream) -> None:
        """The peer's half is complete."""
        stream.remote_ended = True
        if stream.local_ended and stream.trailers is None:
            self.drop(stream)

    def reset_by_peer(self, stream: Stream, code: int) -> None:
        """The peer has reset the stream."""
        self.drop(stream)
        self.events.append(StreamOver(stream, code, f"the peer reset the stream: {error_name(code)}", by_peer=True))

    def was_reset(self, stream_id: int) -> bool:
        """Whether we have reset this stream, not long ago: its late frames are to be passed over."""
        return stream_id in self._reset

    def _greet(self, data: bytes) -> bool:
        """Answer the preface; False while it is not complete."""
        if not data.startswith(PREFACE):
            if PREFACE.startswith(data):
                return False
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "the connection does not begin with HTTP/2's preface")
        self.greeted = True
        self.outgoing.urgent(_GREETING)
        return True

    def _answered(self, stream: Stream) -> None:
        """Our half is complete."""
        unread = not stream.remote_ended
        self.drop(stream)
        if unread:
            # The peer need not send the rest: nobody will read it (RFC 9113 §8.1).
            self._send_reset(stream.id, ErrorCode.NO_ERROR, "answered before the request's end")

    def drop(self, stream: Stream) -> None:
        """A stream is over: nothing of it is kept."""
        stream.local_ended = stream.remote_ended = True
        self.streams.pop(stream.id, None)
        self.outgoing.forget(stream)
        if self.final and not self.streams:
            self.closing = True

    def _send_reset(self, stream_id: int, code: int, why: str) -> None:
        self._reset[stream_id] = None
        if len(self._reset) > CLOSED_REMEMBERED:
            del self._reset[next(iter(self._reset))]
        if code:
            self.evidence.resets_sent += 1
            self.evidence.last_reset = (stream_id, code, why)
        self.guarded(self.outgoing.control, frames.rst_stream(stream_id, code))

    def guarded(self, act: Callable[..., None], *args: object, **options: object) -> None:
        """Do what may find that the peer reads nothing of its answers."""
        try:
            act(*args, **options)
        except ConnectionFault as fault:
            ending.die(self, fault)


def _too_large(kind: int, length: int) -> ConnectionFault:
    name = FRAME_NAMES[min(kind, UNKNOWN)]
    text = f"a {name} frame of {length} bytes: at most {DEFAULT_FRAME} are accepted"
    return ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, text)
