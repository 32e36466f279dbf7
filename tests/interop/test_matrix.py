"""Every client by every way to every door: each call comes to the one outcome that it must come to."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.interop.cases import CASES, CODES
from tests.interop.checking import World, check, connected
from tests.interop.clients import CLIENTS
from tests.interop.doors import WAYS, Way, opened
from tests.interop.echo import Echo

pytestmark = [pytest.mark.process, pytest.mark.asyncio(loop_scope="module")]


@dataclass
class OneWay(World):
    """One client by one way."""

    way: Way


WORLDS = [pytest.param((way, client), id=f"{way}-{client}") for way in WAYS for client in CLIENTS]
PLAIN_WORLDS = [each for each in WORLDS if each.id.split("-grpc")[0] in ("grpcio", "own")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OneWay]:
    way, name = request.param
    service = Echo()
    async with opened(WAYS[way], service, tmp_path_factory.mktemp("way")) as target:
        client = await connected(name, target)
        yield OneWay(name, service, client, WAYS[way])
        await client.close()


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.parametrize("world", WORLDS, indirect=True, scope="module")
async def test_every_call_comes_to_what_it_must_come_to(world: OneWay, name: str) -> None:
    case = CASES[name]
    record = await check(world, name, case)
    if case.one_connection and not world.way.envoy:
        assert len(record.connections) == 1


@pytest.mark.parametrize("world", PLAIN_WORLDS, indirect=True, scope="module")
async def test_every_status_code_arrives(world: OneWay) -> None:
    for name, case in CODES.items():
        await check(world, name, case)
