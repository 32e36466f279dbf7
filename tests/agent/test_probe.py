import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import agent.probe
from agent.probe import PREFACE, Speaks, classify, probe

SETTINGS = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))


@pytest.mark.parametrize(
    ("answer", "speaks"),
    [
        (b"", Speaks.SILENT),
        (b"\x15\x03\x01\x00\x02\x02\x46", Speaks.TLS),
        (b"\x16\x03\x03\x00\x7a", Speaks.TLS),
        (b"\x16\x02\x03", Speaks.OTHER),
        (b"HTTP/1.1 400 Bad Request", Speaks.HTTP1),
        (SETTINGS, Speaks.HTTP2),
        (bytes((0, 0, 8, 7, 0, 0, 0, 0, 0)), Speaks.HTTP2),
        (SETTINGS[:8], Speaks.OTHER),
        (b"-ERR unknown command", Speaks.OTHER),
    ],
)
def test_first_bytes_tell_what_speaks(answer: bytes, speaks: Speaks) -> None:
    assert classify(answer) is speaks


@given(st.binary(max_size=64))
def test_any_answer_is_classified(answer: bytes) -> None:
    assert classify(answer) in Speaks


@asynccontextmanager
async def server(*answers: bytes, hold: bool = False) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Answers each connection in turn with the next of `answers`, then closes it unless told to `hold`."""
    asked: list[bytes] = []
    left = list(answers)
    over = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(1000))
        writer.write(left.pop(0) if left else b"")
        if hold:
            await over.wait()
        writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1], asked
    finally:
        over.set()
        listening.close()
        await listening.wait_closed()


async def test_a_client_hello_is_asked_first() -> None:
    async with server(SETTINGS) as (port, asked):
        assert await probe("127.0.0.1", port) is Speaks.HTTP2
        assert len(asked) == 1
        assert classify(asked[0]) is Speaks.TLS


async def test_who_says_nothing_to_it_is_greeted_in_http2() -> None:
    async with server(b"", SETTINGS) as (port, asked):
        assert await probe("127.0.0.1", port) is Speaks.HTTP2
        assert asked[1] == PREFACE


async def test_who_never_says_anything_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent.probe, "TIMEOUT", 0.05)
    async with server(hold=True) as (port, asked):
        assert await probe("127.0.0.1", port) is Speaks.SILENT
        assert len(asked) == 2


async def test_nothing_listening_is_nothing() -> None:
    async with server() as (port, _):
        pass
    assert await probe("127.0.0.1", port) is Speaks.NOTHING


async def test_openssl_is_recognised(pem: tuple[bytes, bytes], tmp_path: Path) -> None:
    (tmp_path / "both.pem").write_bytes(b"".join(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    listening = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0, ssl=context)
    try:
        assert await probe("127.0.0.1", listening.sockets[0].getsockname()[1]) is Speaks.TLS
    finally:
        listening.close()
        await listening.wait_closed()
