"""Rates: so many at once, and so many a second for as long as it lasts. Pure: the time is an argument."""

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, and `per_second` for as long as it lasts."""

    burst: float
    per_second: float


class Bucket:
    """Tokens that come at a rate, up to its burst, and are taken one at a time. It begins full."""

    __slots__ = ("_at", "_rate", "_tokens")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = rate.burst
        self._at = now

    def wait(self, now: float) -> float:
        """0.0 when there is one, or the seconds until there is; nothing is taken. `now` in monotonic seconds."""
        rate = self._rate
        self._tokens = min(rate.burst, self._tokens + max(0.0, now - self._at) * rate.per_second)
        self._at = now
        return 0.0 if self._tokens >= 1.0 else (1.0 - self._tokens) / rate.per_second

    def take(self, now: float) -> float:
        """Take one: 0.0, or the seconds until there is one again, and then nothing is taken."""
        wait = self.wait(now)
        if not wait:
            self._tokens -= 1.0
        return wait


class Buckets:
    """A bucket for each key, at most `limit` of them."""

    def __init__(self, rate: Rate, *, limit: int) -> None:
        self._rate = rate
        self._limit = limit
        self._buckets: dict[Hashable, Bucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def wait(self, key: Hashable, *, now: float) -> float:
        """Seconds until `key` has a token, 0.0 when it has; nothing is taken, and nothing remembered."""
        bucket = self._buckets.get(key)
        return 0.0 if bucket is None else bucket.wait(now)

    def take(self, key: Hashable, *, now: float) -> float:
        """Take one of `key`'s tokens: 0.0, or the seconds until there is one again."""
        # Taken out and put back: a dict keeps the order of insertion, so the first is the one quiet longest.
        bucket = self._buckets.pop(key, None) or Bucket(self._rate, now)
        self._buckets[key] = bucket
        if len(self._buckets) > self._limit:
            del self._buckets[next(iter(self._buckets))]
        return bucket.take(now)
