"""Who is at the other end of a connection: asked once, as it is accepted, before a byte of it is read.

On TCP the kernel is asked for the peer's socket (principal.attest). On a unix socket it says of which user the process
is that connected (SO_PEERCRED, unix(7)); that was noted as it connected and can't be changed afterwards.

A refused connection is kept: each of its calls is answered UNAUTHENTICATED, which tells a caller more than a connection
that closes.
"""

import os
import socket
import struct
from dataclasses import dataclass
from typing import Any, Final, Protocol

from principal import sockdiag
from principal.attest import Attestor, Refusal
from principal.sockdiag import Endpoint
from principal.socketfile import MODE, MODE_FOR_ALL

UNIX: Final = "unix:"
"""What gRPC calls every peer on a unix socket."""

_PEERCRED: Final[int | None] = getattr(socket, "SO_PEERCRED", None)
"""Linux only."""
_UCRED: Final = struct.Struct("=iII")
"""struct ucred of <linux/socket.h>: process, user and group of who connected; process 0 is of another pid namespace."""

_TCP_INFO: Final[int | None] = getattr(socket, "TCP_INFO", None)


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of one connection."""

    description: str
    """As gRPC writes it: `ipv4:127.0.0.1:52668`, `ipv6:%5B::1%5D:52668`, `unix:`."""
    own: str = ""
    """Our end, in the same way."""
    uid: int | None = None
    """Of which user the process was that connected, on a unix socket; None elsewhere."""
    pid: int | None = None
    """The number of that process, as our pid namespace sees it."""
    refusal: Refusal | None = None
    """Why no call on this connection is served; None for one that is believed, or of which nothing was asked."""


class Connected(Protocol):
    """What is asked of a transport."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What asyncio's transports know: `peername`, `sockname`, `socket`."""


class Gate:
    """Asks about each connection once. Without an attestor nothing is asked, and everybody is believed."""

    def __init__(self, attestor: Attestor | None) -> None:
        self._attestor = attestor

    def admit(self, transport: Connected) -> Peer:
        """Who has connected, and whether that is refused. Never raises; costs some ten microseconds."""
        peer, own = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if _is_tcp(own):
            return self._tcp(peer, own, transport.get_extra_info("socket"))
        return self._unix(transport.get_extra_info("socket"))

    def _tcp(self, peer: Any, own: tuple[Any, ...], sock: Any) -> Peer:
        # A peer that has reset the connection before we looked at it has no name any more.
        description = describe(peer) if _is_tcp(peer) else ""
        if self._attestor is None:
            return Peer(description, describe(own))
        refusal = self._attestor.admit(peer=description, own=_endpoint(own), alive=lambda: is_established(sock))
        return Peer(description, describe(own), refusal=refusal)

    def _unix(self, sock: Any) -> Peer:
        pid, uid, why = None, None, ""
        try:
            pid, uid = credentials(sock)
        except OSError as error:
            why = f"the kernel does not say who connected: {error}"
        refusal = self._attestor.admit_user(uid, peer=UNIX, why=why) if self._attestor is not None else None
        return Peer(UNIX, UNIX, uid, pid, refusal)


def socket_mode(attestor: Attestor | None) -> int:
    """The mode of a unix socket's file: open to all where each peer's user is asked and another than ours may come."""
    others = attestor is not None and attestor.uids - {os.geteuid()}
    return MODE_FOR_ALL if others else MODE


def credentials(sock: Any) -> tuple[int, int]:
    """Process and user that connected a unix socket; OSError where the kernel does not tell."""
    if _PEERCRED is None:
        raise OSError("only Linux tells it in this way")
    try:
        pid, uid, _ = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, _PEERCRED, _UCRED.size))
    except (AttributeError, struct.error) as error:
        raise OSError(f"no credentials of a unix socket: {error}") from error
    return pid, uid


def is_established(sock: Any) -> bool:
    """Whether our end of a TCP connection is open both ways, by the kernel's word."""
    try:
        return bool(sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 1)[0] == sockdiag.ESTABLISHED)
    except (OSError, AttributeError, TypeError, IndexError):
        return False


def describe(name: tuple[Any, ...]) -> str:
    """A TCP socket's name as gRPC writes it; an IPv4 address that is mapped into IPv6 stays as it is."""
    host, port = name[0], name[1]
    return f"ipv6:%5B{host}%5D:{port}" if ":" in host else f"ipv4:{host}:{port}"


def _is_tcp(name: Any) -> bool:
    """Whether this is the name of a TCP socket; a unix socket's is a path, as `str` or `bytes`, or empty."""
    return isinstance(name, tuple) and len(name) >= 2


def _endpoint(name: tuple[Any, ...]) -> Endpoint | None:
    try:
        return Endpoint.of(name[0], name[1])
    except ValueError:
        return None
