"""What every door owes the hub and its agents, by WebSocket: the same tests as for the doors over HTTP/2."""

import inspect
from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc
import pytest

from hubproto.methods import VERSION as VERSION_METHOD
from mesh.identity.rules import parse_rule
from principal.auth.header import HeaderMethod
from principal.clock import LoopClock
from principal.door_grpcio import MAX_METADATA_BYTES
from principal.hub import Hub
from principal.login import Login
from tests.interop.clients import Target
from tests.interop.websocket.bridge import bridged
from tests.interop.websocket.door import own_door
from tests.principal import test_doors as contract
from tests.principal.virtual import AUTH, ISSUER, VERSION

pytestmark = pytest.mark.process

OTHERWISE = {
    "test_agents_on_one_connection_share_its_id_and_others_do_not": "each call has a connection of its own",
    "test_headers_above_the_limit_are_refused_every_time": "below: before the upgrade, only HTTP can refuse",
    "test_frequent_pings_are_no_offence_when_no_limit_is_set": "HTTP/2's pings end where its connection does",
}
"""Tests of the contract that mean something else here, and why."""

globals().update(
    {
        name: test
        for name, test in vars(contract).items()
        if name.startswith("test_") and "house" in inspect.signature(test).parameters and name not in OTHERWISE
    }
)


@dataclass
class Bridged:
    """A door as its clients see it: at the bridge's address."""

    address: str


@pytest.fixture
async def house() -> AsyncIterator[contract.House]:
    login = Login(HeaderMethod(parse_rule(AUTH)), ISSUER, namespace="argocd", version=VERSION)
    hub = Hub(login, LoopClock(), session_timeout=None)
    door = own_door(hub)
    await door.start()
    async with bridged(Target(door.address)) as target:
        home = contract.House(hub, Bridged(target.address), contract.DOORS["own"])  # type: ignore[arg-type]
        yield home
        for channel in home.channels:
            await channel.close()
        hub.close()
        await door.stop(1.0)


async def test_a_head_above_the_limit_is_refused_every_time_by_431(house: contract.House) -> None:
    method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
    method = house.channel().unary_unary(VERSION_METHOD)
    for _ in range(20):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await method(b"", metadata=(("x-big", "v" * (MAX_METADATA_BYTES + 1_000)),))
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
        assert "HTTP 431" in (raised.value.details() or "")


async def test_each_call_has_a_connection_of_its_own(house: contract.House) -> None:
    shared = house.channel()
    streams = [house.subscribe(name, channel=shared) for name in ("agent-a", "agent-b")]
    for stream in streams:
        await stream.opened()
    sessions = list(house.hub.agents.sessions())
    assert len({session.connection.id for session in sessions}) == 2
    assert {session.connection.transport for session in sessions} == {"websocket"}


def test_every_test_that_is_left_out_exists() -> None:
    assert set(OTHERWISE) <= set(vars(contract))
