"""The connections that calls come in on, where a transport tells of calls only."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from principal.rpc import ConnectionInfo
from principal.sockdiag import Address

Key = tuple[Address | None, str]
"""What names a connection: our own address, where it is one, and the peer as the transport writes it."""


@dataclass(slots=True)
class _Connection:
    """One connection, and how many calls it has now."""

    info: ConnectionInfo
    calls: int = 0


class Connections:
    """Connections by what names them; each is known while it has calls."""

    def __init__(self, transport: str) -> None:
        self._transport = transport
        self._known: dict[Key, _Connection] = {}
        self._numbers = itertools.count(1)

    def open(self) -> Iterator[ConnectionInfo]:
        """Those that have calls now."""
        return (connection.info for connection in self._known.values())

    @contextmanager
    def call(self, *, own: Address | None, peer: str, certificate: bytes) -> Iterator[ConnectionInfo]:
        """The connection of one call, for as long as the call lasts."""
        key = (own, peer)
        connection = self._known.get(key)
        # The certificate is this call's own: addresses alone could be those of a dead connection that is not cleared
        # away yet.
        if connection is None or connection.info.certificate != certificate:
            number = f"c{next(self._numbers)}"
            info = ConnectionInfo(id=number, peer=peer, transport=self._transport, certificate=certificate)
            connection = self._known[key] = _Connection(info)
        connection.calls += 1
        try:
            yield connection.info
        finally:
            connection.calls -= 1
            if not connection.calls and self._known.get(key) is connection:
                del self._known[key]
