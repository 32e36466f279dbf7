"""gRPC's own clients by WebSocket: each call comes to what it comes to over HTTP/2."""

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from tests.interop.cases import CASES
from tests.interop.checking import World, check, connected
from tests.interop.clients import Target
from tests.interop.echo import Echo
from tests.interop.websocket.bridge import bridged
from tests.interop.websocket.door import own_door
from tests.principal.certificates import FixedTls, write_roots

pytestmark = [pytest.mark.process, pytest.mark.asyncio(loop_scope="module")]

WAYS = {"plaintext": False, "tls": True}

COMBINATIONS = [("plaintext", "grpcio-aio"), ("plaintext", "grpc-go"), ("tls", "grpc-go")]
"""Two clients: what is on the wire is the bridge's, whoever is behind it."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    way, name = request.param
    service = Echo()
    async with AsyncExitStack() as stack:
        own = own_door(service, FixedTls() if WAYS[way] else None)
        await own.start()
        stack.push_async_callback(own.stop, 0.0)
        roots = (write_roots(tmp_path_factory.mktemp("roots")), "localhost") if WAYS[way] else ()
        target = await stack.enter_async_context(bridged(Target(own.address, *roots)))
        client = await connected(name, target)
        stack.push_async_callback(client.close)
        yield World(name, service, client)


@pytest.mark.parametrize(
    ("world", "name"),
    [
        pytest.param(world, case, id=f"{'-'.join(world)}-{case}")
        for world, case in itertools.product(COMBINATIONS, CASES)
    ],
    indirect=["world"],
    scope="module",
)
async def test_a_call_in_a_websocket_comes_to_what_it_comes_to_over_http2(world: World, name: str) -> None:
    record = await check(world, name, CASES[name])
    assert len(record.connections) >= record.opened, "each call has a connection of its own"
