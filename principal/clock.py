"""Time as the hub sees it: an edge of two small methods and a timer, so that tests turn the hands themselves."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Timer(Protocol):
    """A call that has been put off."""

    def cancel(self) -> None:
        """Don't call."""


class Clock(Protocol):
    """The time, twice: one that never jumps, for timers, and one that people read."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""

    def wall(self) -> float:
        """Seconds since 1970-01-01 UTC."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` at monotonic time `when`."""


class LoopClock:
    """The running event loop's clock."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        # Read several times for each message, so they are the functions themselves.
        self.monotonic = self._loop.time
        self.wall = time.time

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` on the loop at `when`."""
        return self._loop.call_at(when, callback)


def rfc3339(wall: float, *, timespec: str = "milliseconds") -> str:
    """A wall time in seconds as RFC 3339 in UTC, as `2026-11-20T08:30:00.000Z`."""
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


class Stamps:
    """RFC 3339 texts of the wall time to the millisecond; the last one is kept, for a fan-out asks a thousand times."""

    def __init__(self) -> None:
        self._milliseconds = -1
        self._text = ""

    def at(self, wall: float) -> str:
        """`wall` (seconds since 1970) as text; equal within a millisecond, so that equal events give equal bytes."""
        milliseconds = int(wall * 1000)
        if milliseconds != self._milliseconds:
            self._milliseconds, self._text = milliseconds, rfc3339(milliseconds / 1000)
        return self._text
