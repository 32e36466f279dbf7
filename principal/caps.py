"""How much anybody may ask for: limits with their reasons, and a token bucket for each identity. Pure.

Limits belong to identities and to the principal as a whole, never to a peer: a sidecar pools all agents of its mesh on
few connections, and what one of them does must not shut the others out.
"""

from dataclasses import dataclass
from typing import Final

STREAMS_PER_IDENTITY: Final = 2
"""Streams of one identity that may be open: the one that serves, and one that is being replaced and has not closed."""

SESSIONS: Final = 20_000
"""Streams in all: twice the load that is tested (10,000), at some 45 kB each below 1 GiB."""

LOGINS_PER_SECOND: Final = 2
"""Authentications of one identity a second, for ever, and as many new streams. An agent needs one of each when it
connects; signing its tokens takes about a millisecond of this process."""

LOGIN_BURST: Final = 10
"""The same at once: what an agent behind a flapping link makes while it backs off."""

BUCKETS: Final = 65_536
"""Identities whose logins are counted; beyond, the one that was quiet longest is forgotten, which only helps it."""

AGENTS: Final = 50_000
"""Agents of which a record is kept, some kilobytes each; beyond, the one that left first is forgotten."""

PUSHBACK: Final = 5.0
"""Seconds that somebody is asked to wait who met a limit that is not about time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one principal."""

    streams_per_identity: int = STREAMS_PER_IDENTITY
    sessions: int = SESSIONS
    logins_per_second: float = LOGINS_PER_SECOND
    login_burst: int = LOGIN_BURST
    agents: int = AGENTS


class Bucket:
    """Tokens that come at a rate, up to a number, and are taken one at a time. It begins full."""

    __slots__ = ("_at", "_tokens")

    def __init__(self, *, burst: float, now: float) -> None:
        self._tokens = burst
        self._at = now

    def take(self, *, rate: float, burst: float, now: float) -> float:
        """Take one: 0.0, or the seconds until there is one again. `now` in monotonic seconds, `rate` in 1/s."""
        self._tokens = min(burst, self._tokens + max(0.0, now - self._at) * rate)
        self._at = now
        if self._tokens < 1.0:
            return (1.0 - self._tokens) / rate
        self._tokens -= 1.0
        return 0.0


class Buckets:
    """A bucket for each key, at most `limit` of them."""

    def __init__(self, *, rate: float, burst: float, limit: int = BUCKETS) -> None:
        self._rate = rate
        self._burst = burst
        self._limit = limit
        self._buckets: dict[str, Bucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, *, now: float) -> float:
        """Take one of `key`'s tokens: 0.0, or the seconds until there is one again."""
        # Taken out and put back: a dict keeps the order of insertion, so the first is the one quiet longest.
        bucket = self._buckets.pop(key, None) or Bucket(burst=self._burst, now=now)
        self._buckets[key] = bucket
        if len(self._buckets) > self._limit:
            del self._buckets[next(iter(self._buckets))]
        return bucket.take(rate=self._rate, burst=self._burst, now=now)


class Sparing:
    """Which of many like log lines are written: a flood of refusals must not become a flood of lines."""

    def __init__(self, *, rate: float = 1.0, burst: float = 10.0) -> None:
        self._rate = rate
        self._burst = burst
        self._bucket: Bucket | None = None
        self._left_out = 0

    def line(self, *, now: float) -> int | None:
        """None when this line is left out, else how many were left out since the last one that was written."""
        if self._bucket is None:
            self._bucket = Bucket(burst=self._burst, now=now)
        if self._bucket.take(rate=self._rate, burst=self._burst, now=now):
            self._left_out += 1
            return None
        left_out, self._left_out = self._left_out, 0
        return left_out
