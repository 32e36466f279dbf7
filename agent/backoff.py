"""When to try again: exponential backoff with full jitter, a floor under it and a cap over it.

Full jitter spreads the agents of a principal that died over the whole window, so that its successor is not met by all
of them in one second. The floor keeps even a lucky draw from being a busy loop. What a server asks for by pushback is
waited for, on top of which the jitter still applies: it asks everybody for the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Bounds of the delays, in seconds."""

    floor: float
    """No delay is shorter."""
    first: float
    """Upper end of the first delay; it doubles with every further failure."""
    cap: float
    """Upper end of any delay."""


ORDINARY: Final = Pace(floor=0.1, first=1.0, cap=30.0)
"""For whatever mends itself: a principal that restarts is found again within a second or two, and one that is gone for
long is asked by a thousand agents some seventy times a second, not more."""

SLOW: Final = Pace(floor=5.0, first=10.0, cap=60.0)
"""For what a person has to mend: soon enough to notice that somebody did, without filling two logs until then."""

MAX_PUSHBACK: Final = 300.0
"""Seconds; a server that asks for more is believed this far. Nobody can switch an agent off by one trailer."""

MAX_DOUBLINGS: Final = 16
"""Far past every cap; keeps the power finite."""


class Backoff:
    """Delays before each next attempt. `rand` returns a number in [0, 1)."""

    def __init__(self, *, rand: Callable[[], float]) -> None:
        self._rand = rand
        self._failures = 0

    def next(self, pace: Pace, *, pushback: float | None = None) -> float:
        """Seconds to wait after one more failure, in [pace.floor, pace.cap] unless a longer pushback was asked for."""
        ceiling = min(pace.cap, pace.first * float(2 ** min(self._failures, MAX_DOUBLINGS)))
        self._failures += 1
        jittered = pace.floor + self._rand() * (ceiling - pace.floor)
        if pushback is None:
            return jittered
        return min(pushback, MAX_PUSHBACK) + jittered

    def reset(self) -> None:
        """A stream has proven itself: begin again with the shortest delays."""
        self._failures = 0
