"""One stream: where it stands, its two windows, and what waits to be sent on it."""

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from principal.door.wire import Listener

CLOGGED_BYTES: Final = 1024 * 1024
"""Bytes waiting on a stream above which it counts as clogged (spec reliability F12)."""


class Stream:
    """A stream that is not closed. Whoever serves it keeps its call in `call`."""

    __slots__ = (
        "bytes_in", "bytes_out", "call", "clogged", "declared", "empty_frames", "frames_in", "frames_out", "held",
        "id", "local_ended", "opened", "owner", "pending", "pending_bytes", "receive_target", "receive_window",
        "received", "remote_ended", "send_window", "stalled_since", "trailers", "tuned_at", "uncredited",
    )  # fmt: skip

    def __init__(self, stream_id: int, *, send_window: int, receive_window: int, now: float) -> None:
        self.id = stream_id
        self.opened = now
        self.call: Listener | None = None
        self.owner = 0
        """Who opened it, as far as counting goes."""
        self.remote_ended = False
        """The peer will send no more on it."""
        self.local_ended = False
        """Our last frame is sent, or waits in `trailers`."""

        self.receive_window = receive_window
        """Bytes that the peer may send now."""
        self.receive_target = receive_window
        """Bytes that it is given anew, each time; grows with use."""
        self.uncredited = 0
        """Bytes taken that have not been given back."""
        self.tuned_at = now
        self.held = False
        """Nothing is given back while it is held."""
        self.declared: int | None = None
        """What content-length says, if it is there."""
        self.received = 0
        """Bytes of body, to compare with it."""
        self.empty_frames = 0

        self.send_window = send_window
        self.pending: deque[bytes | memoryview] | None = None
        """Data that waits for a window or for the transport; None while nothing does."""
        self.pending_bytes = 0
        self.trailers: bytes | None = None
        """The header block that ends the stream once nothing waits."""
        self.clogged = False
        self.stalled_since: float | None = None
        """When data was first seen to wait since it last moved."""

        self.frames_in = 0
        self.bytes_in = 0
        self.frames_out = 0
        self.bytes_out = 0
