"""How much anybody may ask for: limits with their reasons, and a token bucket for each identity. Pure.

Limits belong to identities and to the principal as a whole, never to a peer: a sidecar pools all agents of its mesh on
few connections, and what one of them does must not shut the others out.
"""

from dataclasses import dataclass
from typing import Final

from principal.buckets import Bucket, Rate

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


class Sparing:
    """Which of many like log lines are written: a flood of refusals must not become a flood of lines."""

    def __init__(self, *, rate: float = 1.0, burst: float = 10.0) -> None:
        self._rate = Rate(burst, rate)
        self._bucket: Bucket | None = None
        self._left_out = 0

    def line(self, *, now: float) -> int | None:
        """None when this line is left out, else how many were left out since the last one that was written."""
        if self._bucket is None:
            self._bucket = Bucket(self._rate, now)
        if self._bucket.take(now):
            self._left_out += 1
            return None
        left_out, self._left_out = self._left_out, 0
        return left_out
