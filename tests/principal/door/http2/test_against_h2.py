"""The connection against `h2`, an implementation of somebody else's: both ends must believe the same.

Once as the peer of an `h2` client that does whatever hypothesis thinks of, bytes cut anywhere and delivered at any
time; once beside an `h2` server that is given the same bytes.
"""

import struct
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
from h2.settings import SettingCodes, Settings
from h2.stream import StreamState
from hypothesis import given, settings
from hypothesis import strategies as st

from principal.door.http2.codes import ErrorCode
from principal.door.http2.connection import Connection
from principal.door.http2.events import DataReceived, Event, HalfClosed, RequestReceived, StreamOver
from principal.door.http2.stream import Stream
from tests.principal.door.http2.client import HEADERS_BLOCK, POST, TRAILERS_BLOCK

NOW = 100.0
REQUEST = (*POST[:3], (":authority", "a"), *POST[3:])
ANSWER = [(b":status", b"200"), (b"content-type", b"application/grpc")]
END = [(b"grpc-status", b"0")]

Names = list[tuple[bytes, bytes]]


PERIOD = bytes(range(256))


def pattern(stream: int, start: int, size: int) -> bytes:
    """Bytes `start` to `start + size` of what one side sends on `stream`."""
    first = (stream + start) % 256
    return (PERIOD * (size // 256 + 2))[first : first + size]


@dataclass
class Heard:
    """What one side has been told of one stream."""

    headers: list[Names] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    ended: bool = False
    reset: int | None = None


def ours(heard: defaultdict[int, Heard], events: list[Event]) -> None:
    """Note the events of our connection."""
    for event in events:
        said = heard[event.stream.id]
        match event:
            case RequestReceived():
                said.headers.append(
                    [(name.encode("latin-1"), value.encode("latin-1")) for name, value in event.headers]
                )
                said.ended = said.ended or event.ended
            case DataReceived():
                said.body += event.data
                said.ended = said.ended or event.ended
            case HalfClosed():
                said.ended = True
            case StreamOver():
                said.reset = event.code
            case _:
                pass


def theirs(heard: defaultdict[int, Heard], events: list[Any]) -> None:
    """Note the events of an `h2` connection."""
    for event in events:
        match event:
            case h2.events.RequestReceived() | h2.events.ResponseReceived() | h2.events.TrailersReceived():
                heard[event.stream_id].headers.append([(bytes(name), bytes(value)) for name, value in event.headers])
            case h2.events.DataReceived():
                heard[event.stream_id].body += event.data
            case h2.events.StreamEnded():
                heard[event.stream_id].ended = True
            case h2.events.StreamReset():
                heard[event.stream_id].reset = int(event.error_code)
            case _:
                pass


class Pair:
    """Our server and an `h2` client, with the bytes that are on their way between them."""

    def __init__(self, largest_frame: int = 16_384) -> None:
        self.server = Connection(NOW)
        self.client = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding=None))
        # Set before the beginning: h2 reads what comes with the ack of a change by the limit from before it.
        self.client.local_settings = Settings(initial_values={SettingCodes.MAX_FRAME_SIZE: largest_frame})
        self.client.max_inbound_frame_size = largest_frame
        self.client.initiate_connection()
        self.up = bytearray()
        self.said = bytearray()
        """All that the server was given."""
        self.down = bytearray()
        self.at_server: defaultdict[int, Heard] = defaultdict(Heard)
        self.at_client: defaultdict[int, Heard] = defaultdict(Heard)
        self.streams: list[int] = []
        self.opened: dict[int, Stream] = {}
        self.up_sent: defaultdict[int, int] = defaultdict(int)
        self.down_sent: defaultdict[int, int] = defaultdict(int)
        self.unacknowledged: defaultdict[int, int] = defaultdict(int)
        self.pings: list[bytes] = []
        self.pongs: list[bytes] = []
        self.goaways = 0

    def gather(self) -> None:
        """Take what both have to send."""
        self.up += self.client.data_to_send()
        self.down += b"".join(self.server.take_output())

    def deliver_up(self, size: int) -> None:
        self.gather()
        piece = bytes(self.up[:size])
        del self.up[:size]
        self.said += piece
        events = self.server.receive(piece, NOW)
        for event in events:
            if isinstance(event, RequestReceived):
                self.opened[event.stream.id] = event.stream
        ours(self.at_server, events)

    def deliver_down(self, size: int) -> None:
        self.gather()
        piece = bytes(self.down[:size])
        del self.down[:size]
        events = self.client.receive_data(piece)
        theirs(self.at_client, events)
        for event in events:
            match event:
                case h2.events.DataReceived():
                    self.unacknowledged[event.stream_id] += event.flow_controlled_length or 0
                case h2.events.PingAckReceived():
                    self.pongs.append(event.ping_data)
                case h2.events.ConnectionTerminated():
                    self.goaways += 1
                case _:
                    pass

    def settle(self) -> None:
        """Deliver everything, until nobody has anything more to say."""
        while True:
            self.gather()
            if not self.up and not self.down:
                return
            self.deliver_up(len(self.up))
            self.deliver_down(len(self.down))

    # What the client does. What h2 will not let it do is not done.

    def may(self, stream: int, *, sending: bool) -> bool:
        """Whether h2 lets its user do something on this stream: what it refuses would break its own state."""
        view = self.client.streams.get(stream)
        if view is None or view.closed:
            return False
        return not sending or view.state_machine.state in (StreamState.OPEN, StreamState.HALF_CLOSED_REMOTE)

    def open(self, end: bool, more: int) -> None:
        stream = self.client.get_next_available_stream_id()
        extra = [(f"x-{number}", "v" * number * 40) for number in range(more)]
        self.client.send_headers(stream, [*REQUEST, *extra], end_stream=end)
        self.streams.append(stream)

    def client_sends(self, stream: int, size: int, end: bool) -> None:
        room = min(size, self.client.local_flow_control_window(stream), self.client.max_outbound_frame_size)
        sent = self.up_sent[stream]
        self.client.send_data(stream, pattern(stream, sent, max(0, room)), end_stream=end)
        self.up_sent[stream] += max(0, room)

    def client_ends(self, stream: int) -> None:
        self.client.send_headers(stream, [("x-trailer", "1")], end_stream=True)

    def client_resets(self, stream: int) -> None:
        self.client.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)

    def client_pings(self, number: int) -> None:
        said = struct.pack(">Q", number)
        self.client.ping(said)
        self.pings.append(said)

    def client_sets(self, window: int) -> None:
        # h2 takes one ack for that of everything it has set: nothing may be on its way before.
        self.settle()
        self.client.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: window})

    def client_takes(self, stream: int) -> None:
        waiting = self.unacknowledged.pop(stream, 0)
        if waiting:
            self.client.acknowledge_received_data(waiting, stream)

    def client_widens(self, stream: int | None, by: int) -> None:
        self.client.increment_flow_control_window(by, stream)

    # What the server does.

    def respond(self, stream: Stream) -> None:
        if not self.down_sent.get(stream.id) and stream.id not in self.answered:
            self.answered.add(stream.id)
            self.server.respond(stream, HEADERS_BLOCK)

    @property
    def answered(self) -> set[int]:
        return self.__dict__.setdefault("_answered", set())

    def server_sends(self, stream: Stream, size: int) -> None:
        if stream.local_ended:
            return
        self.respond(stream)
        sent = self.down_sent[stream.id]
        self.server.send(stream, pattern(stream.id, sent, size))
        self.down_sent[stream.id] += size

    def server_finishes(self, stream: Stream) -> None:
        self.respond(stream)
        self.server.finish(stream, TRAILERS_BLOCK)

    def server_resets(self, stream: Stream) -> None:
        self.server.reset(stream, ErrorCode.CANCEL, "as hypothesis likes")


SIZES = st.sampled_from([0, 1, 5, 1000, 16_384, 16_385, 70_000, 200_000])
WHICH = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(st.just("open"), st.booleans(), st.integers(0, 12)),
    st.tuples(st.just("client_sends"), WHICH, SIZES, st.booleans()),
    st.tuples(st.sampled_from(["client_ends", "client_resets", "client_takes"]), WHICH),
    st.tuples(st.just("client_pings"), st.integers(0, 9)),
    st.tuples(st.just("client_sets"), st.sampled_from([0, 1, 100, 65_535, 200_000])),
    st.tuples(st.just("client_widens"), st.one_of(st.none(), WHICH), st.sampled_from([1, 1000, 100_000])),
    st.tuples(st.just("server_sends"), WHICH, SIZES),
    st.tuples(st.sampled_from(["server_finishes", "server_resets", "hold", "release"]), WHICH),
    st.tuples(st.sampled_from(["deliver_up", "deliver_down"]), st.sampled_from([1, 8, 9, 10, 100, 5000, 1_000_000])),
    st.tuples(st.just("settle")),
)


SCRIPTS = st.lists(STEPS, min_size=5, max_size=50).map(
    lambda steps: [("open", False, 1), ("open", False, 0), ("deliver_up", 1_000_000), *steps]
)


def act(pair: Pair, step: tuple[Any, ...]) -> None:
    """Do one step, as far as there is anything to do it to."""
    name, *arguments = step
    if name.startswith("client_") and name not in ("client_pings", "client_sets"):
        target, *rest = arguments
        stream = None if target is None else (pair.streams[target % len(pair.streams)] if pair.streams else 0)
        if stream == 0:
            return
        if stream is None or pair.may(stream, sending=name in ("client_sends", "client_ends")):
            getattr(pair, name)(stream, *rest)
        return
    if name in ("server_sends", "server_finishes", "server_resets", "hold", "release"):
        if not pair.opened:
            return
        target, *rest = arguments
        chosen = pair.opened[sorted(pair.opened)[target % len(pair.opened)]]
        if name == "hold":
            pair.server.hold(chosen)
        elif name == "release":
            pair.server.release(chosen, NOW)
        else:
            getattr(pair, name)(chosen, *rest)
        return
    getattr(pair, name)(*arguments)


@given(SCRIPTS, st.sampled_from([16_384, 16_385, 100_000]))
@settings(max_examples=300)
def test_an_h2_client_and_the_connection_believe_the_same(steps: list[tuple[Any, ...]], largest_frame: int) -> None:
    pair = Pair(largest_frame)
    for step in steps:
        act(pair, step)
    pair.settle()
    assert not pair.server.closing
    assert pair.pongs == pair.pings
    check_windows(pair)
    for stream in pair.streams:
        check_stream(pair, stream)


def check_windows(pair: Pair) -> None:
    """Of the connection: what may be sent, each way."""
    assert pair.client.outbound_flow_control_window == pair.server.receive_window
    manager = pair.client._inbound_flow_control_window_manager
    assert manager.current_window_size == pair.server.outgoing._window


def check_stream(pair: Pair, stream: int) -> None:
    """What came of one stream at both ends."""
    up, down = pair.at_server[stream], pair.at_client[stream]
    view = pair.client.streams.get(stream)
    server = pair.server.streams.get(stream)
    assert (server is None) == (view is None or view.closed), stream
    assert bytes(up.body) == pattern(stream, 0, len(up.body))
    assert bytes(down.body) == pattern(stream, 0, len(down.body))
    if server is None:
        return
    assert len(up.body) == pair.up_sent[stream]
    assert len(down.body) + server.pending_bytes == pair.down_sent[stream]
    assert view is not None
    assert view.outbound_flow_control_window == server.receive_window or server.remote_ended
    assert view._inbound_window_manager.current_window_size == server.send_window
    assert down.headers[:1] in ([], [ANSWER])
    assert up.headers[0][: len(REQUEST)] == [(name.encode(), value.encode()) for name, value in REQUEST]


@given(SCRIPTS, st.sampled_from([1, 7, 1000, 1_000_000]))
@settings(max_examples=150)
def test_an_h2_server_comes_to_the_same_events(steps: list[tuple[Any, ...]], cut: int) -> None:
    pair = Pair()
    for step in steps:
        act(pair, step)
    pair.settle()
    said = bytes(pair.said)
    server = lenient_server()
    heard: defaultdict[int, Heard] = defaultdict(Heard)
    for at in range(0, len(said), cut):
        theirs(heard, server.receive_data(said[at : at + cut]))
    for stream in pair.streams:
        if pair.server.was_reset(stream):
            continue  # ours has ended it, the other was not told to
        mine, other = pair.at_server[stream], heard[stream]
        assert (mine.headers, mine.body) == (other.headers[:1], other.body)
        assert (mine.ended, mine.reset) == (other.ended, other.reset) or stream in pair.answered


def lenient_server() -> h2.connection.H2Connection:
    """An `h2` server whose windows never matter: it gives back nothing by itself."""
    config = h2.config.H2Configuration(client_side=False, header_encoding=None)
    server = h2.connection.H2Connection(config)
    server.local_settings = Settings(client=False, initial_values={SettingCodes.INITIAL_WINDOW_SIZE: 2**31 - 1})
    server.initiate_connection()
    server.increment_flow_control_window(2**31 - 1 - 65_535)
    return server
