"""WebSockets through two real sidecars, with HTTP/2 beside them on the same port; and an agent that lives by one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from mesh.lab import LabMesh
from meshtether.demo.plan import agent_command, principal_command
from meshtether.demo.processes import Process
from principal.rpc import CallInfo, Code
from tests.e2e.world import free_port
from tests.interop.cases import CASES
from tests.interop.checking import World, check, connected
from tests.interop.clients import CLIENTS, Target
from tests.interop.echo import Echo
from tests.interop.script import Message, Script
from tests.interop.websocket.bridge import bridged
from tests.interop.websocket.door import own_door
from tests.interop.websocket.envoys import sidecars

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]

XFCC = "x-forwarded-client-cert"

THROUGH = [
    "unary", "unary-large", "unary-gzip", "unary-fails", "unary-fails-binary", "unary-unknown", "unary-deadline",
    "unary-parallel", "metadata", "metadata-big", "client", "client-large", "server", "server-large", "server-refused",
    "server-cancelled", "bidi", "bidi-lockstep", "bidi-headers-first", "bidi-large", "bidi-refused", "bidi-cancelled",
    "bidi-deadline", "bidi-parallel",
]  # fmt: skip


class Remembering(Echo):
    """Keeps the headers of its last call."""

    last: CallInfo | None = None

    def _record(self, call: CallInfo):  # type: ignore[no-untyped-def]
        self.last = call
        return super()._record(call)


@dataclass
class Through(World):
    """A client before two sidecars, by WebSocket or by HTTP/2."""

    service: Remembering
    websocket: bool


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Remembering, LabMesh]]:
    service = Remembering()
    door = own_door(service)
    await door.start()
    async with sidecars(int(door.address.rpartition(":")[2]), tmp_path_factory.mktemp("mesh") / "lab") as lab:
        yield service, lab
    await door.stop(0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def through(request: pytest.FixtureRequest, mesh: tuple[Remembering, LabMesh]) -> AsyncIterator[Through]:
    service, lab = mesh
    async with AsyncExitStack() as stack:
        target = Target(f"127.0.0.1:{lab.agent_port('agent-a')}")
        if request.param:
            target = await stack.enter_async_context(bridged(target))
        client = await connected("grpc-go", target)
        stack.push_async_callback(client.close)
        yield Through("grpc-go", service, client, request.param)


@pytest.mark.parametrize("through", [True, False], ids=["websocket", "http2"], indirect=True, scope="module")
@pytest.mark.parametrize("name", THROUGH)
async def test_a_call_through_two_sidecars_comes_to_what_it_comes_to_without(through: Through, name: str) -> None:
    await check(through, name, CASES[name])
    last = through.service.last
    assert last is not None
    assert last.connection.transport == ("websocket" if through.websocket else "h2c")
    (identity,) = last.values(XFCC)
    assert identity.endswith(";URI=spiffe://cluster.local/ns/argocd-agents/sa/agent-a")


async def test_a_sidecar_without_upgrades_says_so(tmp_path: Path) -> None:
    door = own_door(Echo())
    await door.start()
    async with (
        sidecars(int(door.address.rpartition(":")[2]), tmp_path / "lab", upgrades=False) as lab,
        bridged(Target(f"127.0.0.1:{lab.agent_port('agent-a')}")) as target,
    ):
        client = await CLIENTS["grpcio-aio"](target)
        (outcome,) = await client.run(Script("/interop.Echo/Echo", "unary", (Message("x"),), key="refused"))
        await client.close()
    await door.stop(0)
    # Envoy refuses with 403, and puts that for whoever sends gRPC as gRPC wants it: HTTP 200 and PERMISSION_DENIED.
    assert (outcome.code, outcome.message) == (Code.UNAVAILABLE, "transport: HTTP 200 with grpc-status 7")


async def test_an_agent_logs_in_and_keeps_its_stream_alive_by_websocket(tmp_path: Path) -> None:
    port, admin = free_port(), free_port()
    for name in ("principal", "agent"):
        (tmp_path / name).mkdir()
    command = principal_command(mesh="istio", port=port, admin_port=admin, store=tmp_path / "principal")
    async with AsyncExitStack() as stack:
        arguments = (*command.arguments, "--server-transport=own", "--enable-websocket")
        principal = Process(replace(command, arguments=arguments), log_path=tmp_path / "p.log")
        stack.push_async_callback(principal.stop)
        await principal.start()
        await principal.wait_for("principal ready")
        lab = await stack.enter_async_context(sidecars(port, tmp_path / "lab"))
        target = await stack.enter_async_context(bridged(Target(f"127.0.0.1:{lab.agent_port('agent-a')}")))
        bridge = int(target.address.rpartition(":")[2])
        agent = Process(
            agent_command("agent-a", port=bridge, store=tmp_path / "agent", heartbeat="200ms"),
            log_path=tmp_path / "a.log",
        )
        stack.push_async_callback(agent.stop)
        await agent.start()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{admin}", trust_env=False) as client:
            async with asyncio.timeout(45):
                while True:
                    listed = (await client.get("/api/v1/agents")).json()["agents"]
                    if listed and listed[0]["connected"] and listed[0]["heartbeat"]["acked"] >= 3:
                        break
                    await asyncio.sleep(0.05)
        assert listed[0]["name"] == "agent-a"
        assert "spiffe://cluster.local/ns/argocd-agents/sa/agent-a" in str(listed[0])
