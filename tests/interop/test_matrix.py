"""Every client by every way to every door: each call comes to the one outcome that it must come to."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

import pytest
import pytest_asyncio

from principal.rpc import Code
from tests.conftest import missing
from tests.interop.cases import CASES, CODES, Case
from tests.interop.clients import CLIENTS, PATIENCE, Client
from tests.interop.doors import WAYS, Way, opened
from tests.interop.echo import Echo
from tests.interop.script import Outcomes, outcome
from tests.interop.tools import ToolMissing

pytestmark = [pytest.mark.process, pytest.mark.asyncio(loop_scope="module")]


@dataclass
class World:
    """One client, and the service at the end of its way."""

    name: str
    way: Way
    service: Echo
    client: Client
    keys: "itertools.count[int]" = field(default_factory=itertools.count)


LOST_STATUS = {outcome(Code.INTERNAL, "Internal error from Core"): 1}
"""grpc.aio's client, when a stream is ended while it writes: a failed write sets this before the status is read."""

ODDITIES: dict[tuple[str, str], list[Outcomes]] = {
    ("grpcio-aio", name): [LOST_STATUS]
    for name in ("client-interrupted", "bidi-interrupted", "bidi-refused", "bidi-unknown")
}
"""Client and case -> what else may come of it, for reasons that lie in the client."""

WORLDS = [pytest.param((way, client), id=f"{way}-{client}") for way in WAYS for client in CLIENTS]
PLAIN_WORLDS = [each for each in WORLDS if each.id.split("-grpc")[0] in ("grpcio", "own")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    way, name = request.param
    service = Echo()
    async with opened(WAYS[way], service, tmp_path_factory.mktemp("way")) as target:
        try:
            client = await CLIENTS[name](target)
        except ToolMissing as error:
            missing(str(error))
            raise
        yield World(name, WAYS[way], service, client)
        await client.close()


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.parametrize("world", WORLDS, indirect=True, scope="module")
async def test_every_call_comes_to_what_it_must_come_to(world: World, name: str) -> None:
    await check(world, CASES[name], name)


@pytest.mark.parametrize("world", PLAIN_WORLDS, indirect=True, scope="module")
async def test_every_status_code_arrives(world: World) -> None:
    for name, case in CODES.items():
        await check(world, case, name)


async def check(world: World, case: Case, name: str) -> None:
    """Run a case's script, and see what came of it and what the service saw."""
    script = replace(case.script, key=f"{name}-{next(world.keys)}")
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
    if case.one_connection and not world.way.envoy:
        assert len(record.connections) == 1


def comparable(case: Case, outcomes: Outcomes) -> Outcomes:
    """The outcomes, without a message that each client words as it likes."""
    if case.message_matters:
        return outcomes
    merged: Outcomes = {}
    for each, times in outcomes.items():
        plain = replace(each, message="")
        merged[plain] = merged.get(plain, 0) + times
    return merged


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)
