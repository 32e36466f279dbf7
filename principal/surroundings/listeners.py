"""Who listens in a network namespace, as /proc/net/tcp and /proc/net/tcp6 tell it. Pure."""

from typing import Final

MAX_BYTES: Final = 1024 * 1024
"""Bytes of a table that are read, some 7,000 sockets: a pod has dozens, and whoever listens stands first."""

_LISTENING: Final = "0A"
"""TCP_LISTEN in the column `st`."""

PROXIES: Final = {15006: "istio", 15001: "istio", 4143: "linkerd", 4140: "linkerd"}
"""Ports where the sidecars of meshes take what is redirected to them."""


def listening(text: str) -> frozenset[int]:
    """The ports on which somebody listens; lines that are none are passed over."""
    found = set()
    for line in text.splitlines()[1:]:
        columns = line.split(None, 4)
        if len(columns) < 4 or columns[3] != _LISTENING:
            continue
        port = columns[1].rpartition(":")[2]
        if len(port) == 4 and all(each in "0123456789ABCDEF" for each in port):
            found.add(int(port, 16))
    return frozenset(found)
