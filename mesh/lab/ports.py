"""Ports that stay ours from the choice to the end of the lab.

A port found by binding 0 and given back can be taken by another before Envoy binds it, and since Envoy shares ports by
default, two labs would then split each other's connections without a word. So the socket that found the port stays
bound, with SO_REUSEPORT and without listening: the kernel gives the number to nobody else and no connection to us,
while an Envoy of the same user may bind beside it, and again after a restart.
"""

import socket
import sys

LOOPBACK = "127.0.0.1"

HELD = sys.platform == "linux"
"""Elsewhere a bound socket may shadow the listening one, so the port is only found there, not held."""


class Port:
    """One TCP port on loopback."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self._socket.bind((LOOPBACK, 0))
            self.number: int = self._socket.getsockname()[1]
        except OSError:
            self._socket.close()
            raise
        if not HELD:
            self._socket.close()

    def release(self) -> None:
        """Give the port back."""
        self._socket.close()
