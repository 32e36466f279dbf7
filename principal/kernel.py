"""Asks the Linux kernel about sockets and addresses: the one edge under attestation. Needs no privilege.

The netlink socket is opened once and kept, so that a lookup needs no file descriptor when there are none left, and
sees the network namespace that the principal started in. The kernel answers within the call that asks: nothing here
waits, and an answer that is not there at once counts as none.
"""

import itertools
import socket
from typing import Final

from principal import addresses, netlink, sockdiag
from principal.netlink import NetlinkError
from principal.sockdiag import Address, Endpoint, Owned

SOCK_DIAG: Final = 4
"""NETLINK_SOCK_DIAG, from <linux/netlink.h>; Python's socket module has no name for it."""

ROUTE: Final = 0
"""NETLINK_ROUTE."""

STALE_ANSWERS: Final = 8
"""Answers to earlier questions that are skipped before a lookup gives up."""

ADDRESS_PARTS: Final = 64
"""Datagrams in which all addresses must have come."""

SEQUENCES: Final = 2**31
"""After so many questions their numbers begin anew."""


class LookupFailed(Exception):  # noqa: N818 - it reads as what happened
    """The kernel could not be asked, or not understood; the message says why."""


class Kernel:
    """One network namespace as its kernel knows it."""

    def __init__(self) -> None:
        self._sequence = itertools.cycle(range(1, SEQUENCES))
        self._socket = _open(SOCK_DIAG, "look sockets up")

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def owner(self, *, local: Endpoint, remote: Endpoint) -> Owned | None:
        """The socket of this network namespace with these two ends, None when there is none. LookupFailed."""
        sequence = next(self._sequence)
        try:
            self._socket.send(sockdiag.lookup(local, remote, sequence=sequence))
            for _ in range(STALE_ANSWERS):
                data = self._socket.recv(netlink.MAX_DATAGRAM)
                if any(message.sequence == sequence for message in netlink.messages(data)):
                    return sockdiag.parse_answer(data, sequence=sequence)
        except (OSError, NetlinkError) as error:
            raise LookupFailed(str(error)) from error
        raise LookupFailed(f"{STALE_ANSWERS} answers to other questions")

    def addresses(self) -> list[Address]:
        """The addresses of this namespace that can be listened on, loopback first. LookupFailed."""
        sequence = next(self._sequence)
        with _open(ROUTE, "list addresses") as asking:
            try:
                asking.send(addresses.question(sequence=sequence))
                found: list[Address] = []
                for _ in range(ADDRESS_PARTS):
                    part, last = addresses.parse_part(asking.recv(netlink.MAX_DATAGRAM), sequence=sequence)
                    found += part
                    if last:
                        return addresses.usable(found)
            except (OSError, NetlinkError) as error:
                raise LookupFailed(str(error)) from error
        raise LookupFailed(f"the addresses did not come in {ADDRESS_PARTS} parts")

    def check(self) -> None:
        """Look a connection of our own up, to see that lookups work here at all. LookupFailed says what does not."""
        try:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                own = listener.getsockname()
                with socket.create_connection(own, timeout=1.0) as client:
                    peer = client.getsockname()
                    found = self.owner(local=Endpoint.of(*peer), remote=Endpoint.of(*own))
        except OSError as error:
            raise LookupFailed(f"no connection on 127.0.0.1 can be made to try it with: {error}") from error
        if found is None or found.state != sockdiag.ESTABLISHED or not found.inode:
            raise LookupFailed(f"the kernel does not know a connection that is there (it says {found})")


def _open(protocol: int, purpose: str) -> socket.socket:
    if not hasattr(socket, "AF_NETLINK"):
        raise LookupFailed(f"only Linux can {purpose} in this way")
    try:
        asking = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        asking.setblocking(False)
        # Connected to the kernel, so that no other process can slip an answer in.
        asking.connect((netlink.KERNEL, 0))
    except OSError as error:
        raise LookupFailed(f"the kernel gives no netlink socket to {purpose}: {error}") from error
    return asking
