"""A connection between a client, a server, a transport and a clock that all do as they like."""

from collections import defaultdict

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from principal.door.http2 import codes, frames
from principal.door.http2.codes import DEFAULT_FRAME, DEFAULT_WINDOW, MAX_WINDOW, ErrorCode, Setting
from principal.door.http2.ending import DRAIN_SECONDS
from principal.door.http2.events import DataReceived, Event, HalfClosed, OversizedRequest, RequestReceived, StreamOver
from principal.door.http2.limits import ANSWER_BYTES, CONTROL_BYTES, IDLE_SECONDS, STALL_SECONDS
from principal.door.http2.settings import CONNECTION_WINDOW, STREAM_WINDOW
from principal.door.http2.stream import Stream
from tests.principal.door.http2.client import HEADERS_BLOCK, TRAILERS_BLOCK, Client, frame, parse

ANY = st.integers(0, 7)
"""Which of the streams there are, counted round."""

SIZES = st.one_of(st.integers(0, 40), st.sampled_from([16_384, 16_385, 65_535, 65_536, 300_000, 1_100_000]))

PERIOD = bytes(range(251)) * 6000


def body(stream: int, start: int, size: int) -> bytes:
    """Bytes `start` to `start + size` of what a side sends on a stream."""
    first = (stream + start) % 251
    return PERIOD[first : first + size]


class Connections(RuleBasedStateMachine):
    """The model: what each side has said, and how much each may say."""

    def __init__(self) -> None:
        super().__init__()
        self.client = Client()
        self.server = self.client.server
        self.wire = b""
        """What the client has said and the server has not been given."""
        self.slow = False
        """What the client says stays on its way until it is delivered."""
        self.next = 1
        self.opened: dict[int, Stream] = {}
        """Streams that the server has told of."""
        self.over: dict[int, int] = defaultdict(int)
        self.up: dict[int, int] = defaultdict(int)
        """Bytes of body that the client has sent."""
        self.heard_up: dict[int, int] = defaultdict(int)
        self.half_closed: set[int] = set()
        self.responded: set[int] = set()
        self.down: dict[int, int] = defaultdict(int)
        """Bytes of body that the server has been given to send."""
        self.heard_down: dict[int, int] = defaultdict(int)
        self.finished: set[int] = set()
        self.reset_by_us: set[int] = set()
        self.heard_end: set[int] = set()
        self.heard_reset: set[int] = set()
        self.window = DEFAULT_WINDOW
        """What the server may send on the connection; by stream below, over what a new one begins with."""
        self.initial = DEFAULT_WINDOW
        self.windows: dict[int, int] = {}
        self.max_frame = DEFAULT_FRAME
        self.room = CONNECTION_WINDOW
        """What the client may send; 2^31 once it has said something wrong, for then anything may be."""
        self.rooms: dict[int, int] = {}
        self.last_words = False
        self.blocked = False
        self.goaway = MAX_WINDOW
        self.wild = False
        """Nonsense was said, which may be frames that make sense to everybody but this model."""

    # What happens

    def feed(self, data: bytes) -> None:
        self.note(self.server.receive(data, self.client.now))
        self.hear()

    def say(self, data: bytes) -> None:
        self.wire += data
        if not self.slow:
            self.deliver()

    def deliver(self, size: int = 1 << 30) -> None:
        piece, self.wire = self.wire[:size], self.wire[size:]
        self.feed(piece)

    def note(self, events: list[Event]) -> None:
        for event in events:
            stream = event.stream.id
            if isinstance(event, RequestReceived | OversizedRequest):
                assert stream not in self.opened
                self.opened[stream] = event.stream
            else:
                assert stream in self.opened or isinstance(event, StreamOver)
            if isinstance(event, StreamOver):
                self.over[stream] += 1
            elif isinstance(event, DataReceived):
                assert not self.over[stream]
                assert self.wild or event.data == body(stream, self.heard_up[stream], len(event.data))
                self.heard_up[stream] += len(event.data)
            if isinstance(event, HalfClosed) or (isinstance(event, RequestReceived | DataReceived) and event.ended):
                assert self.wild or stream not in self.half_closed
                self.half_closed.add(stream)

    def hear(self) -> None:
        if self.blocked and not self.server.closing:
            return
        for said in parse(b"".join(self.server.take_output())):
            assert not self.last_words, "something is said after the last GOAWAY"
            assert len(said.payload) <= self.max_frame
            if said.stream:
                assert said.stream not in self.heard_reset
                assert said.stream not in self.heard_end or said.kind in (codes.RST_STREAM, codes.WINDOW_UPDATE)
            if said.kind == codes.DATA:
                self.windows[said.stream] -= len(said.payload)
                self.window -= len(said.payload)
                assert self.window >= 0
                assert self.windows[said.stream] >= 0, "more than the stream's window"
                assert said.payload == body(said.stream, self.heard_down[said.stream], len(said.payload))
                self.heard_down[said.stream] += len(said.payload)
            elif said.kind == codes.WINDOW_UPDATE and not said.stream:
                self.room += frames.read_long(said.payload)
            elif said.kind == codes.WINDOW_UPDATE:
                self.rooms[said.stream] += frames.read_long(said.payload)
                assert self.wild or self.rooms[said.stream] <= MAX_WINDOW
            elif said.kind == codes.RST_STREAM:
                self.heard_reset.add(said.stream)
            elif said.kind == codes.GOAWAY:
                last = frames.read_long(said.payload)
                assert last <= self.goaway
                self.goaway = last
                self.last_words = frames.read_long(said.payload[4:]) != ErrorCode.NO_ERROR
            if said.flags & codes.END_STREAM and said.kind == codes.HEADERS:
                self.heard_end.add(said.stream)
        if self.server.closing:
            self.last_words = True

    def some(self, number: int) -> int:
        """One of the streams that the client has opened."""
        return 2 * (number % (self.next // 2)) + 1

    def live(self, number: int) -> Stream | None:
        """One of those that the server may answer."""
        streams = list(self.opened.values())
        return streams[number % len(streams)] if streams else None

    # The client

    @initialize()
    def greet(self) -> None:
        self.feed(codes.PREFACE + frames.settings([]))
        # What the server has said by SETTINGS.
        self.room = CONNECTION_WINDOW
        for number in range(3):
            self.opens(end=False, priority=False, split=False)
            self.responds(number)

    @rule(slow=st.booleans())
    def dawdles(self, slow: bool) -> None:
        self.slow = slow

    @rule(end=st.booleans(), priority=st.booleans(), split=st.booleans())
    def opens(self, end: bool, priority: bool, split: bool) -> None:
        stream, self.next = self.next, self.next + 2
        self.windows[stream], self.rooms[stream] = self.initial, STREAM_WINDOW
        block = self.client.block()
        flags = codes.END_STREAM if end else 0
        if priority:
            flags, block = flags | codes.PRIORITISED, bytes(5) + block
        if split:
            self.say(frame(codes.HEADERS, flags, stream, block[:7]))
            self.say(frame(codes.CONTINUATION, codes.END_HEADERS, stream, block[7:]))
        else:
            self.say(frame(codes.HEADERS, flags | codes.END_HEADERS, stream, block))

    @rule(number=ANY, size=st.one_of(st.integers(0, 40), st.just(DEFAULT_FRAME)), pad=st.integers(0, 9), end=ANY)
    def sends(self, number: int, size: int, pad: int, end: int) -> None:
        stream, flags = self.some(number), codes.END_STREAM if not end else 0
        data = body(stream, self.up[stream], min(size, DEFAULT_FRAME - pad - 1))
        payload = bytes([pad]) + data + bytes(pad) if pad else data
        self.up[stream] += len(data)
        self.say(frame(codes.DATA, flags | (codes.PADDED if pad else 0), stream, payload))

    @rule(number=ANY, times=st.integers(1, 18))
    def sends_much(self, number: int, times: int) -> None:
        for _ in range(times):
            self.sends(number, DEFAULT_FRAME, 0, 1)

    @rule(number=ANY)
    def ends_with_trailers(self, number: int) -> None:
        block = self.client.block((("x", "y"),))
        self.say(frame(codes.HEADERS, codes.END_HEADERS | codes.END_STREAM, self.some(number), block))

    @rule(number=ANY, code=st.sampled_from([0, 8, 0xBEEF]))
    def resets(self, number: int, code: int) -> None:
        self.say(frames.rst_stream(self.some(number), code))

    @rule(number=ANY, increment=st.sampled_from([1, 100, 70_000, 3_000_000]))
    def widens(self, number: int, increment: int) -> None:
        stream = self.some(number) if number else 0
        if stream:
            self.windows[stream] = self.windows.get(stream, 0) + increment
        else:
            self.window += increment
        self.say(frames.window_update(stream, increment))

    @rule(window=st.sampled_from([0, 1, 100, DEFAULT_WINDOW, 1_000_000]), size=st.sampled_from([16_384, 100_000]))
    def sets(self, window: int, size: int) -> None:
        # What is on its way either way is delivered first: the model knows no old windows.
        self.deliver()
        blocked, self.blocked = self.blocked, False
        self.hear()
        self.max_frame = max(size, self.max_frame)
        more = window - self.initial
        self.widen_all(max(more, 0))
        self.feed(frames.settings([(Setting.MAX_FRAME_SIZE, size), (Setting.INITIAL_WINDOW_SIZE, window)]))
        self.hear()
        self.blocked = blocked
        self.max_frame = size if not self.server.closing else self.max_frame
        self.widen_all(min(more, 0))
        self.initial = window

    def widen_all(self, by: int) -> None:
        for stream in self.windows:
            self.windows[stream] += by

    @rule(ack=st.booleans())
    def pings(self, ack: bool) -> None:
        self.say(frames.ping(b"12345678", ack=ack))

    @rule(kind=st.integers(10, 255), flags=st.integers(0, 255), number=ANY, payload=st.binary(max_size=12))
    def says_what_nobody_knows(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        self.say(frame(kind, flags, self.some(number) if number else 0, payload))

    @rule(number=ANY, payload=st.one_of(st.just(bytes(5)), st.binary(max_size=6)))
    def prioritises(self, number: int, payload: bytes) -> None:
        self.say(frame(codes.PRIORITY, 0, self.some(number), payload))

    @precondition(lambda self: self.client.now > 200)
    @rule(
        data=st.one_of(
            st.binary(min_size=1, max_size=30),
            st.builds(frame, st.integers(0, 10), st.integers(0, 255), st.integers(0, 20), st.binary(max_size=20)),
        )
    )
    def talks_nonsense(self, data: bytes) -> None:
        self.deliver()
        self.wild = True
        for stream in range(1, 1000, 2):
            self.windows[stream] = self.rooms[stream] = MAX_WINDOW
        self.window = MAX_WINDOW
        self.max_frame = codes.MAX_FRAME
        self.feed(data + frame(codes.PUSH_PROMISE, 0, 1))
        # Either that was its end, or it waits for the rest of a frame that will never come.
        self.note(self.server.receive(bytes(DEFAULT_FRAME + 9), self.client.now))
        self.note(self.server.lost("end"))
        self.last_words = True

    @precondition(lambda self: self.slow)
    @rule(size=st.one_of(st.integers(1, 30), st.just(1 << 30)))
    def delivers_some(self, size: int) -> None:
        self.deliver(size)

    # The server

    @rule(number=ANY)
    def responds(self, number: int) -> None:
        stream = self.live(number)
        if stream is not None and stream.id not in self.responded:
            self.responded.add(stream.id)
            self.server.respond(stream, HEADERS_BLOCK)
            self.hear()

    @rule(number=ANY, size=SIZES)
    def answers(self, number: int, size: int) -> None:
        stream = self.live(number)
        if stream is not None and stream.id in self.responded - self.finished:
            data = body(stream.id, self.down[stream.id], size)
            if not stream.local_ended:
                self.down[stream.id] += size
            self.server.send(stream, data)
            self.hear()

    @rule(number=ANY)
    def finishes(self, number: int) -> None:
        stream = self.live(number)
        if stream is not None:
            if not stream.local_ended:
                self.finished.add(stream.id)
            self.server.finish(stream, TRAILERS_BLOCK)
            self.hear()

    @rule(number=ANY)
    def gives_up(self, number: int) -> None:
        stream = self.live(number)
        if stream is not None:
            if stream.id in self.server.streams:
                self.reset_by_us.add(stream.id)
            self.server.reset(stream, ErrorCode.CANCEL, "test")
            self.hear()

    @rule(number=ANY, hold=st.booleans())
    def holds(self, number: int, hold: bool) -> None:
        stream = self.live(number)
        if stream is not None:
            if hold:
                self.server.hold(stream)
            else:
                self.server.release(stream, self.client.now)
            self.hear()

    @rule()
    def asks(self) -> None:
        if not self.server.closing:
            self.server.ping(self.client.now)
            self.hear()

    @precondition(lambda self: self.client.now > 130)
    @rule()
    def drains(self) -> None:
        self.server.drain(self.client.now, "closing time")
        self.hear()

    # The transport and the clock

    @rule()
    def blocks(self) -> None:
        self.hear()
        self.blocked = True
        self.server.block_transport()

    @rule()
    def unblocks(self) -> None:
        self.blocked = False
        self.note(self.server.unblock_transport())
        self.hear()

    @rule(seconds=st.sampled_from([0.01, 1.0, 1.0, 5.0, STALL_SECONDS]))
    def time_passes(self, seconds: float) -> None:
        self.client.now += seconds
        due = self.server.next_timer()
        if due is not None and due <= self.client.now:
            self.note(self.server.on_timer(self.client.now))
            self.hear()

    # What is always so

    @invariant()
    def windows_are_never_negative(self) -> None:
        assert self.server.outgoing._window >= 0
        if not self.server.closing:
            assert self.server.receive_window >= 0
            for stream in self.server.streams.values():
                assert stream.receive_window >= 0

    @invariant()
    def nothing_is_heard_that_was_not_said_and_nothing_lost(self) -> None:
        assert all(heard <= self.up[stream] for stream, heard in self.heard_up.items())
        assert all(heard <= self.down[stream] for stream, heard in self.heard_down.items())
        for stream in self.heard_end:
            assert stream in self.finished
            assert self.heard_down[stream] == self.down[stream]

    @invariant()
    def a_stream_is_over_once(self) -> None:
        assert all(count <= 1 for count in self.over.values())
        for number, stream in self.opened.items():
            if number not in self.server.streams:
                ends = self.over[number] + (number in self.finished) + (number in self.reset_by_us)
                assert ends >= 1, "a stream went without a word"
                assert stream.pending is None
            else:
                assert not self.over[number]

    @invariant()
    def what_waits_is_counted_and_is_a_streams_that_lives(self) -> None:
        outgoing = self.server.outgoing
        for stream in self.server.streams.values():
            assert stream.pending_bytes == sum(map(len, stream.pending or ()))
        assert all(self.server.streams.get(number) is stream for number, stream in outgoing.waiting.items())
        assert set(outgoing._ready) <= set(outgoing.waiting)
        waiting = [data for data in outgoing.frames if data]
        assert sum(map(len, waiting)) <= CONTROL_BYTES + ANSWER_BYTES + sum(self.down.values())

    @invariant()
    def nothing_waits_that_could_go(self) -> None:
        outgoing = self.server.outgoing
        if not self.server.closing and not self.blocked and outgoing._window > 0:
            assert not any(stream.pending and stream.send_window > 0 for stream in self.server.streams.values())

    @invariant()
    def timers_are_sane(self) -> None:
        due = self.server.next_timer()
        assert due is None or due <= self.client.now + max(DRAIN_SECONDS, IDLE_SECONDS)
        if self.server.closing:
            assert due is None

    def teardown(self) -> None:
        self.note(self.server.lost("gone"))
        assert self.server.streams == {}
        self.a_stream_is_over_once()
        assert self.server.receive(b"more", self.client.now) == []


TestConnections = Connections.TestCase
TestConnections.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
