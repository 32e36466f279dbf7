"""Running a case: one client calls the service at the end of its way, and what must come of it has come of it."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

from principal.rpc import Code
from tests.conftest import missing
from tests.interop.cases import Case
from tests.interop.clients import CLIENTS, PATIENCE, Client, Target
from tests.interop.echo import Echo, Record
from tests.interop.script import Outcomes, outcome
from tests.interop.tools import ToolMissing

LOST_STATUS = {outcome(Code.INTERNAL, "Internal error from Core"): 1}
"""grpc.aio's client, when a stream is ended while it writes: a failed write sets this before the status is read."""

ODDITIES: dict[tuple[str, str], list[Outcomes]] = {
    ("grpcio-aio", name): [LOST_STATUS]
    for name in ("client-interrupted", "bidi-interrupted", "bidi-refused", "bidi-unknown")
}
"""Client and case -> what else may come of it, for reasons that lie in the client."""

_KEYS = itertools.count()


@dataclass
class World:
    """One client, and the service at the end of its way."""

    name: str
    """The client's."""
    service: Echo
    client: Client


async def connected(name: str, target: Target) -> Client:
    """The client of this name, for calls to `target`; where its tools are missing, the test is not run."""
    try:
        return await CLIENTS[name](target)
    except ToolMissing as error:
        missing(str(error))
        raise


async def check(world: World, name: str, case: Case) -> Record:
    """Run a case's script, see what came of it, and give what the service saw."""
    script = replace(case.script, key=f"{name}-{next(_KEYS)}")
    record = world.service.records[script.key]
    async with asyncio.timeout(PATIENCE):
        running = asyncio.create_task(world.client.run(script))
        if case.cancel:
            await until(lambda: record.opened == script.parallel)
            await world.client.cancel(script.key)
        came = comparable(case, await running)
        may = [{case.outcome: script.parallel}, *ODDITIES.get((world.name, name), ())]
        allowed = [comparable(case, each) for each in may]
        assert came in allowed, f"{name} came to {came}, which is none of {allowed}"
        await until(lambda: record.cancelled + len(record.closed) >= case.gone)
    return record


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
    """Wait for a condition, within the caller's timeout."""
    while not condition():
        await asyncio.sleep(0.005)
