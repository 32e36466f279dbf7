"""What goes out: frames in order, data as windows and the transport allow it, streams in turn.

Control frames and headers go at once. Data of a stream goes at once too, as long as nothing waits before it; otherwise
it waits on its stream, and streams take turns, a frame each.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from principal.door.http2 import frames
from principal.door.http2.codes import DATA, DEFAULT_WINDOW, MAX_WINDOW, ErrorCode
from principal.door.http2.events import Event, Writable
from principal.door.http2.faults import ConnectionFault, StreamFault
from principal.door.http2.fields import TABLE_SIZE_ZERO
from principal.door.http2.limits import ANSWER_BYTES, CONTROL_BYTES, STALL_SECONDS, TURN_BYTES, UPDATES_EXPLAINED
from principal.door.http2.settings import PeerSettings
from principal.door.http2.stream import CLOGGED_BYTES, Stream
from principal.door.http2.table import TABLE_BYTES

_HEAD: Final = frames.HEAD.pack


class Outgoing:
    """One connection's way out. `wake` is called when there is something to take after there was nothing."""

    __slots__ = (
        "_announced", "_control_bytes", "_header_bytes", "_ready", "_wake", "_window", "blocked", "explained", "frames",
        "on_ended", "peer", "turn_bytes", "waiting",
    )  # fmt: skip

    def __init__(self, wake: Callable[[], None]) -> None:
        self.peer = PeerSettings()
        self.frames: list[bytes | memoryview] = []
        """What is to be written, in order."""
        self.blocked = False
        """The transport takes nothing for now: data waits, and answers are counted."""
        self.explained = 0
        """Window updates that the data we have sent explains, and that have not come."""
        self.waiting: dict[int, Stream] = {}
        """Streams on which data waits."""
        self.on_ended: Callable[[Stream], None] = _nobody
        """Told when a stream's last frame is in `frames`."""
        self._window = DEFAULT_WINDOW
        self._ready: dict[int, Stream] = {}
        """Those of them whose own window is open, in turn."""
        self.turn_bytes = 0
        """Bytes of data in `frames`."""
        self._control_bytes = 0
        self._header_bytes = 0
        self._announced = TABLE_BYTES
        self._wake = wake

    def take(self) -> list[bytes | memoryview]:
        """What is to be written now; it is forgotten here."""
        taken, self.frames = self.frames, []
        self._control_bytes = self._header_bytes = self.turn_bytes = 0
        return taken

    def control(self, frame: bytes) -> None:
        """Send a frame that no window holds back. ConnectionFault when a peer asks for more of them than it reads."""
        self._control_bytes += len(frame)
        if self._control_bytes > CONTROL_BYTES:
            raise _unread(CONTROL_BYTES)
        self.urgent(frame)

    def urgent(self, frame: bytes) -> None:
        """Send a frame whatever waits: a last word, or what we begin ourselves."""
        if not self.frames:
            self._wake()
        self.frames.append(frame)

    def headers(self, stream: Stream, block: bytes, *, end: bool) -> None:
        """Send a header block. One that ends the stream waits for the data before it."""
        if end and stream.pending is not None:
            stream.trailers = block
            return
        if self.peer.smallest_table < self._announced:
            # The peer has made its table smaller, and waits to hear that we have followed (RFC 7541 §4.2).
            self._announced = self.peer.smallest_table
            block = TABLE_SIZE_ZERO + block
        frame = frames.headers(stream.id, block, end=end, max_frame=self.peer.max_frame)
        self._header_bytes += len(frame)
        if self._header_bytes > ANSWER_BYTES:
            raise _unread(ANSWER_BYTES)
        self.urgent(frame)
        if end:
            self.on_ended(stream)
            # Nothing comes for it any more; the call knows the stream, and in a circle both would outlive the stream.
            stream.call = None

    def data(self, stream: Stream, data: bytes) -> bool:
        """Send data now, or keep it until it may go; whether it was sent."""
        size = len(data)
        if (
            stream.pending is None
            and size <= stream.send_window
            and size <= self._window
            and size <= self.peer.max_frame
            and self.turn_bytes < TURN_BYTES
            and not self.blocked
        ):
            out = self.frames
            if not out:
                self._wake()
            stream.send_window -= size
            self._window -= size
            self.turn_bytes += size
            stream.frames_out += 1
            stream.bytes_out += size
            self.explained += UPDATES_EXPLAINED
            out.append(_HEAD(size >> 8, size & 0xFF, DATA, 0, stream.id))
            out.append(data)
            return True
        if stream.pending is None:
            stream.pending = deque()
            stream.stalled_since = None
            self.waiting[stream.id] = stream
        stream.pending.append(data)
        stream.pending_bytes += size
        stream.clogged = stream.clogged or stream.pending_bytes >= CLOGGED_BYTES
        if stream.send_window > 0:
            self._ready[stream.id] = stream
        return False

    def forget(self, stream: Stream) -> None:
        """The stream is over: what waits on it is dropped."""
        self.waiting.pop(stream.id, None)
        self._ready.pop(stream.id, None)
        stream.pending, stream.pending_bytes, stream.trailers, stream.clogged = None, 0, None, False

    def lost(self) -> None:
        """The transport is gone: nothing is taken any more, and nobody is told."""
        self.frames = []
        self._wake = _nobody
        self.on_ended = _nobody

    def pump(self, events: list[Event]) -> None:
        """Send of what waits as much as may go."""
        ready = self._ready
        while ready and self._window > 0 and self.turn_bytes < TURN_BYTES and not self.blocked:
            stream = next(iter(ready.values()))
            del ready[stream.id]
            if stream.send_window <= 0:
                continue  # the peer has made its initial window smaller meanwhile
            self._send_one(stream)
            if stream.clogged and stream.pending_bytes < CLOGGED_BYTES:
                stream.clogged = False
                events.append(Writable(stream))
            if stream.pending is not None and stream.send_window > 0:
                ready[stream.id] = stream

    def opened(self, stream: Stream | None, increment: int) -> None:
        """The peer gives `increment` bytes of window, for one stream or, with None, for the connection."""
        if stream is None:
            self._window += increment
            if self._window > MAX_WINDOW:
                text = f"WINDOW_UPDATE of {increment} makes the connection's window greater than {MAX_WINDOW}"
                raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, text)
            return
        stream.send_window += increment
        if stream.send_window > MAX_WINDOW:
            text = f"WINDOW_UPDATE of {increment} makes the stream's window greater than {MAX_WINDOW}"
            raise StreamFault(stream.id, ErrorCode.FLOW_CONTROL_ERROR, text)
        if stream.pending is not None and stream.send_window > 0:
            self._ready[stream.id] = stream

    def stalled(self, now: float) -> list[Stream]:
        """Streams whose data has waited too long. To be called about once a second while something waits."""
        found = []
        for stream in self.waiting.values():
            if stream.stalled_since is None:
                stream.stalled_since = now
            elif now - stream.stalled_since >= STALL_SECONDS:
                found.append(stream)
        return found

    def _send_one(self, stream: Stream) -> None:
        """Send one frame of what waits on a stream whose window is open."""
        pending = stream.pending
        if pending is None:
            return
        most = min(self.peer.max_frame, stream.send_window, self._window)
        chunk = _gather(pending, most)
        size = len(chunk)
        stream.send_window -= size
        stream.pending_bytes -= size
        stream.stalled_since = None
        stream.frames_out += 1
        stream.bytes_out += size
        self._window -= size
        self.turn_bytes += size
        self.explained += UPDATES_EXPLAINED
        self.urgent(frames.data_head(size, stream.id, end=False))
        self.frames.append(chunk)
        if not pending:
            stream.pending = None
            del self.waiting[stream.id]
            if stream.trailers is not None:
                block, stream.trailers = stream.trailers, None
                self.headers(stream, block, end=True)


def _nobody(*_told: object) -> None:
    """Who is told where there is nobody."""


def _unread(limit: int) -> ConnectionFault:
    text = f"more than {limit} bytes of answers, and none is read"
    return ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, text)


def _gather(pending: deque[bytes | memoryview], most: int) -> bytes | memoryview:
    """Up to `most` bytes from the beginning of `pending`: several small ones in one frame, a large one in part."""
    parts: list[bytes | memoryview] = []
    size = 0
    while pending and size < most:
        first = pending[0]
        room = most - size
        if len(first) > room:
            # A view: to copy the rest of a message for each of its frames would take the square of its length.
            rest = memoryview(first)
            parts.append(rest[:room])
            pending[0] = rest[room:]
            break
        parts.append(pending.popleft())
        size += len(first)
    return parts[0] if len(parts) == 1 else b"".join(parts)
