"""One gRPC call, on whatever wire: bytes of a request in, the service asked, its answer out.

A call is the service's `Sink` and the wire's `Listener`. It makes no task for a message: a stream's messages are handed
to their handler as they come, and what the handler sends goes to the wire in the same moment. Only a unary call runs in
a task of its own, since it may wait.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import structlog

from principal.door.http2.codes import ErrorCode
from principal.door.messages import Framer, MessageError, MessageReader, frame
from principal.door.requests import Request, response_headers, trailers, trailers_only
from principal.door.wire import Wire
from principal.outlet import END_GRACE, HIGH_WATER_BYTES
from principal.rpc import OK, CallInfo, Code, Kind, RpcError, Service, Status, StreamCounts, StreamHandler

log = structlog.stdlib.get_logger(__name__)

WORTH_GZIP: Final = 1024
"""Bytes of a message from which compressing an answer is worth its time, where the caller compresses too."""

FREE_FRAGMENTS: Final = 1000
"""Pieces of one message, whatever their size: a proxy may pass on what it reads as it comes."""

MIN_FRAGMENT: Final = 64
"""Bytes that pieces beyond the free ones must have on average. A piece costs us about two microseconds; a message of
one-byte pieces would cost ten thousand times what it is worth."""


_framer: Final = Framer()


class Later(Protocol):
    """Something that was put off."""

    def cancel(self) -> None:
        """Don't do it."""


class Running(Protocol):
    """Something that runs."""

    def cancel(self) -> Any:
        """Stop it."""


class Runtime(Protocol):
    """What a call needs of its event loop."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> Running:
        """Run `work` in a task."""

    def later(self, seconds: float, act: Callable[[], None]) -> Later:
        """Do `act` in `seconds`; 0 is in the next turn of the loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """What a call may ask for."""

    max_message: int
    """Bytes of one message."""
    max_unary: int
    """Bytes of a unary call's request: it comes from somebody who has not been asked who he is."""

    def most(self, kind: Kind | None) -> int:
        """Bytes of one message of a call of that kind."""
        return self.max_unary if kind is Kind.UNARY else self.max_message


class Gathered:
    """What all calls of one kind hold of messages that are not whole, in bytes, and how much that may be."""

    __slots__ = ("held", "most")

    def __init__(self, most: int) -> None:
        self.held = 0
        self.most = most


class Call:
    """One call. `start` begins it; everything after comes from the wire or the service."""

    __slots__ = (
        "_deadline", "_fragments", "_handler", "_headed", "_held", "_info", "_kind", "_limits", "_message", "_over",
        "_pools", "_reader", "_request", "_runtime", "_service", "_status", "_task", "_wire", "messages_in",
        "messages_out",
    )  # fmt: skip

    def __init__(
        self,
        service: Service,
        request: Request,
        wire: Wire,
        info: CallInfo,
        *,
        limits: CallLimits,
        gathered: Mapping[Kind, Gathered],
        runtime: Runtime,
    ) -> None:
        self.messages_in = 0
        self.messages_out = 0
        self._service = service
        self._request = request
        self._wire = wire
        self._info = info
        self._limits = limits
        self._pools = gathered
        self._held = 0
        """This call's share of what its kind has gathered."""
        self._runtime = runtime
        self._handler: StreamHandler | None = None
        self._headed = False
        """Our headers are sent."""
        self._message: bytes | None = None
        """The request of a unary call."""
        self._reader: MessageReader | None = None
        self._fragments = 0
        """Pieces since the last whole message."""
        self._kind: Kind | None = None
        self._task: Running | None = None
        self._deadline: Later | None = None
        self._status: Status | None = None
        """How the call was ended from this side, once it was."""
        self._over = False
        """The service knows that the call is over."""

    def start(self) -> None:
        """Begin: a stream is opened and its headers are sent, a unary call waits for its request."""
        request = self._request
        if request.timeout is not None:
            self._deadline = self._runtime.later(request.timeout, self._too_late)
        kind = self._kind = self._service.kind(request.method)
        if kind is None:
            self._refuse(Status(Code.UNIMPLEMENTED, f"unknown method {request.method[:128]}"))
            return
        self._reader = MessageReader(max_message=self._limits.most(kind), encoding=request.encoding)
        if kind is Kind.STREAM:
            self._open()

    def on_data(self, data: bytes) -> None:
        """Bytes of the request."""
        reader = self._reader
        if reader is None:
            return  # the call has ended
        try:
            messages = reader.feed(data)
        except MessageError as error:
            self._take(error.before)
            self._refuse(error.status)
            return
        if self._held or not messages:
            self._gather(reader.pending)
        if messages:
            self._fragments = 0
            self._take(messages)
        elif data:
            self._fragments += 1
            if self._fragments > FREE_FRAGMENTS and reader.pending < (self._fragments - FREE_FRAGMENTS) * MIN_FRAGMENT:
                why = f"{reader.pending} bytes of a message in {self._fragments} pieces"
                self._wire.reset(ErrorCode.ENHANCE_YOUR_CALM, why)
                self.on_reset(why)

    def _gather(self, pending: int) -> None:
        """Count what is held of a message that is not whole; the call that makes it too much is refused."""
        if pending == self._held or self._kind is None:
            return
        gathered = self._pools[self._kind]
        gathered.held += pending - self._held
        self._held = pending
        if pending and gathered.held > gathered.most:
            why = f"messages that are not whole hold {gathered.most} bytes here: try again later"
            self._refuse(Status(Code.RESOURCE_EXHAUSTED, why))

    def on_half_closed(self) -> None:
        """The request is complete."""
        reader = self._reader
        if reader is None:
            return  # the call has ended
        try:
            reader.finish()
        except MessageError as error:
            self._refuse(error.status)
            return
        if self._handler is not None:
            self._guarded(self._handler.on_half_closed)
        elif self._message is None:
            self._refuse(Status(Code.UNIMPLEMENTED, "the request of a unary call holds no message"))
        elif self._task is None:
            self._task = self._runtime.spawn(self._answer(self._message))

    @property
    def gathering(self) -> bool:
        """Whether it is a unary call whose request is not complete."""
        return self._handler is None and self._task is None and self._status is None and not self._over

    def too_slow(self, seconds: float) -> None:
        """The request was not complete within `seconds`."""
        self._refuse(Status(Code.DEADLINE_EXCEEDED, f"the request was not complete after {seconds:g} s"))

    def on_reset(self, why: str) -> None:
        """The wire is gone."""
        if self._task is not None:
            self._task.cancel()
        self._finish(why)

    def on_writable(self) -> None:
        """The wire takes more again."""
        self._wire.release()
        if self._handler is not None and not self._over:
            self._guarded(self._handler.on_writable)

    def send(self, message: bytes) -> None:
        """Send a message; one after the end is dropped."""
        if self._status is not None or self._over:
            return
        wire = self._wire
        if not self._headed:
            self._head()
        self.messages_out += 1
        if self._request.answer_encoding == "gzip" and len(message) >= WORTH_GZIP:
            wire.send_message(frame(message, gzip=True))
        else:
            wire.send_message(_framer.framed(message))
        if wire.unsent() >= HIGH_WATER_BYTES:
            # Every message may be answered by another: who takes none is not listened to.
            wire.hold()

    def writable(self) -> bool:
        """Whether the service may send more of what can wait."""
        return self._wire.unsent() < HIGH_WATER_BYTES

    def end(self, status: Status) -> None:
        """End the stream after what is queued, or after END_GRACE without it."""
        if self._status is not None or self._over:
            return
        self._say(status)
        # Not at once: whoever ends a stream is told last that it is closed.
        self._runtime.later(END_GRACE if self._wire.unsent() else 0.0, self._give_up)

    def counts(self) -> StreamCounts:
        """What has passed over the call so far."""
        carried = self._wire.carried()
        return StreamCounts(
            messages_received=self.messages_in,
            messages_sent=self.messages_out,
            unsent=self._wire.unsent(),
            bytes_received=carried.bytes_in,
            bytes_sent=carried.bytes_out,
            frames_received=carried.frames_in,
            frames_sent=carried.frames_out,
        )

    def _open(self) -> None:
        try:
            self._handler = self._service.open_stream(self._request.method, self._info, self)
        except RpcError as error:
            self._refuse(error.status)
            return
        except Exception:
            # The boundary of a call: what a defect does to one must not take the connection's others with it.
            log.exception("a stream could not be opened", method=self._request.method)
            self._refuse(Status(Code.INTERNAL, "internal error"))
            return
        # A stream lives for weeks: what it was opened with is not kept for so long.
        self._request = replace(self._request, metadata=())
        self._info = CallInfo((), self._info.connection)
        if self._over:
            self._closed("the stream was cancelled")
        elif not self._headed and self._status is None:
            # At once: a proxy's request time-out runs until the first response header (spec envoy §2, I').
            self._head()

    def _head(self) -> None:
        self._headed = True
        self._wire.send_headers(response_headers(encoding=self._request.answer_encoding))

    def _say(self, status: Status) -> None:
        """Put the end on the wire. What still comes is for nobody."""
        self._status = status
        self._reader = None
        self._gather(0)
        self._wire.send_trailers(trailers(status) if self._headed else trailers_only(status))

    def _take(self, messages: list[bytes]) -> None:
        self.messages_in += len(messages)
        handler = self._handler
        if handler is None:
            for message in messages:
                if self._message is not None:
                    # UNIMPLEMENTED is the code for a wrong number of requests (grpc/doc/statuscodes.md).
                    self._refuse(Status(Code.UNIMPLEMENTED, "the request of a unary call holds more than one message"))
                    return
                self._message = message
            return
        try:
            for message in messages:
                handler.on_message(message)
        except Exception as error:  # noqa: BLE001 - the boundary of a call, as above
            self._failed(error)

    async def _answer(self, message: bytes) -> None:
        """Ask the service: a unary call's task."""
        try:
            answer = await self._service.unary(self._request.method, message, self._info)
        except RpcError as error:
            self._refuse(error.status)
            return
        except Exception:
            # The boundary of a task: nobody waits for it.
            log.exception("a call failed", method=self._request.method)
            self._refuse(Status(Code.INTERNAL, "internal error"))
            return
        if self._status is None and not self._over:
            self.send(answer)
            self._say(OK)
            self._finish("answered")

    def _refuse(self, status: Status) -> None:
        """End the call with a status, whatever it has come to."""
        if self._status is not None or self._over:
            return
        if self._handler is not None:
            self.end(status)
            return
        self._say(status)
        self._finish("refused")

    def _too_late(self) -> None:
        self._deadline = None
        if self._task is not None:
            self._task.cancel()
        self._refuse(Status(Code.DEADLINE_EXCEEDED, "deadline exceeded"))

    def _give_up(self) -> None:
        """The peer was told, or takes nothing any more: what it has not been sent is dropped."""
        if self._wire.unsent():
            self._wire.reset(ErrorCode.CANCEL, f"the rest was not taken within {END_GRACE:.0f} s")
        self._finish("the stream was ended")

    def _guarded(self, tell: Callable[[], None]) -> None:
        try:
            tell()
        except Exception as error:  # noqa: BLE001 - the boundary of a call, as above
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        log.error("a stream's handler failed", method=self._request.method, exc_info=error)
        self._refuse(Status(Code.INTERNAL, "internal error"))

    def _finish(self, why: str) -> None:
        """Nothing more will happen: the handler is told, once."""
        if self._over:
            return
        self._over = True
        self._reader = None
        self._gather(0)
        if self._deadline is not None:
            self._deadline.cancel()
        if self._handler is not None:
            self._closed(why)

    def _closed(self, why: str) -> None:
        # Parted from: handler and call know each other, and in a circle would stay until the garbage collector looks.
        handler, self._handler = self._handler, None
        try:
            if handler is not None:
                handler.on_closed(why)
        except Exception:
            # The boundary of a call, as above: when a connection is lost, its other calls have to be told too.
            log.exception("a stream's handler failed as it was closed", method=self._request.method)
