"""The `websockets` library's own client, which reads the framing as strictly as it is written down."""

import asyncio
import gzip
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from principal.door.websocket.limits import CLOSE_SECONDS
from tests.interop.echo import PREFIX_PATH, Echo
from tests.interop.websocket.door import own_door
from tests.principal.certificates import FixedTls, write_roots
from tests.principal.door.websocket.driving import END, fields_of, grpc

HEADERS = {"Content-Type": "application/grpc", "Te": "trailers"}

JSON = {"code": 9, "message": "a b", "trailers": [["case-raw-bin", "00ff"]]}


@asynccontextmanager
async def opened(
    address: str, method: str, context: ssl.SSLContext | None = None, **headers: str
) -> AsyncIterator[ClientConnection]:
    scheme = "ws" if context is None else "wss"
    async with connect(
        f"{scheme}://{address}{PREFIX_PATH}{method}",
        subprotocols=["grpc-ws"],  # type: ignore[list-item]
        additional_headers={**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}},
        compression=None,
        max_size=64 * 1024 * 1024,
        ping_interval=None,
        proxy=None,
        ssl=context,
        server_hostname="localhost" if context is not None else None,
    ) as connection:
        assert connection.subprotocol is None
        assert connection.response is not None
        assert "Sec-WebSocket-Extensions" not in connection.response.headers
        yield connection


async def heard(connection: ClientConnection) -> list[bytes]:
    """Every message until the server closes, with the code that says all is well."""
    messages = []
    try:
        while True:
            message = await asyncio.wait_for(connection.recv(), 10)
            assert isinstance(message, bytes)
            messages.append(message)
    except ConnectionClosed:
        assert connection.close_code == 1000
        return messages


@pytest.fixture
async def served() -> AsyncIterator[tuple[str, Echo]]:
    service = Echo()
    door = own_door(service)
    await door.start()
    yield door.address, service
    await door.stop(0)


async def test_a_unary_call_is_headers_a_message_trailers_and_1000(served: tuple[str, Echo]) -> None:
    async with opened(served[0], "Echo") as connection:
        await connection.send(grpc(b"hello"))
        await connection.send(END)
        headers, message, trailers = await heard(connection)
    assert fields_of(headers)["Content-Type"] == "application/grpc"
    assert message == grpc(b"hello")
    assert fields_of(trailers)["Grpc-Status"] == "0"


async def test_an_error_is_one_frame_with_its_binary_trailer_in_base64(served: tuple[str, Echo]) -> None:
    async with opened(served[0], "Fail") as connection:
        await connection.send(grpc(json.dumps(JSON).encode()))
        await connection.send(END)
        (only,) = await heard(connection)
    fields = fields_of(only)
    assert (fields["Grpc-Status"], fields["Grpc-Message"]) == ("9", "a b")
    assert fields["Case-Raw-Bin"].rstrip("=") == "AP8"


async def test_metadata_of_the_handshake_reach_the_service(served: tuple[str, Echo]) -> None:
    async with opened(served[0], "Report", case_plain="x y", case_raw_bin="AP8") as connection:
        await connection.send(grpc(b""))
        await connection.send(END)
        _, message, _ = await heard(connection)
    assert json.loads(message[5:]) == [["case-plain", "x y"], ["case-raw-bin", "\0\xff"]]


async def test_a_stream_answers_as_it_goes_and_ends_when_the_client_has_said_all(served: tuple[str, Echo]) -> None:
    async with opened(served[0], "Chat") as connection:
        fields_of(await connection.recv(decode=False))
        for number in range(200):
            await connection.send(grpc(b"%d" % number))
            assert await connection.recv() == grpc(b"%d" % number)
        await connection.send(END)
        (trailers,) = await heard(connection)
    assert fields_of(trailers)["Grpc-Status"] == "0"


async def test_a_message_of_ten_mebibytes_in_fragments_comes_back(served: tuple[str, Echo]) -> None:
    whole = grpc(bytes(range(256)) * 40960)
    async with opened(served[0], "Echo") as connection:
        await connection.send(whole[start : start + 65536] for start in range(0, len(whole), 65536))
        await connection.send(END)
        _, message, trailers = await heard(connection)
    assert message == whole
    assert fields_of(trailers)["Grpc-Status"] == "0"


async def test_a_compressed_message_is_taken_where_the_handshake_announced_it(served: tuple[str, Echo]) -> None:
    async with opened(served[0], "Echo", grpc_encoding="gzip") as connection:
        await connection.send(grpc(gzip.compress(b"x" * 500), flags=1))
        await connection.send(END)
        _, message, _ = await heard(connection)
    assert message == grpc(b"x" * 500)


async def test_a_method_that_is_none_and_a_content_type_that_is_none(served: tuple[str, Echo]) -> None:
    async with opened(served[0], "Nothing") as connection:
        (only,) = await heard(connection)
    assert fields_of(only)["Grpc-Status"] == "12"
    async with opened(served[0], "Echo", Content_Type="text/plain") as connection:
        (only,) = await heard(connection)
    assert fields_of(only)["Grpc-Status"] == "2"


async def test_a_client_that_closes_cancels_its_stream(served: tuple[str, Echo]) -> None:
    address, service = served
    async with opened(address, "Linger") as connection:
        await connection.recv()
    async with asyncio.timeout(CLOSE_SECONDS):
        while not service.records[""].closed:
            await asyncio.sleep(0.005)
    assert "closed its WebSocket: 1000" in service.records[""].closed[0]


async def test_pings_are_answered_while_a_call_lives(served: tuple[str, Echo]) -> None:
    async with opened(served[0], "Linger") as connection:
        await asyncio.wait_for(await connection.ping(b"are you there?"), 5)


@pytest.mark.parametrize("tls", [False, True])
async def test_a_principal_without_websocket_says_which_flag_enables_it(tls: bool, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        door = own_door(Echo(), FixedTls() if tls else None, websocket=False)
        await door.start()
        stack.push_async_callback(door.stop, 0.0)
        context = None
        if tls:
            context = ssl.create_default_context(cafile=str(write_roots(tmp_path)))
        with pytest.raises(InvalidStatus) as caught:
            async with opened(door.address, "Echo", context):
                pass
        assert caught.value.response.status_code == 501
        assert b"--enable-websocket" in (caught.value.response.body or b"")


async def test_over_tls_it_is_the_same(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        door = own_door(Echo(), FixedTls())
        await door.start()
        stack.push_async_callback(door.stop, 0.0)
        context = ssl.create_default_context(cafile=str(write_roots(tmp_path)))
        context.set_alpn_protocols(["http/1.1"])
        async with opened(door.address, "Echo", context) as connection:
            await connection.send(grpc(b"hello"))
            await connection.send(END)
            assert (await heard(connection))[1] == grpc(b"hello")


async def test_a_client_that_reads_nothing_is_not_listened_to(served: tuple[str, Echo]) -> None:
    """Every message is answered by one as long; if all were taken, all answers would wait in memory."""
    address, service = served
    async with opened(address, "Chat", case_key="flood") as connection:
        connection.transport.pause_reading()
        taken = 0
        with suppress(TimeoutError):
            while taken < 64:
                await asyncio.wait_for(connection.send(grpc(bytes(1024 * 1024))), 1)
                taken += 1
        assert taken < 48
        connection.transport.abort()
    async with asyncio.timeout(10):
        while not service.records["flood"].closed:
            await asyncio.sleep(0.005)
