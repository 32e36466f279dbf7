"""What a connection's first bytes say it speaks."""

from enum import Enum, auto
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What every HTTP/2 client begins with (RFC 9113 §3.4)."""

MAX_METHOD_BYTES: Final = 16
"""Bytes of a method's name: the longest registered ones have 17 and are WebDAV's."""

_CAPITALS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ-")


class Opening(Enum):
    """A protocol, as far as the first bytes tell."""

    UNDECIDED = auto()
    HTTP2 = auto()
    HTTP1 = auto()
    TLS = auto()
    PROXY = auto()
    """The header that HAProxy and some load balancers put before a connection's bytes."""
    OTHER = auto()


REASONS: Final = {
    Opening.TLS: "the peer began TLS on a plaintext port: connect without TLS, or serve TLS here",
    Opening.PROXY: "the peer began with a PROXY protocol header, which this port does not take: switch it off in front",
    Opening.OTHER: "the peer's first bytes are neither HTTP/2 nor HTTP/1.1",
}
"""Why a connection with such an opening is closed."""

_HEADS: Final = (
    (PREFACE, Opening.HTTP2),
    (b"PROXY ", Opening.PROXY),
    (b"\r\n\r\n\x00\r\nQUIT\n", Opening.PROXY),
    (b"\x16\x03", Opening.TLS),  # a handshake record of SSL 3.0 or later
)


def recognise(data: bytes) -> Opening:
    """What a connection speaks that began with `data`; UNDECIDED while that could still be several things."""
    for head, opening in _HEADS:
        if data.startswith(head):
            return opening
        if head.startswith(data):
            return Opening.UNDECIDED
    return _method(data)


def _method(data: bytes) -> Opening:
    """HTTP/1.1 if the bytes begin like a request line: a method in capitals and a space."""
    head = data[: MAX_METHOD_BYTES + 1]
    word, space, _ = head.partition(b" ")
    if not _CAPITALS.issuperset(word):
        return Opening.OTHER
    if space:
        return Opening.HTTP1 if word else Opening.OTHER
    return Opening.UNDECIDED if len(head) <= MAX_METHOD_BYTES else Opening.OTHER
