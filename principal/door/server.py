"""The principal's own door: listens, keeps its connections, and closes them with grace."""

import asyncio
import contextlib
import itertools
import socket
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, Final

import structlog

from principal.attest import Attestor
from principal.caps import Sparing
from principal.door import sockets
from principal.door.attesting import Gate, socket_mode
from principal.door.call import CallLimits, Gathered
from principal.door.options import DoorOptions
from principal.door.protocol import DoorProtocol
from principal.door.serving import House, Resets
from principal.door.tlscontext import Contexts, client_certificate
from principal.door.turn import Turn
from principal.listening import unix_path
from principal.rpc import ConnectionStats, DoorError, Kind, Service
from principal.socketfile import SocketFile
from principal.tls import Tls

log = structlog.stdlib.get_logger(__name__)

SWEEP_SECONDS: Final = 1.0
"""Seconds between two looks at what is due on the connections. Their timers are seconds long (a slow preface, a stalled
stream); a timer of its own for each of ten thousand connections would cost more than all of them together."""

HANDSHAKE_SECONDS: Final = 5.0
"""Seconds for a TLS handshake, like those for a preface."""

MAX_CONNECTIONS: Final = 20_000
"""Connections at once: ten thousand agents without a sidecar that pools, twice over while they reconnect. More are
closed as they come, which costs a peer nothing but its try."""

MAX_GATHERED: Final = 256 * 1024 * 1024
"""Bytes that all streams together may hold of messages that are not whole, unless two of the longest are more. Each has
its own limit; this one is for all that all connections may open."""

MAX_GATHERED_UNARY: Final = 64 * 1024 * 1024
"""The same for requests of unary calls, whose callers have not been asked who they are (spec reliability H6)."""

ACCEPTED_AT_ONCE: Final = 16
"""Connections that plain asyncio accepts in one turn. It takes the number for the kernel's backlog too, which is set
anew afterwards. Once file descriptors have run out it fails and logs so often each second: 4096 kept a CPU busy."""

SOCKETS_VERIFIED: Final = 1
"""Accepted sockets whose options are read back, for each listening socket: what it hands down it hands down to all."""


class LoopRuntime:
    """An event loop as calls need it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work`, and keep hold of it while it runs."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def later(self, seconds: float, act: Callable[[], None]) -> asyncio.Handle:
        """Do `act` in `seconds`."""
        return self._loop.call_later(seconds, act) if seconds else self._loop.call_soon(act)


class _Stats(Mapping[str, ConnectionStats]):
    """Counters of connections that have calls, by id: a page of a hundred agents must not count ten thousand."""

    def __init__(self, connections: Mapping[str, DoorProtocol]) -> None:
        self._connections = connections

    def __getitem__(self, key: str) -> ConnectionStats:
        side = self._connections[key].side
        if side is None or not side.calls:
            raise KeyError(key)
        return side.stats()

    def __iter__(self) -> Iterator[str]:
        return (key for key in list(self._connections) if key in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class OwnDoor:
    """Serves `service` on `host`:`port` (0 takes a free one), or on the socket file of a `unix:` host.

    Plaintext HTTP/2 with prior knowledge, or TLS with ALPN where `tls` is given. With an `attestor`, each connection is
    looked up as it is accepted, before a byte of it is read.
    """

    def __init__(
        self,
        service: Service,
        *,
        host: str,
        port: int,
        options: DoorOptions,
        tls: Tls | None = None,
        attestor: Attestor | None = None,
    ) -> None:
        path = unix_path(host)
        self.address = host if path is not None else f"{host or '[::]'}:{port}"
        loop = asyncio.get_running_loop()
        limits = CallLimits(max_message=options.max_message, max_unary=options.max_unary or options.max_message)
        gathered = {
            Kind.UNARY: Gathered(max(MAX_GATHERED_UNARY, limits.max_unary)),
            Kind.STREAM: Gathered(max(MAX_GATHERED, 2 * options.max_message)),
        }
        self.options = options
        self.house = House(service, limits, LoopRuntime(loop), Resets(options.identity_header), loop.time, gathered)
        self.gate = Gate(attestor)
        self.turn = Turn(loop.call_soon)
        self.plain = "h2" if tls is not None else "h2c"
        self._loop = loop
        self._host = host
        self._port = port
        self._tls = tls
        self._file = SocketFile(path, mode=socket_mode(attestor)) if path is not None else None
        self._servers: list[asyncio.Server] = []
        self._numbers = itertools.count(1)
        self._connections: dict[str, DoorProtocol] = {}
        self._sparing = Sparing()
        self._to_verify = 0
        self._sweeping: asyncio.TimerHandle | None = None
        self._emptied: asyncio.Event | None = None
        self._why = ""
        """Why no new connection is served, once that is so."""

    async def start(self) -> None:
        """Listen; DoorError when the address is taken or not ours."""
        context = self._context()
        if self._file is not None:
            listeners = [sockets.open_file(self._file)]
        else:
            listeners = sockets.open_listeners(self._host, self._port, self.options.tcp)
            self.address = sockets.named(listeners)
            self._to_verify = SOCKETS_VERIFIED * len(listeners)
        for listener in listeners:
            self._servers.append(await self._serve(listener, context))
        self._sweep()

    async def stop(self, grace: float) -> None:
        """Take no new calls, give open ones `grace` seconds to end, then close."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        if self._file is not None:
            self._file.remove()
        self._why = "the principal is shutting down"
        for connection in list(self._connections.values()):
            connection.drain(self._why)
        if self._connections:
            self._emptied = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._emptied.wait()
        for connection in list(self._connections.values()):
            connection.abort()
        if self._sweeping is not None:
            self._sweeping.cancel()
        # What was aborted is told so in the loop's next turn.
        await asyncio.sleep(0)

    def connection_stats(self) -> Mapping[str, ConnectionStats]:
        """Counters by connection id, of connections that have calls. Each is read as it is asked for."""
        return _Stats(self._connections)

    def came(self, connection: DoorProtocol, transport: asyncio.Transport) -> bytes:
        """A connection is open."""
        self._connections[connection.info.id] = connection
        if self._why or len(self._connections) > MAX_CONNECTIONS:
            transport.abort()
        if self._to_verify:
            self._to_verify -= 1
            with contextlib.suppress(OSError):
                sockets.verify(transport.get_extra_info("socket"), self.options.tcp)
        if self._tls is None:
            return b""
        return client_certificate(transport.get_extra_info("ssl_object"))

    def went(self, connection: DoorProtocol) -> None:
        """A connection is closed."""
        self._connections.pop(connection.info.id, None)
        fault = connection.side.fault if connection.side is not None else ""
        if fault and (left_out := self._sparing.line(now=self._loop.time())) is not None:
            info = connection.info
            log.warning(
                "connection ended for what its peer sent",
                connection=info.id,
                peer=info.peer,
                why=fault,
                left_out=left_out,
            )
        if self._emptied is not None and not self._connections:
            self._emptied.set()

    def _protocol(self) -> DoorProtocol:
        return DoorProtocol(self, next(self._numbers))

    async def _serve(self, listener: socket.socket, context: Any) -> asyncio.Server:
        more = {} if context is None else {"ssl": context, "ssl_handshake_timeout": HANDSHAKE_SECONDS}
        make = self._loop.create_server if self._file is None else self._loop.create_unix_server
        server = await make(self._protocol, sock=listener, backlog=ACCEPTED_AT_ONCE, **more)
        listener.listen(sockets.BACKLOG)
        return server

    def _context(self) -> Any:
        if self._tls is None:
            return None
        try:
            return Contexts(self._tls).serving
        except (OSError, ValueError) as error:
            raise DoorError(f"can't serve TLS on {self.address}: {error}") from error

    def _sweep(self) -> None:
        now = self._loop.time()
        for connection in list(self._connections.values()):
            connection.tick(now)
        self._sweeping = self._loop.call_later(SWEEP_SECONDS, self._sweep)
