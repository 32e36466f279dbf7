"""One connection that speaks HTTP/1.1: a request's head, then a tunnel, or an answer that says why there is none.

The edge feeds `receive`, `eof` and `on_timer`, each with the time. After each, and whenever `on_output` is called, it
looks: `output()` is to be written, if the transport takes more; `paused` says whether to read on; `closing` that the
connection is to be closed, once what was output is written or, with `aborted`, at once; `next_timer()` says when to
call `on_timer`.
"""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Final, TypeAlias

from principal.door.websocket.answers import SPOKEN, Answer, RequestError
from principal.door.websocket.handshake import upgrade
from principal.door.websocket.head import HeadReader
from principal.door.websocket.limits import Limits
from principal.door.websocket.opening import REASONS, Opening, recognise
from principal.door.websocket.output import Output
from principal.door.websocket.timers import Stats, Timer
from principal.door.websocket.tunnel import Tunnel
from principal.door.wire import Headers, Listener, Wire
from principal.outlet import HIGH_WATER_BYTES

MakeCall: TypeAlias = Callable[[Headers, Wire], Listener]
"""Begins the call of a tunnel: its request's headers, as over HTTP/2, and the wire to answer on."""

_SILENT: Final = frozenset({Opening.TLS, Opening.PROXY})
"""Openings that an answer of HTTP would only confuse."""


class Http1:
    """The pure side of one connection. `most` says how long the messages of a call with these headers may be."""

    def __init__(
        self,
        *,
        make_call: MakeCall,
        enabled: bool,
        now: float,
        limits: Limits | None = None,
        most: Callable[[Headers], int] | None = None,
        on_output: Callable[[], None] = lambda: None,
    ) -> None:
        self.stats = Stats()
        self._make_call = make_call
        self._enabled = enabled
        self._limits = limits or Limits()
        self._most = most
        self._output = Output(on_output)
        self._head: HeadReader | None = HeadReader(self._limits)
        self._opening = Opening.UNDECIDED
        self._first = b""
        """What had come when the opening was decided; all that has, until it is."""
        self._tunnel: Tunnel | None = None
        # The request's head, and then the request of a unary call.
        self._slow = Timer(self._limits.head_seconds)
        self._slow.want(now)
        self._closing = False
        self._ended = ""

    @property
    def closing(self) -> bool:
        """Whether the connection is to be closed after what was output."""
        return self._closing if self._tunnel is None else self._tunnel.done

    @property
    def aborted(self) -> bool:
        """Whether to close it without waiting until the peer has read that."""
        return self._tunnel is not None and self._tunnel.aborted

    @property
    def paused(self) -> bool:
        """Whether the call holds: nothing more should be read."""
        return self._tunnel is not None and self._tunnel.paused

    @property
    def ended(self) -> str:
        """Why the connection ended, in words; empty while it lives."""
        return self._ended if self._tunnel is None else self._tunnel.ended

    @property
    def refused(self) -> str:
        """Why there was no tunnel; empty where there was one, or is still hope."""
        return self._ended if self._tunnel is None else ""

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes that have arrived, cut anywhere."""
        self.stats.bytes_in += len(data)
        if self._tunnel is not None:
            self._tunnel.receive(data, now)
        elif self._head is not None:
            self._receive_head(data, now)

    def eof(self, now: float) -> None:
        """The peer sends no more, or the connection is lost: nobody is there to be told anything."""
        if self._tunnel is not None:
            self._tunnel.eof(now)
        elif self._head is not None:
            self._end("the peer left before its request was complete")

    def output(self) -> bytes:
        """All that is to be written now, empty when nothing is.

        Not to be asked for while the transport takes no more: what waits here is counted, and holds the call back. The
        call may have more at once.
        """
        waiting = self._output.size
        data = self._output.take()
        self.stats.bytes_out += len(data)
        tunnel = self._tunnel
        if tunnel is not None:
            tunnel.taken()
            if waiting >= HIGH_WATER_BYTES and tunnel.listener is not None and not tunnel.over:
                tunnel.listener.on_writable()
        return data

    def next_timer(self) -> float | None:
        """When `on_timer` is due next; a moment in the past means at once."""
        tunnel = self._tunnel
        if tunnel is None:
            return self._slow.due
        timers = () if tunnel.done else (tunnel.next_timer(), self._slow.due)
        return min((due for due in timers if due is not None), default=None)

    def on_timer(self, now: float) -> None:
        """Do what is due at `now`."""
        if self._tunnel is not None:
            self._tunnel.on_timer(now)
            if self._slow.expired(now):
                self._slow.stop()
                self._tunnel.too_slow(self._limits.request_seconds)
        elif self._slow.expired(now):
            if self._head is not None and not self._first:
                self._end(f"the peer sent nothing for {self._limits.head_seconds:g} s")
                return
            why = f"The request was not complete {self._limits.head_seconds:g} s after the connection was opened."
            self._refuse(RequestError(HTTPStatus.REQUEST_TIMEOUT, why))

    def shutdown(self, now: float, why: str) -> None:
        """Take no new call. One that runs goes on until whoever serves it ends it."""
        del now
        if self._head is None:
            return
        if self._first:
            self._refuse(RequestError(HTTPStatus.SERVICE_UNAVAILABLE, f"No new calls are taken: {why}."))
        else:
            self._end(why)

    def _receive_head(self, data: bytes, now: float) -> None:
        head = self._head
        if head is None:
            return
        if self._opening is Opening.UNDECIDED:
            # Nothing is read as a request before it is known to be one.
            data = self._first = self._first + data
            self._opening = recognise(data)
            if self._opening is Opening.UNDECIDED:
                return
            if self._opening is not Opening.HTTP1:
                self._turn_away(self._opening)
                return
        try:
            found = head.feed(data)
        except RequestError as error:
            self._refuse(error)
            return
        if found is None:
            return
        request, rest = found
        try:
            response, headers = upgrade(request, enabled=self._enabled)
        except RequestError as error:
            self._refuse(error)
            return
        self._open(response, headers, rest, now)

    def _turn_away(self, opening: Opening) -> None:
        if opening in _SILENT:
            self._end(REASONS[opening])
        else:
            self._refuse(RequestError(HTTPStatus.BAD_REQUEST, f"This is not HTTP/1.1. {SPOKEN}"))

    def _open(self, response: bytes, headers: Headers, rest: bytes, now: float) -> None:
        self._head = None
        self._slow.stop()
        self._output.write(response)
        limits = self._limits if self._most is None else replace(self._limits, max_message=self._most(headers))
        tunnel = self._tunnel = Tunnel(self._output, limits, self.stats, now=now)
        call = tunnel.listener = self._make_call(headers, tunnel)
        if call.gathering:
            self._slow = Timer(limits.request_seconds)
            self._slow.want(now)
        if rest:
            tunnel.receive(rest, now)

    def _refuse(self, error: RequestError) -> None:
        self._output.write(Answer(error.status, error.text, error.headers).serialise())
        self._end(f"answered {error.status.value}: {error.text}")

    def _end(self, why: str) -> None:
        self._head = None
        self._slow.stop()
        self._ended = why
        self._closing = True
        self._output.changed()
