"""A tunnel between a client, a call, an edge and a clock that all do as they like."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from websockets.frames import BINARY, CLOSE, CONT, PING, Close, Frame

from principal.door.websocket.limits import CLOSE_SECONDS, UNREAD_SECONDS
from tests.principal.door.websocket.driving import END, Driver, close, fields_of, frame, frames_of, grpc, message

ENDS = ("half closed", None)


class Tunnels(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.driver = Driver().open()
        self.heard: list[Frame] = []
        self.sent: list[bytes] = []
        """What the client has sent whole, in order."""
        self.said: list[bytes] = []
        """What the call has sent."""
        self.fragments: list[bytes] = []
        self.half_closed = False
        self.client_gone = False
        self.ended = False
        """The call has ended its answer."""

    @property
    def answering(self) -> bool:
        """The call has not ended, as far as it knows: while it holds, it does not hear that the client has gone."""
        return not (self.ended or self.driver.call.resets or self.driver.http.closing)

    @property
    def live(self) -> bool:
        return self.answering and not self.client_gone

    def take(self) -> None:
        self.heard += frames_of(self.driver.hear())

    @precondition(lambda self: self.live and not self.half_closed and not self.fragments)
    @rule(payload=st.binary(max_size=40))
    def client_sends(self, payload: bytes) -> None:
        self.sent.append(grpc(payload))
        self.driver.say(message(payload))

    @precondition(lambda self: self.live and not self.half_closed)
    @rule(part=st.binary(min_size=1, max_size=20))
    def client_sends_a_fragment(self, part: bytes) -> None:
        opcode = CONT if self.fragments else BINARY
        # The prefix of a message has to announce what follows: it always ends after these bytes.
        self.fragments.append(part)
        if len(self.fragments) == 1:
            self.driver.say(frame(grpc(part + b"!"), opcode, fin=False))
        else:
            self.driver.say(frame(b"", CONT))
            self.sent.append(grpc(self.fragments[0] + b"!"))
            self.fragments.clear()

    @precondition(lambda self: self.live and not self.half_closed and not self.fragments)
    @rule()
    def client_half_closes(self) -> None:
        self.half_closed = True
        self.driver.say(frame(END))

    @precondition(lambda self: not self.client_gone)
    @rule()
    def client_pings_now_and_then(self) -> None:
        self.driver.wait(1)
        self.driver.say(frame(b"", PING))

    @precondition(lambda self: not self.client_gone)
    @rule()
    def client_closes(self) -> None:
        self.client_gone = True
        self.driver.say(close())

    @precondition(lambda self: not self.client_gone)
    @rule()
    def client_vanishes(self) -> None:
        self.client_gone = True
        self.driver.http.eof(self.driver.now)

    @rule(payload=st.binary(max_size=40))
    def call_sends(self, payload: bytes) -> None:
        if self.answering:
            self.said.append(grpc(payload))
        self.driver.wire.send_message(grpc(payload))

    @rule()
    def call_ends(self) -> None:
        self.ended = self.ended or self.answering
        self.driver.wire.send_trailers([("grpc-status", "0")])

    @rule()
    def call_holds(self) -> None:
        self.driver.wire.hold()

    @rule()
    def call_releases(self) -> None:
        self.driver.wire.release()

    @rule()
    def edge_writes(self) -> None:
        self.take()

    @rule(seconds=st.floats(0, 20))
    def time_passes(self, seconds: float) -> None:
        self.take()
        self.driver.wait(seconds)

    @invariant()
    def the_call_hears_what_the_client_said_in_order(self) -> None:
        data = [what for kind, what in self.driver.call.told if kind == "data"]
        assert data == self.sent[: len(data)]

    @invariant()
    def it_hears_of_its_end_once_and_nothing_after(self) -> None:
        kinds = [kind for kind, _ in self.driver.call.told if kind != "writable"]
        assert kinds.count("reset") <= 1
        assert "reset" not in kinds[:-1]
        assert kinds.count("half closed") <= 1

    @invariant()
    def the_client_hears_what_the_call_said_until_the_close_frame(self) -> None:
        closes = [number for number, each in enumerate(self.heard) if each.opcode is CLOSE]
        assert len(closes) <= 1
        if closes:
            assert closes[0] == len(self.heard) - 1
        data = [bytes(each.data) for each in self.heard if each.opcode is BINARY]
        messages = [each for each in data if each[0] != 0x80]
        assert messages == self.said[: len(messages)]

    @invariant()
    def whoever_is_over_is_never_paused(self) -> None:
        if self.ended or self.driver.http.closing:
            assert not self.driver.http.paused

    def teardown(self) -> None:
        self.driver.wire.release()
        self.take()
        if not self.driver.http.closing:
            self.call_ends()
            self.take()
        if self.ended:
            assert [each.opcode for each in self.heard][-1] is CLOSE
            assert Close.parse(bytes(self.heard[-1].data)).code == 1000
            assert fields_of(bytes(self.heard[-2].data))["Grpc-Status"] == "0"
        self.driver.wait(CLOSE_SECONDS + UNREAD_SECONDS)
        assert self.driver.http.closing
        assert self.driver.http.next_timer() is None
        self.driver.http.eof(self.driver.now)
        assert len(self.driver.call.resets) == 1


TestTunnels = Tunnels.TestCase
TestTunnels.settings = settings(max_examples=60, stateful_step_count=30)
