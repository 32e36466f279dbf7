"""How much the peer may send: receive windows, and how they grow.

A window is given back once half of it has been used, which makes one WINDOW_UPDATE of many frames. Where that half was
used up faster than TUNE_SECONDS, the window itself is what holds the peer back, so it doubles.
"""

from typing import Final

TUNE_SECONDS: Final = 0.1
"""Seconds: a window whose half is used faster than this is too small for a path of this round trip."""

MAX_STREAM_WINDOW: Final = 4 * 1024 * 1024
"""Bytes that a stream's window may grow to: a gigabit a second over 30 ms."""

MAX_CONNECTION_WINDOW: Final = 16 * 1024 * 1024
"""Bytes that a connection's window may grow to."""


def grown(target: int, *, since: float, most: int) -> int:
    """The window to give from now on, where half of `target` was used within `since` seconds."""
    return min(target * 2, most) if since < TUNE_SECONDS else target
