"""The one edge: moves bytes between a transport of asyncio and the side that reads them.

What calls send in one turn of the loop is written at once, at its end. A transport that takes no more stops the data of
all streams, never the reading: what the peer has to say (windows, resets, acks) is what gets it going again.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, cast

import structlog

from principal.door.attesting import Gate, Peer
from principal.door.http1_side import Http1Side
from principal.door.http2.codes import PREFACE
from principal.door.http2.side import Http2Side
from principal.door.options import DoorOptions
from principal.door.serving import House, Serving
from principal.door.side import Side
from principal.door.turn import Turn
from principal.door.websocket.http1 import Http1
from principal.door.websocket.limits import Limits as WebSocketLimits
from principal.rpc import ConnectionInfo

log = structlog.stdlib.get_logger(__name__)

SNIFFED: Final = 3
"""Bytes by which HTTP/2's preface is told from any method of HTTP/1.1 (`PRI` is none)."""

LINGER_SECONDS: Final = 1.0
"""Seconds for the peer to read our last words and to close. To close with bytes unread would destroy them on their
way, and with them the reason (`too_many_pings`, on which gRPC's clients ping less)."""

UNREAD_SECONDS: Final = 10.0
"""Seconds for the peer to read what was written before the end. One that reads nothing would otherwise keep its file
descriptor for as long as it likes: a transport that is closed waits for its last byte to be taken."""

WRITE_HIGH: Final = 256 * 1024
"""Bytes that the transport may hold before it counts as clogged: a stream's whole window."""


class Opened(Protocol):
    """The door that a connection belongs to."""

    house: House
    gate: Gate
    options: DoorOptions
    turn: Turn
    plain: str
    """The transport's name for calls over HTTP/2."""

    def came(self, connection: "DoorProtocol", transport: asyncio.Transport) -> bytes:
        """A connection is open; DER of the certificate that its peer has proved to own, if any."""

    def went(self, connection: "DoorProtocol") -> None:
        """It is closed."""


class DoorProtocol(asyncio.Protocol):
    """One connection."""

    __slots__ = (
        "_blocked", "_closed", "_door", "_ending", "_first", "_flushing", "_loop", "_peer", "_reading", "_transport",
        "info", "side",
    )  # fmt: skip

    def __init__(self, door: Opened, number: int) -> None:
        self.info = ConnectionInfo(id=f"c{number}", peer="", transport=door.plain)
        self.side: Side | None = None
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._peer: Peer | None = None
        self._transport: asyncio.Transport | None = None
        self._first: bytes | None = b""
        """What has come while the protocol was not to be told; None once it is."""
        self._flushing = False
        """A flush will come: nobody need ask for one."""
        self._blocked = False
        self._reading = True
        self._closed = False
        """Nothing is read or written any more."""
        self._ending: asyncio.TimerHandle | None = None
        """What is done with a peer that does not let go."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask who it is, before a byte is read."""
        self._transport = cast("asyncio.Transport", transport)
        try:
            self._transport.set_write_buffer_limits(high=WRITE_HIGH)
            self._peer = self._door.gate.admit(self._transport)
            certificate = self._door.came(self, self._transport)
            self.info = ConnectionInfo(
                id=self.info.id, peer=self._peer.description, transport=self._door.plain, certificate=certificate
            )
            self.side = self._http2()
        except Exception as error:  # noqa: BLE001 - the boundary of a connection: the loop would leave it open, deaf
            self._broken(error)

    def data_received(self, data: bytes) -> None:
        """Bytes from the peer."""
        side = self.side
        if side is None or self._closed:
            return
        if self._first is not None:
            data = self._first + data
            if len(data) < SNIFFED and PREFACE.startswith(data):
                self._first = data
                return
            self._first = None
            if not PREFACE.startswith(data[:SNIFFED]):
                side.lost("it speaks HTTP/1.1", self._loop.time())
                side = self.side = self._http1()
        self._flushing = True
        try:
            side.receive(data, self._loop.time())
            self._write(side)
        except Exception as error:  # noqa: BLE001 - the boundary of a connection, as above
            self._broken(error)

    def eof_received(self) -> bool:
        """The peer sends no more: gRPC has no use for half a connection. What is written already, it may read."""
        self._lose("the peer closed the connection")
        if self._ending is None:
            self._ending = self._loop.call_later(UNREAD_SECONDS, self.abort)
        return False

    def pause_writing(self) -> None:
        """The transport takes no more."""
        self._blocked = True
        if self.side is not None:
            self.side.clogged()

    def resume_writing(self) -> None:
        """It takes more again."""
        self._blocked = False
        if self.side is not None and not self._closed:
            self._turn(self.side.unclogged)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed, by whomever."""
        if self._ending is not None:
            self._ending.cancel()
        self._door.went(self)
        self._lose(f"connection lost: {exc}" if exc is not None else "the peer closed the connection")
        # What is in a circle stays until the garbage collector has looked at all there is, and that is rare here: what
        # peers leave that come and go would be hundreds of megabytes.
        self.side = self._transport = None

    def wake(self) -> None:
        """There is output: write it at the end of this turn."""
        if not self._flushing:
            self._flushing = True
            self._door.turn.join(self)

    def drain(self, why: str) -> None:
        """Take no new calls; close when the open ones have ended."""
        side = self.side
        if side is not None and not self._closed:
            self._turn(lambda: side.drain(self._loop.time(), why))

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def tick(self, now: float) -> None:
        """Do what is due."""
        side = self.side
        if side is None or self._closed:
            return
        try:
            due = side.next_timer()
            if due is not None and due <= now:
                self._turn(lambda: side.on_timer(now))
            elif side.closing:
                # Nobody has been woken for it: what it has to say waits behind what was said before.
                self.flush()
        except Exception as error:  # noqa: BLE001 - the boundary of a connection, as above: the door asks others too
            self._broken(error)

    def flush(self) -> None:
        """Tell calls what has happened, and write what there is: the end of a turn."""
        if self.side is not None and not self._closed:
            try:
                self.side.settle()
                self._write(self.side)
            except Exception as error:  # noqa: BLE001 - the boundary of a connection, as above
                self._broken(error)

    def _turn(self, act: Callable[[], None]) -> None:
        """Do something that may bring output, and write that."""
        self._flushing = True
        try:
            act()
        except Exception as error:  # noqa: BLE001 - the boundary of a connection, as above
            self._broken(error)
        self.flush()

    def _broken(self, error: Exception) -> None:
        """A defect of ours costs this connection, and no other."""
        log.error("a connection failed", connection=self.info.id, peer=self.info.peer, exc_info=error)
        self._closed = True
        self.abort()

    def _lose(self, why: str) -> None:
        """Nothing will come or go any more: every call is told."""
        self._closed = True
        if self.side is not None:
            try:
                self.side.lost(why, self._loop.time())
            except Exception:
                # The boundary of a connection, as above; it is gone already.
                log.exception("a connection's end failed", connection=self.info.id, peer=self.info.peer)

    def _write(self, side: Side) -> None:
        """Write what there is, and see what has become of the connection."""
        transport = self._transport
        if transport is None or self._closed:
            return
        self._flushing = False
        if not self._blocked:
            output = side.output()
            if output:
                transport.write(output)
        if side.closing:
            self._close(side, transport)
        elif side.paused is self._reading:
            self._reading = not side.paused
            (transport.resume_reading if self._reading else transport.pause_reading)()

    def _close(self, side: Side, transport: asyncio.Transport) -> None:
        if side.aborted:
            self._closed = True
            transport.abort()
        elif self._blocked:
            # There are last words that wait: `resume_writing` comes here again.
            if self._ending is None:
                self._ending = self._loop.call_later(UNREAD_SECONDS, self.abort)
        else:
            self._closed = True
            if transport.can_write_eof():
                transport.write_eof()
            if self._ending is not None:
                self._ending.cancel()
            self._ending = self._loop.call_later(LINGER_SECONDS, self._let_go, transport)

    def _let_go(self, transport: asyncio.Transport) -> None:
        """The peer has had its time to read why."""
        transport.close()
        self._ending = self._loop.call_later(UNREAD_SECONDS, transport.abort)

    def _http2(self) -> Http2Side:
        door = self._door
        return Http2Side(
            self._serving(),
            door.house.resets,
            clock=door.house.clock,
            wake=self.wake,
            ping_min_interval=door.options.ping_min_interval,
        )

    def _http1(self) -> Http1Side:
        door = self._door
        self.info = ConnectionInfo(
            id=self.info.id, peer=self.info.peer, transport="websocket", certificate=self.info.certificate
        )
        serving = self._serving()
        http1 = Http1(
            make_call=serving.open,
            enabled=door.options.websocket,
            now=self._loop.time(),
            limits=WebSocketLimits(max_message=door.options.max_message),
            most=serving.most,
            on_output=self.wake,
        )
        return Http1Side(http1)

    def _serving(self) -> Serving:
        return Serving(self._door.house, self.info, refused=self._peer is not None and self._peer.refusal is not None)
