"""Long identity headers at the principal's doors: the same header gets the same answer, each of a thousand times.

gRPC core on its own refuses headers between 8 and 16 kB at random; the door sets both of its limits to one value.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import grpc
import grpc.aio
import pytest

from hubproto import methods
from mesh.identity.header import MAX_HEADER_BYTES
from mesh.identity.rules import parse_rule
from mesh.lab import LabConfig, LabMesh, Workload, XfccMode
from principal.door.options import DoorOptions
from principal.door.server import OwnDoor
from principal.door_grpcio import GrpcioDoor
from principal.hub import METHODS
from principal.rpc import CallInfo, Door, Kind, Sink, StreamHandler
from tests.e2e.world import need_envoy
from tests.mesh.identity.samples import AGENT_A, XFCC_RULE, element
from tests.mesh.lab.standin import DEADLINE, OPTIONS, XFCC

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

SIZES = (7_000, 8_500, 12_000, 15_900, 16_100, MAX_HEADER_BYTES, MAX_HEADER_BYTES + 1, 60_000)
"""Bytes of the header."""

TIMES = 1_000
AT_ONCE = 20
LYING = XfccMode.ALWAYS_FORWARD_ONLY


class Asked:
    """Answers each call with what the identity rule says."""

    rule = parse_rule(XFCC_RULE)

    def kind(self, method: str) -> Kind | None:
        return METHODS.get(method)

    async def unary(self, _method: str, _request: bytes, call: CallInfo) -> bytes:
        verdict = self.rule.identify(call.values(XFCC))
        return (verdict.agent or verdict.refused or "").encode()

    def open_stream(self, method: str, call: CallInfo, sink: Sink) -> StreamHandler:
        raise AssertionError(f"nobody opens a stream: {method} {call} {sink}")


def own() -> Door:
    return OwnDoor(Asked(), host="127.0.0.1", port=0, options=DoorOptions(max_message=1 << 20))


def grpcio() -> Door:
    return GrpcioDoor(Asked(), host="127.0.0.1", port=0, max_message=1 << 20, ping_min_interval=0)


DOORS = pytest.mark.parametrize("make", [own, grpcio])


@contextlib.asynccontextmanager
async def opened(make: Callable[[], Door]) -> AsyncIterator[int]:
    door = make()
    await door.start()
    try:
        yield int(door.address.rsplit(":", 1)[1])
    finally:
        await door.stop(0)


def header(size: int) -> str:
    """An agent's element with a long Chain, `size` bytes in all."""
    return f'Chain="{"a" * (size - len(element(AGENT_A)) - len("Chain=" + chr(34) * 2 + ";"))}";{element(AGENT_A)}'


async def answers(port: int, size: int, times: int) -> Counter[str]:
    """What so many calls with a header of that size were told, or how they failed."""
    value, gate = header(size), asyncio.Semaphore(AT_ONCE)
    assert len(value) == size
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=OPTIONS) as channel:
        ask = channel.unary_unary(methods.AUTHENTICATE)

        async def one() -> str:
            async with gate:
                try:
                    return (await ask(b"", metadata=((XFCC, value),), timeout=DEADLINE)).decode()
                except grpc.aio.AioRpcError as error:
                    return f"{error.code().name}: {error.details()}"

        return Counter(await asyncio.gather(*(one() for _ in range(times))))


def expected(size: int) -> str:
    return "agent-a" if size <= MAX_HEADER_BYTES else "header-length"


@DOORS
@pytest.mark.parametrize("size", SIZES)
async def test_a_header_of_one_size_gets_one_answer_a_thousand_times(make: Callable[[], Door], size: int) -> None:
    async with opened(make) as port:
        assert await answers(port, size, TIMES) == {expected(size): TIMES}


@DOORS
async def test_through_two_sidecars_the_answers_are_the_same(make: Callable[[], Door], tmp_path: Path) -> None:
    need_envoy()
    async with opened(make) as port:
        caller = Workload(name="caller", forward_client_cert=LYING)
        config = LabConfig(principal_port=port, agents=(caller,), xfcc_mode=LYING)
        async with LabMesh(config, tmp_path) as lab:
            for size in SIZES:
                found = await answers(lab.agent_port("caller"), size, TIMES // 10)
                assert found == {expected(size): TIMES // 10}, size
