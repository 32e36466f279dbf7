"""The admin port's answers are read with bounds, and every way of not answering is one error."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mesh.lab import AdminError, admin

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@asynccontextmanager
async def answering(answer: bytes, *, hold: bool = False) -> AsyncIterator[int]:
    """A port that answers anything with `answer` and then closes, or holds the connection open."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if hold:
            await over.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        over.set()
        server.close()
        await server.wait_closed()


async def test_a_chunked_answer_is_put_together():
    async with answering(CHUNKED + b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n") as port:
        assert await admin.get(port, "/") == "hello!"


async def test_an_answer_may_end_with_its_connection():
    async with answering(b"HTTP/1.1 200 OK\r\n\r\nLIVE") as port:
        assert await admin.get(port, "/ready") == "LIVE"


async def test_numbers_are_kept_and_the_rest_left_out():
    lines = b"http.inbound.a: 3\nhttp.inbound.text: x\nhistogram: P0(nan,1) P25(nan,2)\n"
    async with answering(b"HTTP/1.1 200 OK\r\n\r\n" + lines) as port:
        assert await admin.stats(port) == {"http.inbound.a": 3}


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Service Unavailable\r\n\r\nPRE_INITIALIZING\n",
        b"nonsense\r\n\r\n",
        b"",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"5\r\nhel",
    ],
    ids=["a status", "no HTTP", "nothing", "no chunk size", "half a chunk"],
)
async def test_what_is_no_answer_is_one_error(answer):
    async with answering(answer) as port:
        with pytest.raises(AdminError, match=f"admin port {port}.*/x"):
            await admin.get(port, "/x")


async def test_a_refused_connection_is_the_same_error(unused_port):
    with pytest.raises(AdminError, match=str(unused_port)):
        await admin.get(unused_port, "/ready")


async def test_silence_ends_with_the_timeout():
    async with answering(b"", hold=True) as port:
        with pytest.raises(AdminError, match=r"within 0\.05 s"):
            await admin.get(port, "/ready", timeout=0.05)


@pytest.mark.parametrize("head", [CHUNKED + b"100\r\n", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["chunked", "to the end"])
async def test_an_endless_answer_is_cut(head, monkeypatch):
    monkeypatch.setattr(admin, "MAX_ANSWER", 100)
    async with answering(head + b"x" * 0x100 + b"\r\n0\r\n\r\n") as port:
        with pytest.raises(AdminError, match="longer than 100 bytes"):
            await admin.get(port, "/config_dump")


@pytest.fixture
def unused_port():
    from mesh.lab.ports import Port

    port = Port()
    yield port.number
    port.release()
