"""What grpcio's client writes we read, and what we write it reads: metadata, timeouts, details, messages.

Between them is h2, so that only our words are tried here, not our door.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import grpc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from principal.door.messages import MessageReader, frame
from principal.door.requests import percent_encode, read_request, response_headers, trailers, trailers_only
from principal.rpc import OK, Code, Status
from tests.principal.door.capturing import Captured, CapturingServer, Script

METHOD = "/a.B/C"
EXAMPLES = settings(max_examples=60, deadline=None)

Metadata = list[tuple[str, str | bytes]]


@dataclass
class Heard:
    """What grpcio's client made of an answer."""

    code: Code
    details: str
    initial: Metadata
    trailing: Metadata
    answer: bytes | None


@dataclass
class Talk:
    server: CapturingServer
    channel: grpc.Channel

    def call(
        self,
        script: Script,
        *,
        request: bytes = b"",
        metadata: Metadata | None = None,
        timeout: float | None = 20,
        compression: grpc.Compression | None = None,
    ) -> tuple[Captured, Heard]:
        self.server.script = script
        self.server.calls.clear()
        method = self.channel.unary_unary(METHOD)
        try:
            answer, call = method.with_call(request, timeout, metadata, compression=compression)
        except grpc.RpcError as error:
            answer, call = None, error
        [captured] = self.server.calls
        heard = Heard(
            Code(call.code().value[0]),
            call.details(),
            plain(call.initial_metadata()),
            plain(call.trailing_metadata()),
            answer,
        )
        return captured, heard


def plain(metadata: object) -> Metadata:
    return [(pair.key, pair.value) for pair in metadata or ()]  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def talk() -> Iterator[Talk]:
    server = CapturingServer()
    with grpc.insecure_channel(server.address, [("grpc.enable_http_proxy", 0)]) as channel:
        yield Talk(server, channel)
    server.close()


ANSWERED = Script(response_headers(), frame(b""), trailers(OK))

NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-.", max_size=12).map(
    lambda text: f"x{text.removesuffix('-bin')}y"
)
"""Begun with an x, no name is one of HTTP's or gRPC's; ended with a y, none is binary."""

VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40).map(str.strip)
PLAIN = st.tuples(NAMES, VALUES)
BINARY = st.tuples(NAMES.map(lambda name: f"{name}-bin"), st.binary(max_size=40))
METADATA = st.lists(PLAIN | BINARY, max_size=6)


def as_text(metadata: Metadata) -> tuple[tuple[str, str], ...]:
    return tuple((name, value if isinstance(value, str) else value.decode("latin-1")) for name, value in metadata)


@EXAMPLES
@given(metadata=METADATA)
def test_metadata_of_a_caller_arrives(talk: Talk, metadata: Metadata) -> None:
    captured, heard = talk.call(ANSWERED, metadata=metadata)
    request = read_request(captured.headers)
    assert request.method == METHOD
    assert tuple(pair for pair in request.metadata if pair[0] != "user-agent") == as_text(metadata)
    assert heard.code is Code.OK


@EXAMPLES
@given(initial=METADATA, trailing=METADATA)
def test_metadata_of_ours_arrives(talk: Talk, initial: Metadata, trailing: Metadata) -> None:
    end = Status(Code.OK, "", as_text(trailing))
    _, heard = talk.call(Script(response_headers(as_text(initial)), frame(b"x"), trailers(end)))
    assert heard == Heard(Code.OK, "", initial, trailing, b"x")


@EXAMPLES
@given(timeout=st.floats(0.05, 1e9) | st.floats(0.05, 100))
@example(timeout=99999999.0)
@example(timeout=0.1)
def test_timeouts_of_a_caller_arrive(talk: Talk, timeout: float) -> None:
    captured, heard = talk.call(ANSWERED, timeout=timeout)
    read = read_request(captured.headers).timeout
    assert read is not None
    # Core rounds up in its choice of unit, and some time has passed since; beyond about a year it says no more.
    assert min(timeout, 1e7) * 0.9 - 0.05 < read <= timeout * 1.1 + 0.01
    assert heard.code is Code.OK


def test_a_caller_without_a_timeout_has_none(talk: Talk) -> None:
    captured, _ = talk.call(ANSWERED, timeout=None)
    assert read_request(captured.headers).timeout is None


CODES = st.sampled_from([code for code in Code if code is not Code.OK])


@EXAMPLES
@given(code=CODES, details=st.text(max_size=60) | st.text("% \t\r\n%41ä€😀", max_size=30), alone=st.booleans())
@example(code=Code.UNAVAILABLE, details=" a ", alone=True)
@example(code=Code.UNAVAILABLE, details="", alone=False)
def test_details_of_ours_arrive(talk: Talk, code: Code, details: str, alone: bool) -> None:
    status = Status(code, details)
    script = Script(trailers=trailers_only(status)) if alone else Script(response_headers(), b"", trailers(status))
    _, heard = talk.call(script)
    assert (heard.code, heard.details) == (code, details)


@EXAMPLES
@given(details=st.text("\ud800\udfffa%", max_size=20))
def test_details_that_are_no_text_arrive_with_question_marks(talk: Talk, details: str) -> None:
    _, heard = talk.call(Script(trailers=trailers_only(Status(Code.INTERNAL, details))))
    assert heard.details == details.encode("utf-8", "replace").decode("ascii")


@pytest.mark.parametrize("char", ["x", "ä", "😀"])
def test_details_that_are_too_long_arrive_in_part(talk: Talk, char: str) -> None:
    _, heard = talk.call(Script(trailers=trailers_only(Status(Code.UNAVAILABLE, char * 100_000))))
    assert heard.code is Code.UNAVAILABLE
    assert heard.details == char * (4096 // len(percent_encode(char)))


REPEATED = st.builds(lambda unit, times: unit * times, st.binary(min_size=1, max_size=2), st.integers(0, 20_000))
"""Worth compressing, and without that within the first window of a stream."""


@EXAMPLES
@given(request=st.binary(max_size=300) | REPEATED, answer=st.binary(max_size=300) | REPEATED, packed=st.booleans())
def test_messages_arrive_both_ways_compressed_or_not(talk: Talk, request: bytes, answer: bytes, packed: bool) -> None:
    headers = response_headers(encoding="gzip" if packed else "identity")
    captured, heard = talk.call(
        Script(headers, frame(answer, gzip=packed), trailers(OK)),
        request=request,
        compression=grpc.Compression.Gzip if packed else grpc.Compression.NoCompression,
    )
    assert heard.answer == answer
    call = read_request(captured.headers)
    reader = MessageReader(max_message=1 << 20, encoding=call.encoding)
    assert [message for piece in captured.pieces for message in reader.feed(piece)] == [request]
    reader.finish()
