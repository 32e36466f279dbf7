"""Unix sockets, refusals of unary calls, peers that read nothing: grpcio's door, and the own one like it."""

import asyncio
import contextlib
import shutil
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import grpc
import grpc.aio
import pytest

from hubproto import methods
from principal import outlet
from principal.door import call as own_call
from principal.door.options import DoorOptions
from principal.door.server import OwnDoor
from principal.door_grpcio import GrpcioDoor
from principal.hub import METHODS
from principal.rpc import OK, CallInfo, Code, Door, DoorError, Kind, Sink, Status, unavailable
from tests.principal.test_doors import until


@dataclass
class Handler:
    """Remembers how its stream went."""

    sink: Sink
    messages: list[bytes] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    def on_message(self, message: bytes) -> None:
        self.messages.append(message)

    def on_half_closed(self) -> None:
        self.sink.end(OK)

    def on_writable(self) -> None:
        """Nothing waits for it here."""

    def on_closed(self, reason: str) -> None:
        self.closed.append(reason)


@dataclass
class Plain:
    """A service that opens every stream and tells every unary call to come back later."""

    calls: list[CallInfo] = field(default_factory=list)
    handlers: list[Handler] = field(default_factory=list)

    def kind(self, method: str) -> Kind | None:
        return METHODS.get(method)

    async def unary(self, _method: str, _request: bytes, call: CallInfo) -> bytes:
        self.calls.append(call)
        raise unavailable("too much", wait=1.5)

    def open_stream(self, _method: str, call: CallInfo, sink: Sink) -> Handler:
        self.calls.append(call)
        self.handlers.append(Handler(sink))
        return self.handlers[-1]


def grpcio_door(service: Plain, host: str) -> Door:
    return GrpcioDoor(service, host=host, port=0, max_message=1 << 24, ping_min_interval=0.0)


def own_door(service: Plain, host: str) -> Door:
    return OwnDoor(service, host=host, port=0, options=DoorOptions(max_message=1 << 24))


MakeDoor = Callable[[Plain, str], Door]


@pytest.fixture(params=[grpcio_door, own_door], ids=["grpcio", "own"])
def door(request: pytest.FixtureRequest) -> MakeDoor:
    return cast("MakeDoor", request.param)


@contextlib.asynccontextmanager
async def served(door: MakeDoor, service: Plain, host: str) -> AsyncIterator[Door]:
    opened = door(service, host)
    await opened.start()
    try:
        yield opened
    finally:
        await opened.stop(0)


@pytest.fixture
def place() -> Iterator[Path]:
    """Where a socket may lie; short, for a socket's path has 107 bytes."""
    folder = Path(tempfile.mkdtemp())
    yield folder / "hub.sock"
    shutil.rmtree(folder)


async def test_a_refused_unary_call_carries_its_trailers(door: MakeDoor) -> None:
    async with served(door, Plain(), "127.0.0.1") as opened, grpc.aio.insecure_channel(opened.address) as channel:
        call = channel.unary_unary(methods.AUTHENTICATE)(b"")
        assert await asyncio.wait_for(call.code(), 10) is grpc.StatusCode.UNAVAILABLE
        assert dict(await call.trailing_metadata() or ()) == {methods.RETRY_PUSHBACK: "1500"}


async def test_a_unix_socket_serves_its_owner_alone_and_is_gone_afterwards(door: MakeDoor, place: Path) -> None:
    service = Plain()
    async with served(door, service, f"unix:{place}") as opened:
        assert opened.address == f"unix:{place}"
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        async with grpc.aio.insecure_channel(opened.address) as channel:
            await channel.stream_stream(methods.SUBSCRIBE)().initial_metadata()
        assert [call.connection.peer for call in service.calls] == ["unix:"]
    assert list(place.parent.iterdir()) == []


async def test_a_socket_that_a_dead_principal_left_is_in_nobodys_way(door: MakeDoor, place: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(place))
    service = Plain()
    async with served(door, service, f"unix:{place}"), grpc.aio.insecure_channel(f"unix:{place}") as channel:
        await channel.stream_stream(methods.SUBSCRIBE)().initial_metadata()
    assert len(service.handlers) == 1


async def test_two_principals_do_not_take_one_socket_from_each_other(door: MakeDoor, place: Path) -> None:
    service = Plain()
    async with served(door, service, f"unix:{place}"):
        with pytest.raises(DoorError, match="another process listens"):
            await door(Plain(), f"unix:{place}").start()
        async with grpc.aio.insecure_channel(f"unix:{place}") as channel:
            await channel.stream_stream(methods.SUBSCRIBE)().initial_metadata()
    assert len(service.handlers) == 1


async def test_a_peer_that_reads_nothing_is_let_go_in_bounded_time(
    door: MakeDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlet, "END_GRACE", 0.2)
    monkeypatch.setattr(own_call, "END_GRACE", 0.2)
    service = Plain()
    async with served(door, service, "127.0.0.1") as opened, grpc.aio.insecure_channel(opened.address) as channel:
        call = channel.stream_stream(methods.SUBSCRIBE)()
        await call.initial_metadata()
        await until(lambda: bool(service.handlers))
        [handler] = service.handlers
        for _ in range(80):
            handler.sink.send(b"x" * 100_000)
        await until(lambda: not handler.sink.writable())
        assert handler.closed == []
        handler.sink.end(Status(Code.UNAVAILABLE, "enough"))
        await until(lambda: bool(handler.closed))


async def test_a_peer_that_reads_gets_all_that_was_sent_before_the_end(
    door: MakeDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlet, "END_GRACE", 5.0)
    service = Plain()
    async with served(door, service, "127.0.0.1") as opened, grpc.aio.insecure_channel(opened.address) as channel:
        call = channel.stream_stream(methods.SUBSCRIBE)()
        await call.initial_metadata()
        await until(lambda: bool(service.handlers))
        [handler] = service.handlers
        for _ in range(20):
            handler.sink.send(b"x" * 100_000)
        handler.sink.end(Status(Code.UNAVAILABLE, "enough"))
        for _ in range(20):
            assert len(await asyncio.wait_for(call.read(), 10)) == 100_000
        assert await asyncio.wait_for(call.code(), 10) is grpc.StatusCode.UNAVAILABLE
        await until(lambda: bool(handler.closed))
