"""The timers of a sidecar do what the real Envoy does with them, and its own counters say so."""

import asyncio
import contextlib
import time

import grpc
import pytest

from mesh.lab import Flavour, Sidecar, Timers, Workload
from tests.mesh.lab.standin import arrived, eventually, meshed, stream

pytestmark = pytest.mark.lab


async def ending(call) -> tuple[grpc.StatusCode, float]:
    """Read a quiet stream to its end: the status, and how many seconds that took."""
    began = time.monotonic()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    return caught.value.code(), time.monotonic() - began


async def counted(sidecar: Sidecar, name: str) -> None:
    """Wait until the sidecar has counted one."""

    async def once() -> bool:
        return (await sidecar.stats(name)).get(name) == 1

    await eventually(once, f"{sidecar.name} counts {name}")


SIDES = {
    "the principal's sidecar": ({"inbound": Timers(stream_idle=1)}, "inbound"),
    "the agent's sidecar": ({"outbound": Timers(stream_idle=1)}, "outbound"),
    "the route of the principal's": ({"inbound": Timers(route_idle=1)}, "inbound"),
}


@pytest.mark.parametrize(("timers", "side"), SIDES.values(), ids=SIDES.keys())
@pytest.mark.parametrize("flavour", Flavour, ids=str)
async def test_a_quiet_stream_is_killed_by(timers, side, flavour, tmp_path):
    async with meshed(tmp_path, agents=("agent-a",), flavour=flavour, **timers) as mesh:
        killer = mesh.principal_sidecar if side == "inbound" else mesh.sidecars["agent-a"]
        async with stream(mesh.agent_port("agent-a")) as call:
            await arrived(call)
            status, lived = await ending(call)
        assert status is grpc.StatusCode.INTERNAL
        assert 0.8 < lived < 3
        await counted(killer, f"http.{side}.downstream_rq_idle_timeout")

        async def told() -> bool:
            return ("SI", "stream_idle_timeout") in [(e["flags"], e["details"]) for e in killer.access_log()]

        await eventually(told, "the access log names the timer")


async def test_a_stream_with_a_heartbeat_outlives_its_idle_timer(tmp_path):
    timers = Timers(stream_idle=1)
    options = {"agents": ("agent-a",), "inbound": timers, "outbound": timers}
    async with meshed(tmp_path, **options) as mesh, stream(mesh.agent_port("agent-a")) as call:
        await arrived(call)
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            await call.write(b"heartbeat")
            assert await call.read() == b"heartbeat"
            await asyncio.sleep(0.3)
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK


async def test_one_agents_timers_may_differ_from_the_others(tmp_path):
    agents = ("patient", Workload(name="hasty", timers=Timers(stream_idle=1)))
    async with (
        meshed(tmp_path, agents=agents) as mesh,
        stream(mesh.agent_port("patient")) as patient,
        stream(mesh.agent_port("hasty")) as hasty,
    ):
        await arrived(patient)
        await arrived(hasty)
        assert (await ending(hasty))[0] is grpc.StatusCode.INTERNAL
        await patient.write(b"still here")
        assert await patient.read() == b"still here"


async def test_a_streams_age_is_limited_whatever_flows(tmp_path):
    async with meshed(tmp_path, agents=("agent-a",), inbound=Timers(max_stream_duration=1)) as mesh:
        async with stream(mesh.agent_port("agent-a")) as call:
            await arrived(call)
            while not call.done():
                with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
                    await call.write(b"heartbeat")
                    await call.read()
                await asyncio.sleep(0.1)
            assert await call.code() is grpc.StatusCode.INTERNAL
        await counted(mesh.principal_sidecar, "http.inbound.downstream_rq_max_duration_reached")


async def test_on_an_opaque_port_the_connection_is_what_is_idle(tmp_path):
    timers = Timers(tcp_idle=1)
    async with meshed(tmp_path, agents=("agent-a",), outbound=timers, opaque=True) as mesh:
        async with stream(mesh.agent_port("agent-a")) as call:
            await arrived(call)
            assert (await ending(call))[0] is grpc.StatusCode.UNAVAILABLE
        await counted(mesh.sidecars["agent-a"], "tcp.outbound.idle_timeout")
