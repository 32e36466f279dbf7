"""The sockets that the door listens on, and what every connection inherits from them.

TCP keepalive and user timeout are set on the *listening* socket: Linux hands them on to each socket that is accepted
(tried, Linux 6.18), so that no connection is ever without them and no accept costs a system call for it. `verify` reads
them back from an accepted socket.

SO_REUSEPORT stays off: a second principal on the same port would share the connections, silently. Sockets are made for
IPPROTO_TCP by name, since asyncio switches Nagle's algorithm off only where the protocol is named (measured: 43 ms
instead of 1.9 ms for the slowest answer).
"""

import contextlib
import errno
import os
import socket
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Final

import structlog

from principal.listening import addresses_of, bracketed, is_wildcard
from principal.rpc import DoorError
from principal.sockdiag import Address
from principal.socketfile import SocketFile

log = structlog.stdlib.get_logger(__name__)

BACKLOG: Final = 4096
"""Connections that the kernel completes and keeps until we accept them; one more has its SYN dropped and tries again a
second later. All agents of a hub come back at once when it restarts; Linux cuts to net.core.somaxconn, 4096 too."""

PORT_TRIES: Final = 5
"""Free ports that are tried until one is free at every address."""

V4_WILDCARD: Final = "0.0.0.0"  # noqa: S104 - what an empty listen host asks for
V6_WILDCARD: Final = "::"

NO_SUCH_FAMILY: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})
"""How a machine without IPv6 (or without IPv4) says so when its wildcard is bound."""

ACCEPTED: Final = MappingProxyType(
    {
        errno.EADDRINUSE: "--listen-port chooses another port, 0 a free one",
        errno.EADDRNOTAVAIL: "--listen-host takes an address of this machine, or is empty for all of them",
        errno.EACCES: "--listen-port takes ports from 1024 on without a privilege",
    }
)
"""What would be accepted where an address is not."""

MAX_INT: Final = 2**31 - 1
"""What a socket option holds at most: a C int."""

_KEEPIDLE: Final[int | None] = getattr(socket, "TCP_KEEPIDLE", getattr(socket, "TCP_KEEPALIVE", None))
"""macOS calls it TCP_KEEPALIVE."""
_KEEPINTVL: Final[int | None] = getattr(socket, "TCP_KEEPINTVL", None)
_KEEPCNT: Final[int | None] = getattr(socket, "TCP_KEEPCNT", None)
_USER_TIMEOUT: Final[int | None] = getattr(socket, "TCP_USER_TIMEOUT", None)
"""Milliseconds; Linux only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpOptions:
    """What the kernel does about a peer that is gone. 0 leaves a value as the kernel has it."""

    keepalive_time: float = 0.0
    """Whole seconds of silence before the first probe; 0: no probes at all."""
    keepalive_interval: float = 0.0
    """Whole seconds between probes."""
    keepalive_probes: int = 0
    """Unanswered probes after which the connection is dead; a user timeout above 0 decides instead."""
    user_timeout: float = 0.0
    """Seconds that what was sent may stay unacknowledged before the connection is dead; milliseconds count."""


def open_listeners(host: str, port: int, options: TcpOptions) -> list[socket.socket]:
    """Bound, listening, non-blocking TCP sockets at every address of `host`, all with one port (0: a free one).

    An empty host and the wildcards mean every address of both families. DoorError when an address is taken or not ours.
    """
    for tries_left in reversed(range(PORT_TRIES)):
        try:
            return _open_all(host, port, options)
        except DoorError:
            # The free port of one address may be taken at another one.
            if port or not tries_left:
                raise
    raise AssertionError  # not reached: the last try returns or raises


def open_file(file: SocketFile) -> socket.socket:
    """The listening, non-blocking unix socket of `file`, which is in its place then. DoorError."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(os.fspath(file.prepare()))
        listener.listen(BACKLOG)
        listener.setblocking(False)
        file.publish()
    except OSError as error:
        file.remove()
        listener.close()
        raise DoorError(f"can't listen on {file.path}: {error.strerror}") from error
    except DoorError:
        file.remove()
        listener.close()
        raise
    return listener


def named(listeners: Iterable[socket.socket]) -> str:
    """Where TCP sockets listen, as `127.0.0.1:8443, [::1]:8443`."""
    names = (listener.getsockname() for listener in listeners)
    return ", ".join(f"{bracketed(name[0])}:{name[1]}" for name in names)


def read_back(sock: socket.socket) -> TcpOptions:
    """What the kernel has for a TCP socket; where keepalive is off, none of its values. OSError."""
    on = sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    def value(option: int | None) -> int:
        return 0 if option is None else sock.getsockopt(socket.IPPROTO_TCP, option)

    return TcpOptions(
        keepalive_time=float(value(_KEEPIDLE) if on else 0),
        keepalive_interval=float(value(_KEEPINTVL) if on else 0),
        keepalive_probes=value(_KEEPCNT) if on else 0,
        user_timeout=value(_USER_TIMEOUT) / 1000,
    )


def verify(sock: socket.socket, options: TcpOptions) -> bool:
    """Whether the kernel has `options` for `sock`, a warning with both where it has not. What is 0 is not compared."""
    got = read_back(sock)
    different = [name for name, wanted in asdict(options).items() if wanted and getattr(got, name) != wanted]
    if different:
        log.warning(
            "kernel keeps other TCP timers than it was given",
            wanted={name: getattr(options, name) for name in different},
            got={name: getattr(got, name) for name in different},
        )
    return not different


def _open_all(host: str, port: int, options: TcpOptions) -> list[socket.socket]:
    opened: list[socket.socket] = []
    wildcard = is_wildcard(host)
    try:
        for address in (V4_WILDCARD, V6_WILDCARD) if wildcard else _resolved(host):
            try:
                opened.append(_open(str(address), port, options))
            except OSError as error:
                if wildcard and error.errno in NO_SUCH_FAMILY:
                    log.debug("address family is not there", address=address, why=error.strerror)
                    continue
                where = f"{bracketed(address)}:{port}"
                accepted = f" ({ACCEPTED[error.errno]})" if error.errno and error.errno in ACCEPTED else ""
                raise DoorError(f"can't listen on {where}: {error.strerror}{accepted}") from error
            port = opened[0].getsockname()[1]
    except DoorError:
        for listener in opened:
            listener.close()
        raise
    if not opened:
        raise DoorError(f"can't listen on {host or 'every address'}: there is no address")
    # All of them inherit the same; one look, at start, tells what this kernel refuses.
    verify(opened[0], options)
    return opened


def _resolved(host: str) -> list[Address]:
    try:
        return addresses_of(host)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise DoorError(
            f"can't listen on {host}: {why} (--listen-host takes an address or a name that has one)"
        ) from error


def _open(address: str, port: int, options: TcpOptions) -> socket.socket:
    """One listening socket; OSError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # A restart binds although connections of the last run are still in TIME_WAIT. It does not share the port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # What 1 means does not depend on net.ipv6.bindv6only: IPv4 has a socket of its own.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _set(listener, options)
        listener.bind((address, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _set(sock: socket.socket, options: TcpOptions) -> None:
    """Set what can be set; a principal without a timer is better than none, and `verify` tells what is missing."""
    if options.keepalive_time:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        (_KEEPIDLE, round(options.keepalive_time)),
        (_KEEPINTVL, round(options.keepalive_interval)),
        (_KEEPCNT, options.keepalive_probes),
        (_USER_TIMEOUT, round(options.user_timeout * 1000)),
    ):
        if option is not None and 0 < value <= MAX_INT:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
