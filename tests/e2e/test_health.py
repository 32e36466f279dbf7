"""A principal's health as probes see it, with the stanza of docs/health.md as it stands there."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
import yaml
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from tests.e2e.test_attestation import Principal
from tests.e2e.world import free_port

pytestmark = [pytest.mark.process]

PAGE = Path(__file__).parents[2] / "docs" / "health.md"


def stanzas() -> list[Any]:
    parts = PAGE.read_text().split("```yaml\n")[1:]
    return [yaml.safe_load(part.split("```")[0])["readinessProbe"] for part in parts]


async def exit_status(probe: Any, admin: str) -> int:
    """What the kubelet would see of an exec probe, here with this Python and another port."""
    program, *rest = probe["exec"]["command"]
    assert program == "/opt/meshtether/bin/python"
    arguments = [part.replace("http://127.0.0.1:8090", admin) for part in rest]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stderr=asyncio.subprocess.DEVNULL)
    return await asyncio.wait_for(process.wait(), probe["timeoutSeconds"] * 4)


async def test_the_probes_of_the_manual_see_a_principal_start_and_stop(tmp_path: Path) -> None:
    by_exec, by_grpc = stanzas()
    port = free_port()
    principal = Principal(tmp_path, "--listen-host=127.0.0.1", f"--listen-port={port}", "--attest=off")
    assert await exit_status(by_exec, principal.admin) != 0
    async with principal.running(), grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert await exit_status(by_exec, principal.admin) == 0
        stub = health_pb2_grpc.HealthStub(channel)
        asked = HealthCheckRequest(service=by_grpc["grpc"]["service"])
        async with asyncio.timeout(20):
            assert (await stub.Check(asked)).status == HealthCheckResponse.SERVING
            watch = stub.Watch(asked)
            assert (await watch.read()).status == HealthCheckResponse.SERVING
            await principal.process.stop()
            assert (await watch.read()).status == HealthCheckResponse.NOT_SERVING
            assert await watch.code() is grpc.StatusCode.UNAVAILABLE
