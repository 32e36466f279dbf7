"""One TCP socket by its two ends, asked of the Linux kernel: SOCK_DIAG's exact lookup, sock_diag(7).

Pure. The libraries for netlink only list all sockets; the kernel can also look one up in its hash table, which takes
microseconds however many there are. Two of its habits matter here (measured, Linux 6.18): where no connection fits
it answers with a *listening* socket of that address, and for a connection that its owner has closed it reports user 0.
So whoever asks must look at state and inode before believing the user id.
"""

import ipaddress
import struct
from dataclasses import dataclass
from errno import ENOENT
from typing import Final
from urllib.parse import unquote

from principal import netlink
from principal.netlink import NetlinkError

SOCK_DIAG_BY_FAMILY: Final = 20
"""The kind of both question and answer, from <linux/sock_diag.h>."""

ESTABLISHED: Final = 1
"""TCP_ESTABLISHED, from <netinet/tcp.h>."""

STATES: Final = (
    "",
    "established",
    "syn-sent",
    "syn-received",
    "fin-wait-1",
    "fin-wait-2",
    "time-wait",
    "closed",
    "close-wait",
    "last-ack",
    "listening",
    "closing",
)
"""TCP states by the kernel's numbers, for people."""

MAX_PEER: Final = 128
"""Characters of a peer's address that are read; the longest IPv6 address with a port has 53."""

_AF_INET: Final = 2
_AF_INET6: Final = 10
_TCP: Final = 6
_ALL_STATES: Final = 0xFFF
_NO_COOKIE: Final = 0xFFFFFFFF
_QUESTION: Final = struct.Struct("=BBBBI")
_PORTS: Final = struct.Struct(">HH")
_TAIL: Final = struct.Struct("=III")
_ANSWER: Final = struct.Struct("=4B2s2s16s16s12s5I")
"""struct inet_diag_msg: family, state, timer, retransmissions; ports, addresses, interface and cookie; expiry, queues,
user, inode."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a TCP connection. An IPv4 address is written as such, also where a socket maps it into IPv6."""

    address: Address
    port: int

    @classmethod
    def of(cls, host: str, port: int) -> "Endpoint":
        """The endpoint of a literal address and a port; ValueError for anything else (names, zones)."""
        return cls.at(ipaddress.ip_address(host), port)

    @classmethod
    def at(cls, address: Address, port: int) -> "Endpoint":
        """The endpoint of an address and a port; ValueError for a port that is none and for an address with a zone."""
        if not 0 < port <= 0xFFFF:
            raise ValueError(f"{port} is no TCP port: accepted are 1 to 65535")
        return cls(plain(address), port)

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if self.address.version == 6 else f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Owned:
    """What the kernel says of one socket."""

    state: int
    uid: int
    """User id of whoever made the socket, as our user namespace sees it; 65534 for one that it doesn't know."""
    inode: int
    """Number of the socket in /proc/PID/fd; 0 when nobody holds it any more."""
    local: Endpoint | None
    """None where the kernel names port 0."""
    remote: Endpoint | None
    """None for a listening socket."""

    @property
    def state_name(self) -> str:
        """The state as a word."""
        return STATES[self.state] if 0 < self.state < len(STATES) else f"state {self.state}"


def plain(address: Address) -> Address:
    """An address without the mapping into IPv6: `::ffff:127.0.0.1` is 127.0.0.1. ValueError for one with a zone."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise ValueError(f"{address} has a zone: the kernel's table is not asked by zones")
        return address.ipv4_mapped or address
    return address


def parse_peer(text: str) -> Endpoint:
    """The endpoint in gRPC's word for a peer, `ipv4:127.0.0.1:5000` or `ipv6:%5B::1%5D:5000`; ValueError otherwise."""
    if len(text) > MAX_PEER:
        raise ValueError(f"a peer of {len(text)} characters: at most {MAX_PEER} are read")
    scheme, _, rest = unquote(text).partition(":")
    host, _, port = rest.rpartition(":")
    if scheme == "ipv6" and host.startswith("[") and host.endswith("]"):
        address: Address = ipaddress.IPv6Address(host[1:-1])
    elif scheme == "ipv4":
        address = ipaddress.IPv4Address(host)
    else:
        raise ValueError(f"{text!r} is no peer of TCP: accepted are ipv4:ADDRESS:PORT and ipv6:[ADDRESS]:PORT")
    if not (port.isascii() and port.isdigit() and len(port) <= 5):
        raise ValueError(f"{text!r} has no port")
    return Endpoint.at(address, int(port))


def lookup(local: Endpoint, remote: Endpoint, *, sequence: int) -> bytes:
    """The question for the one socket whose own end is `local` and whose other end is `remote`."""
    family = _AF_INET if local.address.version == 4 else _AF_INET6
    body = (
        _QUESTION.pack(family, _TCP, 0, 0, _ALL_STATES)
        + _PORTS.pack(local.port, remote.port)
        + local.address.packed.ljust(16, b"\0")
        + remote.address.packed.ljust(16, b"\0")
        + _TAIL.pack(0, _NO_COOKIE, _NO_COOKIE)
    )
    return netlink.question(SOCK_DIAG_BY_FAMILY, 0, sequence, body)


def parse_answer(data: bytes, *, sequence: int) -> Owned | None:
    """The socket that was asked for; None when the kernel knows none. NetlinkError when the answer can't be read."""
    for message in netlink.messages(data):
        if message.sequence != sequence:
            continue
        if message.kind == netlink.ERROR:
            number = message.refusal()
            if number == ENOENT:
                return None
            raise NetlinkError(f"the kernel refuses the lookup with error {number}")
        if message.kind == SOCK_DIAG_BY_FAMILY:
            return _owned(message.body)
    raise NetlinkError(f"no answer to question {sequence}")


def _owned(body: bytes) -> Owned:
    if len(body) < _ANSWER.size:
        raise NetlinkError(f"an answer of {len(body)} bytes: {_ANSWER.size} are needed")
    family, state, _, _, sport, dport, source, target, _, _, _, _, uid, inode = _ANSWER.unpack_from(body)
    return Owned(state, uid, inode, _end(family, source, sport), _end(family, target, dport))


def _end(family: int, address: bytes, port: bytes) -> Endpoint | None:
    number = int.from_bytes(port, "big")
    if not number:
        return None
    if family == _AF_INET:
        return Endpoint(ipaddress.IPv4Address(address[:4]), number)
    if family == _AF_INET6:
        return Endpoint(plain(ipaddress.IPv6Address(address)), number)
    raise NetlinkError(f"an answer of address family {family}")
