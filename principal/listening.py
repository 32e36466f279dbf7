"""Where a principal listens: what `--listen-host` may be, and which addresses it comes to."""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from principal.sockdiag import Address, plain

UNIX: Final = "unix:"
"""What a listen host begins with that is a unix socket, as in gRPC."""

ACCEPTED: Final = "an address, a host name, or unix:/PATH"

_WILDCARDS: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - recognised here, not bound


def unix_path(host: str) -> Path | None:
    """The file of a `unix:` listen host, None for any other. ValueError when its path is not absolute."""
    if not host.startswith(UNIX):
        return None
    path = Path(host.removeprefix(UNIX))
    if not path.is_absolute() or path.name == "":
        raise ValueError(f"accepted: {UNIX} and the absolute path of a socket file, as {UNIX}/run/meshtether/hub.sock")
    return path


def is_loopback(host: str) -> bool:
    """Whether only this machine (in a mesh: this pod) reaches `host`; a name other than localhost may be anything."""
    try:
        return plain(ipaddress.ip_address(host)).is_loopback
    except ValueError:
        return host == "localhost"


def is_wildcard(host: str) -> bool:
    """Whether `host` means every address of the machine. gRPC listens on both families then."""
    return host in _WILDCARDS


def addresses_of(host: str) -> list[Address]:
    """The addresses of a host name or a literal address, each once. OSError when there are none."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(plain(ipaddress.ip_address(entry[4][0])) for entry in found))


@dataclass(frozen=True, slots=True)
class Place:
    """One place to listen at."""

    host: str
    """As gRPC takes it before a port, IPv6 in brackets."""
    own: Address | None = None
    """The one address that it is; None where it may be several."""


def places(host: str, each: Callable[[], list[Address]] | None) -> list[Place]:
    """Where to listen for `host`: as gRPC likes, or, where `each` lists this machine's addresses, at each by itself.

    OSError when a name can't be resolved, and whatever `each` raises.
    """
    if each is None:
        return [Place(bracketed(host) if host else "[::]")]
    found = each() if is_wildcard(host) else addresses_of(host)
    return [Place(bracketed(address), address) for address in found]


def bracketed(host: Address | str) -> str:
    """A host as it stands before a port."""
    return f"[{host}]" if ":" in str(host) else str(host)
