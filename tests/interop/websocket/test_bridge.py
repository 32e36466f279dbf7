"""gRPC's own clients by WebSocket: each call comes to what it comes to over HTTP/2."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
import pytest_asyncio

from tests.conftest import missing
from tests.interop.cases import CASES
from tests.interop.clients import CLIENTS, PATIENCE, Target
from tests.interop.echo import Echo
from tests.interop.test_matrix import ODDITIES, World, comparable, until
from tests.interop.tools import ToolMissing
from tests.interop.websocket.bridge import bridged
from tests.interop.websocket.door import own_door
from tests.principal.certificates import FixedTls, write_roots

pytestmark = [pytest.mark.process, pytest.mark.asyncio(loop_scope="module")]

KEYS = itertools.count()

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
        try:
            client = await CLIENTS[name](target)
        except ToolMissing as error:
            missing(str(error))
            raise
        stack.push_async_callback(client.close)
        yield World(name, None, service, client)  # type: ignore[arg-type]


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
    case = CASES[name]
    script = replace(case.script, key=f"{name}-{next(KEYS)}")
    record = world.service.records[script.key]
    async with asyncio.timeout(PATIENCE):
        running = asyncio.create_task(world.client.run(script))
        if case.cancel:
            await until(lambda: record.opened == script.parallel)
            await world.client.cancel(script.key)
        outcomes = await running
        allowed = [{case.outcome: script.parallel}, *ODDITIES.get((world.name, name), ())]
        assert comparable(case, outcomes) in [comparable(case, each) for each in allowed]
        await until(lambda: record.cancelled + len(record.closed) >= case.gone)
    assert len(record.connections) >= record.opened, "each call has a connection of its own"
