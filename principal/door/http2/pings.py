"""PINGs: how often the peer may send them, and how long ours take.

The policy is gRPC's (grpc/doc/keepalive.md): a PING sooner than `min_interval` after the one before is a strike, more
than MAX_STRIKES end the connection, and data that we send forgives them all, since a peer then has reason to ask.
Here an interval of 0 means no limit, also without a stream.
"""

from typing import Final

from principal.buckets import Bucket
from principal.door.http2.codes import ErrorCode
from principal.door.http2.faults import ConnectionFault
from principal.door.http2.limits import PINGS

MAX_STRIKES: Final = 2
"""Strikes that are let pass; gRPC core's own default."""

TOO_MANY: Final = "too_many_pings"
"""The debug text by which gRPC's clients know to ping less."""


class Pings:
    """One connection's PINGs."""

    __slots__ = ("_bucket", "_min_interval", "_sent_at", "last_gap", "last_in", "received", "rtt", "sent", "strikes")

    def __init__(self, min_interval: float) -> None:
        self._min_interval = min_interval
        self._bucket: Bucket | None = None
        self._sent_at: dict[bytes, float] = {}
        self.received = 0
        self.sent = 0
        self.strikes = 0
        self.last_in: float | None = None
        self.last_gap: float | None = None
        """Seconds between the last two that came."""
        self.rtt: float | None = None
        """Seconds that the last answered one of ours took."""

    def came(self, now: float) -> None:
        """The peer pings. ConnectionFault when it does so too often."""
        self.received += 1
        if self._bucket is None:
            self._bucket = Bucket(PINGS, now)
        if self._bucket.take(now):
            raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, f"{TOO_MANY}: a flood")
        if self.last_in is not None:
            self.last_gap = now - self.last_in
            if self.last_gap < self._min_interval:
                self.strikes += 1
                if self.strikes > MAX_STRIKES:
                    raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, TOO_MANY)
        self.last_in = now

    def forgive(self) -> None:
        """We sent data: the peer may ask about it."""
        self.strikes = 0
        self.last_in = None

    def goes(self, now: float) -> bytes:
        """The 8 bytes of a PING of ours."""
        self.sent += 1
        opaque = self.sent.to_bytes(8, "big")
        self._sent_at[opaque] = now
        return opaque

    def answered(self, opaque: bytes, now: float) -> bool:
        """The peer answers. False when we never asked this."""
        sent_at = self._sent_at.pop(opaque, None)
        if sent_at is None:
            return False
        self.rtt = now - sent_at
        return True
