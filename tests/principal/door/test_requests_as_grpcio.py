"""Headers and bodies mean the same to our reading as to grpcio's server: each goes to both, frame by frame.

Where the two differ on purpose, the difference has a case of its own here.
"""

import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from principal.door.messages import MessageError, MessageReader, frame
from principal.door.requests import Refused, read_request
from principal.door.wire import Headers
from principal.door_grpcio import GrpcioDoor
from principal.rpc import CallInfo, Kind, Sink, StreamHandler
from tests.principal.door.rawcall import Answer, call
from tests.principal.door.test_messages import HELLO, prefixed
from tests.principal.door.test_requests import headers

MAX = 50_000
"""Bytes of a message: one fits into the first window of a connection."""


@dataclass
class Listening:
    """A service that keeps what it was called with."""

    calls: list[tuple[CallInfo, bytes]] = field(default_factory=list)

    def kind(self, _method: str) -> Kind:
        return Kind.UNARY

    async def unary(self, _method: str, request: bytes, call: CallInfo) -> bytes:
        self.calls.append((call, request))
        return b""

    def open_stream(self, _method: str, _call: CallInfo, _sink: Sink) -> StreamHandler:
        raise AssertionError("every method is unary here")


@dataclass
class Oracle:
    """grpcio's server, and what it made of a call."""

    door: GrpcioDoor
    service: Listening

    async def metadata(self, fields: Headers) -> tuple[tuple[str, str], ...] | None:
        answer = await self.ask(fields, frame(b""))
        if not self.service.calls:
            assert answer.value("grpc-status") not in (None, "0")
            return None
        [(info, _)] = self.service.calls
        return info.metadata

    async def message(self, body: bytes, encoding: str) -> bytes | int:
        """The message that the handler got, or the status code instead."""
        answer = await self.ask(headers(("grpc-encoding", encoding)), body)
        if self.service.calls:
            return self.service.calls[0][1]
        return int(answer.value("grpc-status") or "")

    async def ask(self, fields: Headers, body: bytes) -> Answer:
        self.service.calls.clear()
        return await call(self.door.address, fields, body)


@pytest.fixture
async def oracle() -> AsyncIterator[Oracle]:
    service = Listening()
    door = GrpcioDoor(service, host="127.0.0.1", port=0, max_message=MAX, ping_min_interval=0.0)
    await door.start()
    yield Oracle(door, service)
    await door.stop(0)


def ours(fields: Headers) -> tuple[tuple[str, str], ...] | None:
    try:
        return read_request(fields).metadata
    except Refused:
        return None


def by_name(metadata: tuple[tuple[str, str], ...] | None) -> list[tuple[str, str]] | None:
    """In the order of names: gRPC core sorts the fields it knows; the order within a name stays."""
    return None if metadata is None else sorted(metadata, key=lambda pair: pair[0])


SAME: dict[str, Headers] = {
    "custom": [("user-agent", "u"), ("a", "1"), ("b", "2"), ("a", "3")],
    "of-http": [("host", "x"), ("accept", "*/*"), ("cookie", "a=b"), ("cookie", "c=d"), ("x-forwarded-for", "1")],
    "of-the-protocol": [("grpc-timeout", "100S"), ("grpc-encoding", "gzip"), ("grpc-accept-encoding", "gzip, x")],
    "of-an-answer": [("grpc-status", "3"), ("grpc-message", "x")],
    "reserved": [("grpc-new", "x"), ("grpc-previous-rpc-attempts", "3"), ("grpc-retry-pushback-ms", "7")],
    "spaces": [("a", " x ")],
    "tab": [("a", "x\ty")],
    "empty": [("a", "")],
    "commas": [("a", "x,y"), ("a", "z")],
    "utf8": [("a", "ä€".encode().decode("latin-1"))],
    "latin1": [("a", "\xe4\xff")],
    "xfcc": [
        ("x-forwarded-client-cert", 'By=spiffe://c/ns/a/sa/p;Hash=aa;Subject="CN=\\"b\\"";URI=spiffe://c/ns/a/sa/x')
    ],
    "bytes": [("x-bin", "AAEC")],
    "bytes-padded": [("x-bin", "AA==")],
    "bytes-bare": [("x-bin", "AA")],
    "bytes-padded-short": [("x-bin", "AA=")],
    "bytes-only-padding": [("x-bin", "=")],
    "bytes-only-two-padding": [("x-bin", "==")],
    "bytes-high": [("x-bin", "//79"), ("x-bin", "AQ")],
    "bytes-none": [("x-bin", "")],
    "bytes-without-a-name": [("-bin", "AAEC")],
    "no-base64": [("x-bin", "A!")],
    "no-base64-for-urls": [("x-bin", "__79")],
    "no-base64-of-one": [("x-bin", "A")],
    "no-base64-of-five": [("x-bin", "AAECA")],
    "no-base64-for-its-last-bits": [("x-bin", "AB")],
    "no-base64-after-padding": [("x-bin", "AA=A")],
    "no-timeout": [("grpc-timeout", "xS")],
    "no-timeout-but-a-sign": [("grpc-timeout", "-1S")],
    "no-timeout-at-all": [("grpc-timeout", "")],
    "no-encoding": [("grpc-encoding", "snappy")],
}


@pytest.mark.parametrize("more", SAME.values(), ids=SAME.keys())
async def test_headers_mean_the_same(oracle: Oracle, more: Headers) -> None:
    fields = headers(*more)
    assert by_name(ours(fields)) == by_name(await oracle.metadata(fields))


OTHERWISE: dict[str, tuple[Headers, Headers | None, Headers | None]] = {
    # The protocol demands that these are split; core only knows a field for each value.
    "bytes-joined": ([("x-bin", "AA,AQ")], [("x-bin", "\0"), ("x-bin", "\1")], None),
    # The protocol's grammar for timeouts; core is generous.
    "timeout-with-a-space": ([("grpc-timeout", "1 S")], None, []),
    "timeout-of-nine-digits": ([("grpc-timeout", "123456789S")], None, []),
    # Contradictions: core takes one of them.
    "two-timeouts": ([("grpc-timeout", "100S"), ("grpc-timeout", "200S")], None, []),
    # No client needs it, and no other server has it.
    "deflate": ([("grpc-encoding", "deflate")], None, []),
    # What core keeps for its own tracing and load reports is plain metadata to us; nobody reads it.
    "cores-own": ([("grpc-trace-bin", "AA")], [("grpc-trace-bin", "\0")], []),
    "type": ([("grpc-message-type", "x")], [], [("grpc-message-type", "x")]),
    # HTTP says which names there are; gRPC's are fewer, and a field that nobody asks for does no harm.
    "a-name-of-http": ([("x!y", "1")], [("x!y", "1")], None),
    "a-body-of-another-type": ([("content-type", "text/html")], None, []),
}


@pytest.mark.parametrize(("more", "mine", "theirs"), OTHERWISE.values(), ids=OTHERWISE.keys())
async def test_headers_mean_something_else_on_purpose(
    oracle: Oracle, more: Headers, mine: Headers | None, theirs: Headers | None
) -> None:
    fields = headers(*more)
    assert by_name(ours(fields)) == mine
    assert by_name(await oracle.metadata(fields)) == theirs


def our_message(body: bytes, encoding: str) -> bytes | int:
    reader = MessageReader(max_message=MAX, encoding=encoding)
    try:
        [message] = reader.feed(body)
        reader.finish()
    except MessageError as error:
        return int(error.status.code)
    return message


BODIES = {
    "plain": frame(b"hello"),
    "empty": frame(b""),
    "greatest": frame(bytes(MAX)),
    "too-big": frame(bytes(MAX + 1)),
    "too-big-by-its-prefix": b"\0\xff\xff\xff\xff",
    "gzip": prefixed(1, HELLO),
    "gzip-of-nothing": prefixed(1, gzip.compress(b"")),
    "gzip-without-anything": prefixed(1, b""),
    "gzip-greatest": frame(bytes(MAX), gzip=True),
    "gzip-too-big": frame(bytes(MAX + 1), gzip=True),
    "gzip-cut": prefixed(1, HELLO[:-3]),
    "gzip-with-zeros": prefixed(1, HELLO + b"\0\0\0"),
    "gzip-with-another": prefixed(1, HELLO + gzip.compress(b"x")),
    "gzip-damaged": prefixed(1, HELLO[:-8] + b"AAAA" + HELLO[-4:]),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_bodies_mean_the_same(oracle: Oracle, body: bytes) -> None:
    assert our_message(body, "gzip") == await oracle.message(body, "gzip")


async def test_a_compressed_message_without_an_encoding_means_an_error(oracle: Oracle) -> None:
    body = prefixed(1, HELLO)
    assert our_message(body, "identity") == 13
    # Core hands on the compressed bytes as if they were the message.
    assert await oracle.message(body, "identity") != b"hello"
