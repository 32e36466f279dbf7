"""One open WebSocket: the wire of its one call."""

from websockets.frames import BINARY, CLOSE, PONG, Close, CloseCode, Frame

from principal.buckets import Bucket, Rate
from principal.door.websocket.blocks import Content, FrameError, content_of, metadata_frame, with_status
from principal.door.websocket.limits import MAX_MESSAGE_BYTES, MAX_REASON_BYTES, Limits
from principal.door.websocket.messages import Closed, MessageReader, PeerError, Ping, Pong, Received, TooLongError
from principal.door.websocket.output import Output
from principal.door.websocket.timers import Stats, Timer
from principal.door.wire import Carried, Headers, Listener
from principal.rpc import Code


class Tunnel:
    """A wire (principal.door.wire.Wire) over WebSocket messages.

    Its listener hears of its end exactly once: when it breaks, or when the end of the answer has left it.
    It is `done` when its connection may be closed, and `aborted` when that should not wait for what is unread.
    """

    def __init__(self, output: Output, limits: Limits, stats: Stats, *, now: float) -> None:
        self.listener: Listener | None = None
        """The call; set once it exists."""
        self.done = False
        self.aborted = False
        self.paused = False
        self.ended = ""
        """Why it ended, once it has."""
        self._output = output
        self._limits = limits
        self._stats = stats
        self._now = now
        self._reader = MessageReader(limits)
        self._pings = Bucket(Rate(limits.free_pings, 1 / limits.ping_seconds), now)
        self._slow = Timer(limits.message_seconds)
        self._unread = Timer(limits.unread_seconds)
        self._closing = Timer(limits.close_seconds)
        self._begun = False
        self._over = False
        self._half_closed = False
        self._reading = False

    @property
    def over(self) -> bool:
        """Whether nothing more is sent, except for what waits."""
        return self._over

    # What the call does: principal.door.wire.Wire.

    def send_headers(self, headers: Headers) -> None:
        """Send the response's headers."""
        if not self._over:
            self._begun = True
            self._put(metadata_frame(headers))

    def send_message(self, framed: bytes) -> None:
        """Send one gRPC message with its prefix; the call fails if that is more than its client reads."""
        if self._over:
            return
        if len(framed) > MAX_MESSAGE_BYTES:
            why = f"a message of {len(framed)} bytes is longer than a WebSocket carries: {MAX_MESSAGE_BYTES} bytes"
            self._end(CloseCode.MESSAGE_TOO_BIG, why, tell=Code.RESOURCE_EXHAUSTED)
            # The call is in the midst of sending: it hears of its end once that has left.
            return
        self._stats.messages_out += 1
        self._put(framed)

    def send_trailers(self, headers: Headers) -> None:
        """End the answer, and the tunnel with it."""
        if not self._over:
            self._put(metadata_frame(headers if self._begun else with_status(headers)))
            self._end(CloseCode.NORMAL_CLOSURE, "")

    def reset(self, code: int, why: str) -> None:
        """Abandon the call: a close frame says why; `code` is HTTP/2's and has no place in it."""
        del code
        if not self._over:
            self._end(CloseCode.INTERNAL_ERROR, why)
        elif self._output.size and not self.done:
            # Its end has been queued and is not taken: nothing more can be said.
            self.ended = why
            self._cut()

    def unsent(self) -> int:
        """Bytes that the edge has not taken, since the transport does not."""
        return self._output.size

    def carried(self) -> Carried:
        """What has passed so far: of a tunnel, all that its connection carries."""
        stats = self._stats
        return Carried(stats.bytes_in, stats.frames_in, stats.bytes_out, stats.messages_out)

    def hold(self) -> None:
        """Read no further message; the edge pauses its transport."""
        if not self.paused and not self._over:
            self.paused = True
            self._slow.stop()
            self._output.changed()

    def release(self) -> None:
        """Read on, beginning with what has already arrived."""
        if self.paused:
            self.paused = False
            self._read()
            self._output.changed()

    # What the connection does.

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes of the client."""
        self._now = now
        if not self.done:
            self._reader.feed(data)
            self._read(now)

    def eof(self, now: float) -> None:
        """The client's side of the connection is closed."""
        self._now = now
        self._lose("the connection ended without a close frame")
        self._reset(self.ended)
        self._finish()

    def taken(self) -> None:
        """The edge has taken all output."""
        self._unread.stop()
        if self._over:
            self._closing.want()
            self._reset(self.ended)

    def too_slow(self, seconds: float) -> None:
        """The request of a unary call has had its `seconds`."""
        if self.listener is not None and self.listener.gathering and not self._over:
            self.listener.too_slow(seconds)

    def next_timer(self) -> float | None:
        """When `on_timer` is due; a moment that has passed means at once."""
        if self.done:
            return None
        if self._waits():
            return self._now
        timers = (self._slow, self._unread, self._closing)
        if any(timer.wanted for timer in timers):
            return self._now
        return min((timer.due for timer in timers if timer.due is not None), default=None)

    def on_timer(self, now: float) -> None:
        """Do what is due at `now`."""
        self._now = now
        if self.done:
            return
        if self._waits():
            self._unread.want()
        if self._unread.expired(now):
            self._lose(f"the peer has read nothing for {self._limits.unread_seconds:g} s")
            self._cut()
        elif self._closing.expired(now):
            self._cut()
        elif self._slow.expired(now):
            seconds = self._limits.message_seconds
            self._fail(CloseCode.POLICY_VIOLATION, f"a message has not been complete after {seconds:g} s")

    # Reading.

    def _read(self, now: float | None = None) -> None:
        """Read messages until no more are whole, or the call holds; `now` where it is known."""
        if self._reading:
            return  # the loop below goes on when the call that it is in returns
        self._reading = True
        try:
            while not (self.paused or self.done):
                received = self._reader.next()
                if received is None:
                    break
                self._take(received)
        except TooLongError as error:
            self._fail(error.code, str(error), tell=Code.RESOURCE_EXHAUSTED)
        except PeerError as error:
            self._fail(error.code, str(error))
        finally:
            self._reading = False
        self._stats.frames_in = self._reader.frames
        if self._reader.partial and not (self.paused or self._over):
            self._slow.want(now)

    def _take(self, received: Received) -> None:
        if isinstance(received, Closed):
            self._closed(received)
        elif isinstance(received, Ping | Pong):
            self._control(received)
        else:
            self._slow.stop()
            if not self._over:
                self._message(received)

    def _message(self, message: bytes) -> None:
        if self._half_closed:
            raise PeerError(CloseCode.POLICY_VIOLATION, "a message after the end of the client's messages")
        try:
            content = content_of(message)
        except FrameError as error:
            raise PeerError(CloseCode.INTERNAL_ERROR, str(error)) from error
        if content is Content.END:
            self._half_closed = True
            if self.listener is not None:
                self.listener.on_half_closed()
            return
        self._stats.messages_in += 1
        if self.listener is not None:
            self.listener.on_data(message)

    def _control(self, received: Ping | Pong) -> None:
        self._stats.pings_in += 1
        if self._pings.take(self._now):
            raise PeerError(
                CloseCode.POLICY_VIOLATION, f"more than one ping in {self._limits.ping_seconds:g} s, for long"
            )
        if isinstance(received, Ping) and not self._over:
            self._write(Frame(PONG, received.data))

    def _closed(self, closed: Closed) -> None:
        if not self._over:
            self._write(Frame(CLOSE, closed.data))
            self._lose(f"the peer closed its WebSocket: {closed.close}")
        self._finish()

    # Ending.

    def _fail(self, code: CloseCode, why: str, *, tell: Code | None = None) -> None:
        """End a tunnel whose peer broke a rule, and its call. The peer is not waited for (RFC 6455 §7.1.7)."""
        if not self._over:
            self._end(code, why, tell=tell)
        self._finish()
        self._reset(why)

    def _end(self, code: CloseCode, why: str, *, tell: Code | None = None) -> None:
        """Send the close frame; with `tell`, before it trailers that say more than a broken connection would."""
        if tell is not None:
            trailers = [("grpc-status", str(int(tell))), ("grpc-message", why)]
            self._put(metadata_frame(trailers if self._begun else [("content-type", "application/grpc"), *trailers]))
        reason = why.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
        self._write(Frame(CLOSE, Close(code, reason).serialize()))
        self.ended = self.ended or why or "the call is complete"
        self._over = True
        self.paused = False
        self._slow.stop()
        self._output.changed()

    def _lose(self, why: str) -> None:
        """The peer is gone, or said that it goes."""
        if not self._over:
            self._over = True
            self.ended = why
            self._reset(why)

    def _reset(self, why: str) -> None:
        # Told once, and parted from: in a circle with its call a tunnel would stay until the garbage collector looks.
        listener, self.listener = self.listener, None
        if listener is not None:
            listener.on_reset(why)

    def _finish(self) -> None:
        self.done = True
        self.paused = False
        self._reader.stop()
        self._output.changed()

    def _cut(self) -> None:
        """Close without waiting for what the peer has not read."""
        self.aborted = True
        self._output.drop()
        self._finish()
        self._reset(self.ended)

    # Writing.

    def _waits(self) -> bool:
        """Whether output waits that no timer watches yet."""
        return self._output.size > 0 and not self._unread.running

    def _put(self, message: bytes) -> None:
        self._write(Frame(BINARY, message))

    def _write(self, frame: Frame) -> None:
        self._output.write(frame.serialize(mask=False))
