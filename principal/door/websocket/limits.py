"""What one WebSocket connection may ask of us. Every limit costs the connection only: it carries one call."""

from dataclasses import dataclass
from typing import Final

from principal.door.http2.limits import REQUEST_SECONDS

MAX_HEAD_BYTES: Final = 64 * 1024
"""Bytes of the request line and all header lines, as for the metadata of the other doors: one Cert and Chain through
two hops need about 8 kB, and Envoy itself stops at 60 kB."""

MAX_TARGET_BYTES: Final = 1024
"""Bytes of the request's target: a gRPC path is no more than a service and a method."""

MAX_HEADERS: Final = 128
"""Header lines of a request. Envoy passes 100."""

HEAD_SECONDS: Final = 5.0
"""Seconds from the connection's first moment until its request is complete: it is one packet or a few, and who sends
less would otherwise hold a socket for nothing (slowloris)."""

MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024
"""Bytes of one WebSocket message, the prefix of 5 bytes included: what argocd-agent's library reads, either way. More
would kill its connection, so less is promised here than over HTTP/2."""

MESSAGE_SECONDS: Final = 300.0
"""Seconds that one message may take from its first byte to its last: the longest one at 2 Mbit/s."""

FREE_FRAGMENTS: Final = 64
"""Fragments of one message, whatever their size: a sender may write header and body apart."""

MIN_FRAGMENT_BYTES: Final = 512
"""Bytes that fragments beyond the free ones must have on average. A fragment costs us some hundred bytes and a
millionth of a CPU second; ones of a byte would make megabytes into gigabytes."""

FREE_PINGS: Final = 32
"""Pings and pongs in one go: many times what keeping a connection alive takes."""

PING_SECONDS: Final = 1.0
"""Seconds after which one more is free. Who wants to know whether a path lives asks every few seconds."""

UNREAD_SECONDS: Final = 60.0
"""Seconds that output may wait while the peer reads too little. Its path is dead or it means ill, and memory is kept
for it."""

CLOSE_SECONDS: Final = 5.0
"""Seconds that the peer has to answer a close frame, or to read what it is told, before the connection is cut. The
WebSocket library of argocd-agent waits as long."""

MAX_REASON_BYTES: Final = 123
"""Bytes of the text in a close frame (RFC 6455 §5.5: 125 in a control frame, less 2 of the code)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one connection, each as the constant of its name says."""

    max_message: int = MAX_MESSAGE_BYTES
    """Bytes of one gRPC message that the principal takes; never more than a WebSocket carries."""
    max_head: int = MAX_HEAD_BYTES
    max_target: int = MAX_TARGET_BYTES
    max_headers: int = MAX_HEADERS
    head_seconds: float = HEAD_SECONDS
    request_seconds: float = REQUEST_SECONDS
    """Seconds from the head until the request of a unary call is complete, as over HTTP/2."""
    message_seconds: float = MESSAGE_SECONDS
    free_fragments: int = FREE_FRAGMENTS
    min_fragment: int = MIN_FRAGMENT_BYTES
    free_pings: int = FREE_PINGS
    ping_seconds: float = PING_SECONDS
    unread_seconds: float = UNREAD_SECONDS
    close_seconds: float = CLOSE_SECONDS

    @property
    def message_bytes(self) -> int:
        """Bytes of one WebSocket message, prefix included."""
        return min(self.max_message + PREFIX_BYTES, MAX_MESSAGE_BYTES)


PREFIX_BYTES: Final = 5
"""Bytes before each gRPC message: flags, and the length in four bytes."""
