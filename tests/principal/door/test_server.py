"""The door on real sockets: how it fills, empties and ends. Each on both event loops that it may run on."""

import asyncio
import gc
import inspect
import socket
import ssl
import struct
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias

import pytest
import uvloop

from principal.door import protocol, server
from principal.door.http2 import codes, connection, ending, fields, frames
from principal.door.messages import frame as framed
from principal.door.options import DoorOptions
from principal.door.server import OwnDoor
from principal.door.sockets import BACKLOG
from principal.rpc import OK, DoorError
from tests.principal.certificates import FixedTls
from tests.principal.door.http2.client import POST, Frame, frame, parse
from tests.principal.door.pretending import Service
from tests.principal.door.websocket.driving import message
from tests.principal.door.websocket.driving import request as upgrade

HELLO = codes.PREFACE + frames.settings([])
PATIENCE = 10.0

LoopFactory: TypeAlias = Callable[[], asyncio.AbstractEventLoop]


@dataclass
class Peer:
    """A client's end of a socket."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    rest: bytes = b""

    async def until(self, kind: int) -> Frame:
        """Read until a frame of this kind."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while len(self.rest) >= 9 and len(self.rest) >= 9 + int.from_bytes(self.rest[:3], "big"):
                    size = 9 + int.from_bytes(self.rest[:3], "big")
                    [said], self.rest = parse(self.rest[:size]), self.rest[size:]
                    if said.kind == kind:
                        return said
                data = await self.reader.read(65536)
                assert data, "the connection is closed"
                self.rest += data

    async def gone(self) -> None:
        """Read until the other end has closed."""
        async with asyncio.timeout(PATIENCE):
            try:
                while await self.reader.read(65536):
                    pass
            except ConnectionError:
                return

    def open(self, stream: int = 1, path: str = "/s", *, data: bytes = b"", end: bool = False) -> None:
        names = [(name, path if name == ":path" else value) for name, value in POST]
        self.writer.write(frame(codes.HEADERS, codes.END_HEADERS, stream, fields.encode(names)))
        if data or end:
            self.writer.write(frame(codes.DATA, int(end), stream, data))


class House:
    """A door and its clients."""

    def __init__(self, **options: object) -> None:
        self.service = Service()
        self.door = OwnDoor(
            self.service,
            **{"host": "127.0.0.1", "port": 0, "options": DoorOptions(max_message=1 << 20, websocket=True)} | options,
        )  # type: ignore[arg-type]
        self.peers: list[Peer] = []

    async def __aenter__(self) -> Self:
        await self.door.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for peer in self.peers:
            peer.writer.close()
        await self.door.stop(0)

    @property
    def port(self) -> int:
        return int(self.door.address.rpartition(":")[2])

    async def connect(self, hello: bytes = HELLO) -> Peer:
        if self.door.address.startswith("unix:"):
            peer = Peer(*await asyncio.open_unix_connection(self.door.address.removeprefix("unix:")))
        else:
            peer = Peer(*await asyncio.open_connection("127.0.0.1", self.port))
        peer.writer.write(hello)
        self.peers.append(peer)
        return peer


def both(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on each kind of loop, in a house of its own where it asks for one."""
    wanted = set(inspect.signature(test).parameters)

    @pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
    def run(factory: LoopFactory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        given: dict[str, Any] = {"monkeypatch": monkeypatch, "tmp_path": tmp_path}

        async def inside() -> None:
            arguments = {name: value for name, value in given.items() if name in wanted}
            if "house" not in wanted:
                await test(**arguments)
                return
            async with House() as house:
                await test(house=house, **arguments)

        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(inside())

    run.__name__, run.__qualname__ = test.__name__, test.__qualname__
    return run


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


@both
async def test_a_door_drains_what_it_serves_and_closes_when_that_has_ended(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "DRAIN_SECONDS", 0.0)
    monkeypatch.setattr(protocol, "LINGER_SECONDS", 0.01)
    peer = await house.connect()
    peer.open()
    await peer.until(codes.HEADERS)
    stopping = asyncio.create_task(house.door.stop(PATIENCE))
    first = await peer.until(codes.GOAWAY)
    assert frames.read_long(first.payload) == codes.MAX_STREAM_ID
    ping = await peer.until(codes.PING)
    peer.writer.write(frames.ping(ping.payload, ack=True))
    final = await peer.until(codes.GOAWAY)
    assert frames.read_long(final.payload) == 1
    house.service.handlers[0].sink.send(b"still served")
    assert (await peer.until(codes.DATA)).payload == framed(b"still served")
    assert not stopping.done()
    house.service.handlers[0].sink.end(OK)
    await peer.until(codes.HEADERS)
    await peer.gone()
    await asyncio.wait_for(stopping, PATIENCE)
    assert house.door.connection_stats() == {}


@both
async def test_calls_that_do_not_end_are_ended_after_the_grace(house: House) -> None:
    house.service.gate = asyncio.Event()
    peer = await house.connect()
    peer.open(1, "/s")
    peer.open(3, "/u", data=framed(b"x"), end=True)
    await until(lambda: bool(house.service.asked and house.service.handlers))
    async with asyncio.timeout(PATIENCE):
        await house.door.stop(0.05)
        await peer.gone()
    await until(lambda: bool(house.service.handlers[0].closed))
    runtime = house.door.house.runtime
    assert isinstance(runtime, server.LoopRuntime)
    await until(lambda: not runtime._tasks)


HALF_A_BLOCK = HELLO + frame(codes.HEADERS, 0, 1, b"x")


def rooms_own() -> Counter[str]:
    """Objects of the door's rooms that are there, by type."""
    kinds = map(type, gc.get_objects())
    return Counter(kind.__qualname__ for kind in kinds if str(kind.__module__).startswith("principal.door"))


CUT = b"\0\0\0\0\x05abc"
LEFT: dict[str, tuple[bytes, str, bytes, int]] = {
    "a stream amid a message": (HELLO, "/s", CUT, codes.HEADERS),
    "a request amid its message": (HELLO, "/u", CUT, codes.SETTINGS),
    "an answered call": (HELLO, "/u", framed(b"x"), codes.DATA),
    "a call of nothing": (HELLO, "/not/there", framed(b"x"), codes.HEADERS),
    "half a header block": (HALF_A_BLOCK, "", b"", codes.SETTINGS),
}
"""What a client says, on which path, and the last frame that it waits for."""


@both
async def test_what_a_connection_held_goes_with_it_and_does_not_wait_for_the_garbage_collector(house: House) -> None:
    gc.collect()
    gc.disable()
    try:
        before = rooms_own()
        for what, (hello, path, body, answer) in LEFT.items():
            peer = await house.connect(hello)
            if path:
                peer.open(1, path, data=body, end=body != CUT)
            await peer.until(answer)
            peer.writer.close()
            await until(lambda: not house.door._connections)
            house.service.handlers.clear()
            house.service.calls.clear()
            await asyncio.sleep(0)  # what ran last is held by its frame until the loop has turned
            assert rooms_own() - before == Counter(), what
        for said in (message(b"x"), message(b"x" * 100)[:50]):
            tunnelling = await house.connect(upgrade(first="GET /u HTTP/1.1") + said)
            assert (await tunnelling.reader.readline()).startswith(b"HTTP/1.1 101")
            tunnelling.writer.close()
            await until(lambda: not house.door._connections)
            house.service.calls.clear()
            await asyncio.sleep(0)
            assert rooms_own() - before == Counter(), f"a tunnel after {len(said)} bytes"
        asking = await house.connect(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        await asking.gone()
        asking.writer.close()
        await until(lambda: not house.door._connections)
        assert rooms_own() - before == Counter()
    finally:
        gc.enable()


@both
async def test_a_stopped_door_is_not_there_any_more(house: House) -> None:
    port = house.port
    await house.door.stop(0)
    with pytest.raises(OSError, match=r"[Rr]efused|Connect call failed"):
        await asyncio.open_connection("127.0.0.1", port)


@both
async def test_beyond_so_many_connections_the_next_is_closed_as_it_comes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 2)
    kept = [await house.connect(), await house.connect()]
    for peer in kept:
        await peer.until(codes.SETTINGS)
    await (await house.connect(b"")).gone()
    kept[0].writer.close()
    await until(lambda: len(house.door._connections) == 1)
    await (await house.connect()).until(codes.SETTINGS)


@both
async def test_sockets_that_say_nothing_are_freed_and_others_are_served_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "PREFACE_SECONDS", 0.1)
    monkeypatch.setattr(server, "SWEEP_SECONDS", 0.05)
    async with House() as house:
        silent = [await house.connect(hello) for hello in (b"", b"P", b"PRI * HTTP/2", codes.PREFACE[:-1]) * 5]
        honest = await house.connect()
        honest.open()
        await honest.until(codes.HEADERS)
        for peer in silent:
            await peer.gone()
        await until(lambda: len(house.door._connections) == 1)
        assert len(house.door.connection_stats()) == 1


@both
async def test_a_peer_that_reads_none_of_the_last_words_does_not_keep_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "LINGER_SECONDS", 0.01)
    monkeypatch.setattr(protocol, "UNREAD_SECONDS", 0.1)
    async with House() as house:
        with socket.create_connection(("127.0.0.1", house.port)) as deaf:
            deaf.setblocking(False)
            loop = asyncio.get_running_loop()
            window = frames.settings([(codes.Setting.INITIAL_WINDOW_SIZE, codes.MAX_WINDOW)])
            wide = frames.window_update(0, codes.MAX_WINDOW - codes.DEFAULT_WINDOW)
            names = [(name, "/s" if name == ":path" else value) for name, value in POST]
            opened = frame(codes.HEADERS, codes.END_HEADERS, 1, fields.encode(names))
            await loop.sock_sendall(deaf, codes.PREFACE + window + wide + opened)
            await until(lambda: bool(house.service.handlers))
            [held] = house.door._connections.values()
            transport = held._transport
            assert transport is not None
            while not transport.get_write_buffer_size():
                house.service.handlers[0].sink.send(bytes(65_536))
                await asyncio.sleep(0)
            await loop.sock_sendall(deaf, frames.window_update(0, 0))
            await until(lambda: not house.door._connections)
            assert len(house.service.handlers[0].closed) == 1


@both
async def test_a_peer_that_half_closes_and_reads_nothing_does_not_keep_its_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "UNREAD_SECONDS", 0.1)
    async with House() as house:
        peer = await house.connect()
        peer.open()
        await peer.until(codes.HEADERS)
        peer.writer.write_eof()
        await until(lambda: bool(house.service.handlers[0].closed))
        await until(lambda: not house.door._connections)


@both
async def test_a_unix_socket_is_served_and_its_file_goes_with_the_door(tmp_path: Path) -> None:
    path = tmp_path / "s"
    async with House(host=f"unix:{path}") as house:
        peer = await house.connect()
        peer.open(1, "/u", data=framed(b"x"), end=True)
        assert (await peer.until(codes.DATA)).payload == framed(b"x")
        assert house.service.calls[0].connection.peer == "unix:"
        assert path.exists()
    assert not path.exists()


@both
async def test_an_address_in_use_is_an_error_and_leaves_nothing_open(house: House) -> None:
    other = OwnDoor(Service(), host="127.0.0.1", port=house.port, options=DoorOptions(max_message=1))
    with pytest.raises(DoorError, match=str(house.port)):
        await other.start()
    await other.stop(0)


@both
async def test_a_handshake_that_is_never_made_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HANDSHAKE_SECONDS", 0.2)
    async with House(tls=FixedTls()) as house:
        stalled = await house.connect(b"\x16\x03\x01")
        await stalled.gone()
        assert not house.door._connections


@both
async def test_a_port_with_tls_offers_http2(house: House) -> None:
    del house
    async with House(tls=FixedTls()) as secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        peer = Peer(*await asyncio.open_connection("127.0.0.1", secure.port, ssl=context))
        secure.peers.append(peer)
        assert peer.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
        peer.writer.write(HELLO)
        await peer.until(codes.SETTINGS)


@both
async def test_connections_are_counted_once_they_have_calls(house: House) -> None:
    await (await house.connect()).until(codes.SETTINGS)
    peer = await house.connect()
    peer.open()
    await peer.until(codes.HEADERS)
    stats = house.door.connection_stats()
    [name] = stats
    assert stats[name].streams == 1
    assert stats[name].frames_received == {"HEADERS": 1, "SETTINGS": 1}
    with pytest.raises(KeyError):
        stats["c99"]


@both
async def test_one_connection_that_fails_keeps_no_other_from_its_timers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PREFACE_SECONDS", 0.1)
    monkeypatch.setattr(server, "SWEEP_SECONDS", 0.05)
    async with House() as house:
        bad = await house.connect()
        await bad.until(codes.SETTINGS)
        [held] = house.door._connections.values()

        def fail() -> float | None:
            raise ZeroDivisionError

        assert held.side is not None
        held.side.next_timer = fail  # type: ignore[method-assign]
        await (await house.connect(b"")).gone()
        await bad.gone()


@both
async def test_the_kernel_keeps_as_many_connections_for_us_as_it_may(house: House) -> None:
    listening = house.door._servers[0].sockets[0]
    [backlog] = struct.unpack_from("=I", listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32), 28)
    assert backlog == min(BACKLOG, int(Path("/proc/sys/net/core/somaxconn").read_text()))
