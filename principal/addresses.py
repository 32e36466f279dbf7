"""The addresses of this network namespace, asked of the Linux kernel by RTM_GETADDR, rtnetlink(7). Pure.

Needed because gRPC tells who the peer of a call is but not at which of our addresses it arrived, and only both ends
together name a connection: a door that attests listens on each address by itself instead of on all at once.
"""

import ipaddress
import struct
from typing import Final

from principal import netlink
from principal.netlink import NetlinkError
from principal.sockdiag import Address

RTM_NEWADDR: Final = 20
RTM_GETADDR: Final = 22
"""From <linux/rtnetlink.h>."""

MAX_ADDRESSES: Final = 64
"""Addresses that are listened on; a pod has two to six, and each costs a listening socket."""

NOT_YET: Final = 0x40 | 0x08
"""IFA_F_TENTATIVE and IFA_F_DADFAILED: nobody may use the address, because another machine may have it."""

_IFADDRMSG: Final = struct.Struct("=BBBBI")
_IFA_ADDRESS: Final = 1
_IFA_LOCAL: Final = 2


def question(*, sequence: int) -> bytes:
    """The question for all addresses."""
    return netlink.question(RTM_GETADDR, netlink.DUMP, sequence, _IFADDRMSG.pack(0, 0, 0, 0, 0))


def parse_part(data: bytes, *, sequence: int) -> tuple[list[Address], bool]:
    """The addresses in one datagram of the answer, and whether it was the last; NetlinkError when it can't be read."""
    found: list[Address] = []
    for message in netlink.messages(data):
        if message.sequence != sequence:
            continue
        if message.kind == netlink.DONE:
            return found, True
        if message.kind == netlink.ERROR:
            raise NetlinkError(f"the kernel refuses to list addresses with error {message.refusal()}")
        if message.kind == RTM_NEWADDR and (address := _address(message.body)) is not None:
            found.append(address)
    return found, False


def _address(body: bytes) -> Address | None:
    """The address itself: IFA_LOCAL where there is one, since IFA_ADDRESS is the other end of a point-to-point link."""
    if len(body) < _IFADDRMSG.size:
        raise NetlinkError(f"an address message of {len(body)} bytes: {_IFADDRMSG.size} are needed")
    if _IFADDRMSG.unpack_from(body)[2] & NOT_YET:
        return None
    values = dict(netlink.attributes(body[_IFADDRMSG.size :]))
    packed = values.get(_IFA_LOCAL, values.get(_IFA_ADDRESS, b""))
    return ipaddress.ip_address(packed) if len(packed) in (4, 16) else None


def usable(addresses: list[Address]) -> list[Address]:
    """Addresses that can be listened on by themselves: each once, without link-local IPv6, whose name needs a zone."""
    fit = [a for a in dict.fromkeys(addresses) if not (a.version == 6 and a.is_link_local)]
    return sorted(fit, key=lambda a: (not a.is_loopback, a.version, a.packed))[:MAX_ADDRESSES]
