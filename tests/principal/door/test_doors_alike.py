"""The own door and grpcio's answer the same caller alike: odd metadata, details, messages, and ends of calls.

hypothesis chooses what a service is asked and what it answers; both doors serve it from one event loop in a thread.
"""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from principal.door.options import DoorOptions
from principal.door.server import OwnDoor
from principal.door_grpcio import GrpcioDoor
from principal.rpc import OK, CallInfo, Code, Door, Kind, RpcError, Sink, Status
from tests.principal.door.test_words_with_grpcio import CODES, METADATA, PLAIN, Metadata, as_text, plain

UNARY, STREAM = "/a.B/Unary", "/a.B/Stream"
MAX_MESSAGE = 50_000
PATIENCE = 10
"""Seconds for one call, and for the doors to open and close."""
EXAMPLES = settings(max_examples=60, deadline=None)


@dataclass
class Echo:
    """Sends every message back and ends calls with `status`."""

    status: Status = OK
    seen: list[CallInfo] = field(default_factory=list)

    def kind(self, method: str) -> Kind | None:
        return {UNARY: Kind.UNARY, STREAM: Kind.STREAM}.get(method)

    async def unary(self, _method: str, request: bytes, call: CallInfo) -> bytes:
        self.seen.append(call)
        if self.status.code is not Code.OK:
            raise RpcError(self.status.code, self.status.message, self.status.trailers)
        return request

    def open_stream(self, _method: str, call: CallInfo, sink: Sink) -> "Echoing":
        self.seen.append(call)
        return Echoing(sink, self.status)


@dataclass
class Echoing:
    sink: Sink
    status: Status

    def on_message(self, message: bytes) -> None:
        self.sink.send(message)

    def on_half_closed(self) -> None:
        self.sink.end(self.status)

    def on_writable(self) -> None:
        """Nothing waits here."""

    def on_closed(self, _reason: str) -> None:
        """Nothing is kept."""


@dataclass
class Outcome:
    """One call, from both ends."""

    code: Code
    details: str
    trailing: Metadata
    answers: list[bytes]
    seen: tuple[tuple[str, str], ...] | None


@dataclass
class Side:
    """One of the doors, with its service and a caller."""

    service: Echo
    channel: grpc.Channel

    def call(self, method: str, requests: list[bytes], metadata: Metadata, status: Status, *, packed: bool) -> Outcome:
        self.service.status = status
        self.service.seen.clear()
        compression = grpc.Compression.Gzip if packed else grpc.Compression.NoCompression
        # A stream's caller sees what a unary call's would hide: how many messages came, and all trailers.
        calling = self.channel.stream_stream(method)
        call = calling(iter(requests), timeout=PATIENCE, metadata=metadata, compression=compression)
        answers = []
        try:
            answers += call
        except grpc.RpcError:
            assert call.code() is not grpc.StatusCode.OK
        seen = tuple(sorted(self.service.seen[0].metadata, key=lambda pair: pair[0])) if self.service.seen else None
        code = Code(call.code().value[0])
        return Outcome(code, call.details() or "", plain(call.trailing_metadata()), answers, seen)


@dataclass
class Both:
    own: Side
    theirs: Side

    def call(self, method: str, requests: list[bytes], metadata: Metadata, status: Status, *, packed: bool) -> Outcome:
        """What came of it by either door."""
        ours = self.own.call(method, requests, metadata, status, packed=packed)
        theirs = self.theirs.call(method, requests, metadata, status, packed=packed)
        assert ours == theirs
        return ours


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def opened() -> list[tuple[Echo, Door]]:
        services = Echo(), Echo()
        own = OwnDoor(services[0], host="127.0.0.1", port=0, options=DoorOptions(max_message=MAX_MESSAGE))
        theirs = GrpcioDoor(services[1], host="127.0.0.1", port=0, max_message=MAX_MESSAGE, ping_min_interval=0.0)
        await own.start()
        await theirs.start()
        return [(services[0], own), (services[1], theirs)]

    doors = asyncio.run_coroutine_threadsafe(opened(), loop).result(PATIENCE)
    sides = [
        Side(service, grpc.insecure_channel(door.address, [("grpc.enable_http_proxy", 0)])) for service, door in doors
    ]
    yield Both(*sides)
    for side in sides:
        side.channel.close()
    for _, door in doors:
        asyncio.run_coroutine_threadsafe(door.stop(0), loop).result(PATIENCE)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)
    loop.close()


DETAILS = st.text(max_size=40) | st.text("% \t\n%41ä€😀", max_size=20)
STATUSES = st.builds(Status, CODES, DETAILS, st.lists(PLAIN, max_size=6).map(as_text))
"""Trailers are text: that is what the principal sends, and all that grpcio's door takes."""

REPEATED = st.builds(lambda unit, times: unit * times, st.binary(min_size=1, max_size=2), st.integers(0, 15_000))
MESSAGES = st.lists(st.binary(max_size=200) | REPEATED, max_size=4)


@EXAMPLES
@given(requests=MESSAGES, metadata=METADATA, status=STATUSES | st.just(OK), packed=st.booleans())
def test_a_stream_is_the_same_by_either_door(
    both: Both, requests: list[bytes], metadata: Metadata, status: Status, packed: bool
) -> None:
    outcome = both.call(STREAM, requests, metadata, status, packed=packed)
    assert outcome.answers == requests
    assert outcome.details == status.message
    assert (outcome.code, as_text(outcome.trailing)) == (status.code, status.trailers)
    assert set(as_text(metadata)) <= set(outcome.seen or ())


@EXAMPLES
@given(
    request=st.binary(max_size=200) | REPEATED, metadata=METADATA, status=STATUSES | st.just(OK), packed=st.booleans()
)
def test_a_unary_call_is_the_same_by_either_door(
    both: Both, request: bytes, metadata: Metadata, status: Status, packed: bool
) -> None:
    outcome = both.call(UNARY, [request], metadata, status, packed=packed)
    assert outcome.answers == ([request] if status.code is Code.OK else [])
    assert (outcome.code, outcome.details, as_text(outcome.trailing)) == (status.code, status.message, status.trailers)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("method", [UNARY, STREAM])
def test_a_message_that_is_too_big_has_the_same_code_by_either_door(both: Both, method: str, packed: bool) -> None:
    for side in (both.own, both.theirs):
        outcome = side.call(method, [bytes(MAX_MESSAGE + 1)], [], OK, packed=packed)
        assert (outcome.code, outcome.answers) == (Code.RESOURCE_EXHAUSTED, [])


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("method", [UNARY, STREAM])
def test_a_message_of_the_greatest_size_passes_either_door(both: Both, method: str, packed: bool) -> None:
    assert both.call(method, [bytes(MAX_MESSAGE)], [], OK, packed=packed).answers == [bytes(MAX_MESSAGE)]


@pytest.mark.parametrize("requests", [[], [b"a", b"b"]])
def test_a_unary_call_without_exactly_one_message_ends_at_the_own_door(both: Both, requests: list[bytes]) -> None:
    # grpcio's server waits for a message that can't come any more, and passes over the second.
    outcome = both.own.call(UNARY, requests, [], OK, packed=False)
    assert outcome.code is not Code.DEADLINE_EXCEEDED
    assert outcome.answers == []
    assert outcome.seen is None


def test_an_unknown_method_has_the_same_code_by_either_door(both: Both) -> None:
    codes = {side.call("/a.B/Nothing", [b""], [], OK, packed=False).code for side in (both.own, both.theirs)}
    assert codes == {Code.UNIMPLEMENTED}
