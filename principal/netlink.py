"""Netlink messages: how a question to the Linux kernel is written, and how its answers are cut apart.

Pure and bounded: lengths come from the message, are never believed beyond the bytes that are there, and every message
takes at least its header. What the fields mean is netlink(7) and RFC 3549.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

ERROR: Final = 2
"""NLMSG_ERROR: a refusal, or with error number 0 an acknowledgement."""

DONE: Final = 3
"""NLMSG_DONE: the end of an answer in several parts."""

REQUEST: Final = 0x01
"""NLM_F_REQUEST."""

DUMP: Final = 0x300
"""NLM_F_DUMP: everything of a kind, not one thing."""

KERNEL: Final = 0
"""The port id of the kernel itself, as sender and as receiver."""

MAX_DATAGRAM: Final = 64 * 1024
"""Bytes of one answer that are read; the kernel writes at most 32 KiB at a time."""

_HEADER: Final = struct.Struct("=IHHII")
_ATTRIBUTE: Final = struct.Struct("=HH")
_ERRNO: Final = struct.Struct("=i")


class NetlinkError(Exception):
    """The kernel's answer can't be read, or is a refusal; the message says which."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an answer."""

    kind: int
    sequence: int
    body: bytes

    def refusal(self) -> int:
        """The error number of an ERROR message, positive as in `errno`; NetlinkError when it is cut short."""
        if len(self.body) < _ERRNO.size:
            raise NetlinkError(f"an error message of {len(self.body)} bytes: at least {_ERRNO.size} are needed")
        return -int(_ERRNO.unpack_from(self.body)[0])


def question(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    """A message to the kernel."""
    return _HEADER.pack(_HEADER.size + len(body), kind, REQUEST | flags, sequence, KERNEL) + body


def messages(data: bytes) -> Iterator[Message]:
    """The messages of one datagram; NetlinkError where a length can't be."""
    offset = 0
    while offset < len(data):
        if len(data) - offset < _HEADER.size:
            raise NetlinkError(f"{len(data) - offset} bytes where a message header of {_HEADER.size} should be")
        length, kind, _flags, sequence, _port = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size or length > len(data) - offset:
            raise NetlinkError(f"a message of {length} bytes in {len(data) - offset}")
        yield Message(kind, sequence, data[offset + _HEADER.size : offset + length])
        offset += _aligned(length)


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The attributes (number, value) at the end of a message's body; NetlinkError where a length can't be."""
    offset = 0
    while len(data) - offset >= _ATTRIBUTE.size:
        length, number = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size or length > len(data) - offset:
            raise NetlinkError(f"an attribute of {length} bytes in {len(data) - offset}")
        yield number, data[offset + _ATTRIBUTE.size : offset + length]
        offset += _aligned(length)


def _aligned(length: int) -> int:
    """Netlink aligns to four bytes."""
    return (length + 3) & ~3
