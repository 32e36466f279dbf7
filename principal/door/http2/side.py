"""HTTP/2's side of a connection: its events become calls, and what they do becomes its frames."""

from collections.abc import Callable
from typing import Final

from principal.door.http2.codes import ErrorCode
from principal.door.http2.connection import Connection
from principal.door.http2.deadlines import NOW
from principal.door.http2.events import (
    DataReceived,
    Event,
    HalfClosed,
    OversizedRequest,
    RequestReceived,
    StreamOver,
    Writable,
)
from principal.door.http2.limits import HALF_OPEN, REQUEST_SECONDS, YOUNG_SECONDS
from principal.door.http2.stream import Stream
from principal.door.http2.wire import StreamWire
from principal.door.serving import DEAF, Resets, Serving
from principal.rpc import ConnectionStats

REFUSED: Final = "this identity opens and resets streams too fast"


class Http2Side:
    """One HTTP/2 connection and its calls."""

    def __init__(
        self,
        serving: Serving,
        resets: Resets,
        *,
        clock: Callable[[], float],
        wake: Callable[[], None],
        ping_min_interval: float,
    ) -> None:
        self._serving = serving
        self._resets = resets
        self._clock = clock
        self._connection = Connection(clock(), ping_min_interval=ping_min_interval, wake=wake)
        self._half_open: dict[int, Stream] = {}
        """Streams of unary calls whose requests are not complete, the oldest first; some that were refused, too."""

    @property
    def closing(self) -> bool:
        """Whether the connection is to be closed after its output."""
        return self._connection.closing

    @property
    def aborted(self) -> bool:
        """Whether to close it at once: for what the peer did, and it would not read why."""
        return self._connection.broken and self._connection.outgoing.blocked

    @property
    def paused(self) -> bool:
        """Never: streams have windows of their own."""
        return False

    @property
    def calls(self) -> int:
        """Streams that are open."""
        return len(self._connection.streams)

    @property
    def fault(self) -> str:
        """What the peer did that the connection was ended for; empty where it was not."""
        return self._connection.evidence.fault

    def stats(self) -> ConnectionStats:
        """What is counted of it."""
        evidence, pings = self._connection.evidence, self._connection.pings
        return ConnectionStats(
            pings_sent=pings.sent,
            pings_received=pings.received,
            ping_gap=pings.last_gap,
            ping_rtt=pings.rtt,
            bytes_received=evidence.bytes_in,
            bytes_sent=evidence.bytes_out,
            frames_received=evidence.frames(),
            streams=self.calls,
            resets_received=evidence.resets_received,
            resets_sent=evidence.resets_sent,
            last_reset=evidence.reset_words(),
            goaway=evidence.last_words() or None,
        )

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes from the peer."""
        self._handle(self._connection.receive(data, now), now)

    def output(self) -> bytes:
        """Bytes to write now."""
        pieces = self._connection.take_output()
        if not pieces:
            return b""
        output = b"".join(pieces)
        self._connection.evidence.bytes_out += len(output)
        return output

    def clogged(self) -> None:
        """The transport takes no more."""
        self._connection.block_transport()

    def unclogged(self) -> None:
        """It takes more again."""
        self._handle(self._connection.unblock_transport(), self._clock())

    def lost(self, why: str, now: float) -> None:
        """The connection is gone."""
        words = self._connection.evidence.last_words()
        self._handle(self._connection.lost(f"{why} ({words})" if words else why), now)
        self._connection.outgoing.lost()

    def drain(self, now: float, why: str) -> None:
        """Take no new calls, in two steps (RFC 9113 §6.8)."""
        self._connection.drain(now, why)

    def next_timer(self) -> float | None:
        """When `on_timer` is due."""
        return NOW if self._half_open else self._connection.next_timer()

    def on_timer(self, now: float) -> None:
        """Do what is due."""
        self._handle(self._connection.on_timer(now), now)
        if self._half_open:
            self._end_slow(now)

    def settle(self) -> None:
        """Tell calls what has happened outside of `receive`."""
        events = self._connection.take_events()
        if events:
            self._handle(events, self._clock())

    def _handle(self, events: list[Event], now: float) -> None:
        while events:
            for event in events:
                if type(event) is DataReceived:  # most of all events, by far
                    call = event.stream.call
                    if call is not None:
                        if event.data:
                            call.on_data(event.data)
                        if event.ended:
                            self._half_open.pop(event.stream.id, None)
                            call.on_half_closed()
                else:
                    self._rare(event, now)
            # A call may have ended the connection, and with it other calls.
            events = self._connection.take_events()

    def _rare(self, event: Event, now: float) -> None:
        stream = event.stream
        match event:
            case RequestReceived():
                self._open(event, now)
            case OversizedRequest():
                stream.call = DEAF
                wire = StreamWire(self._connection, stream, self._clock)
                self._serving.too_large(wire, event.why)
            case StreamOver():
                self._half_open.pop(stream.id, None)
                if not self._connection.closing and now - stream.opened < YOUNG_SECONDS:
                    # Reset by the peer, or for what it did: the same to us.
                    self._resets.note(stream.owner, now)
                self._tell_over(stream, event.why)
            case HalfClosed() if stream.call is not None:
                self._half_open.pop(stream.id, None)
                stream.call.on_half_closed()
            case Writable() if stream.call is not None:
                stream.call.on_writable()
            case _:
                pass

    def _open(self, event: RequestReceived, now: float) -> None:
        stream = event.stream
        stream.owner = self._resets.owner(event.headers, self._serving.info.id)
        if self._connection.streams.get(stream.id) is not stream:
            return  # reset in the same breath: nothing is begun for it
        if self._resets.refused(stream.owner, now):
            self._connection.refuse(stream, REFUSED, now)
            return
        call = self._serving.open(event.headers, StreamWire(self._connection, stream, self._clock))
        if self._connection.streams.get(stream.id) is not stream:
            return  # answered at once
        stream.call = call
        if event.ended:
            call.on_half_closed()
        elif call.gathering:
            self._half_open[stream.id] = stream
            if len(self._half_open) > HALF_OPEN:
                self._end_oldest()

    def _end_oldest(self) -> None:
        """Make room for a younger unary call: an honest one is never long among them."""
        stream = self._half_open.pop(next(iter(self._half_open)))
        why = f"{HALF_OPEN} younger unary calls wait for their requests"
        self._connection.reset(stream, ErrorCode.REFUSED_STREAM, why)
        self._tell_over(stream, why)

    def _tell_over(self, stream: Stream, why: str) -> None:
        """Tell a stream's call that it is over. Then the two part: see Outgoing.headers."""
        call, stream.call = stream.call, None
        if call is not None:
            call.on_reset(why)

    def _end_slow(self, now: float) -> None:
        """End unary calls whose requests take too long."""
        for stream in list(self._half_open.values()):
            call = stream.call
            if call is not None and call.gathering:
                if now - stream.opened < REQUEST_SECONDS:
                    break  # the others are younger
                call.too_slow(REQUEST_SECONDS)
            del self._half_open[stream.id]
