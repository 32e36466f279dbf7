"""A door that stops: real clients finish what is open, and are told when their time is up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from principal.rpc import Code, Door
from tests.interop.cases import CASES
from tests.interop.checking import connected, until
from tests.interop.clients import CLIENTS, PATIENCE, Client, Target
from tests.interop.doors import LOOPBACK, own
from tests.interop.echo import Echo
from tests.interop.script import Message, Script, outcome

pytestmark = pytest.mark.process

LONG = 3600.0
"""Seconds of grace that no test waits for."""

WAITING = Script("/interop.Echo/Meet", "bidi", (Message("1000"),), key="waiting")
"""A call that the service answers when the test says so."""


@dataclass
class Home:
    """A door, its service, and a client."""

    door: Door
    service: Echo
    client: Client


@asynccontextmanager
async def home(name: str) -> AsyncIterator[Home]:
    service = Echo()
    door = own(service, LOOPBACK, None)
    await door.start()
    client = await connected(name, Target(door.address))
    async with asyncio.timeout(PATIENCE):
        yield Home(door, service, client)
    await client.close()
    await door.stop(0)


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_call_that_is_open_is_finished_and_the_door_waits_no_longer(name: str) -> None:
    async with home(name) as place:
        record = place.service.records[WAITING.key]
        running = asyncio.create_task(place.client.run(WAITING))
        await until(lambda: bool(record.meeting))
        stopping = asyncio.create_task(place.door.stop(LONG))
        await asyncio.sleep(0)
        record.meeting[0]()
        assert await running == {outcome(Code.OK, "", [b"met"]): 1}
        await stopping


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_call_that_stays_open_is_ended_with_unavailable_when_the_grace_is_over(name: str) -> None:
    async with home(name) as place:
        record = place.service.records[WAITING.key]
        running = asyncio.create_task(place.client.run(WAITING))
        await until(lambda: bool(record.meeting))
        await place.door.stop(0.2)
        [(ended, _)] = (await running).items()
        assert ended.code == Code.UNAVAILABLE, ended
        assert len(record.closed) == 1
        script = replace(CASES["unary"].script, key="after")
        [(refused, _)] = (await place.client.run(script)).items()
        assert refused.code == Code.UNAVAILABLE, refused
