"""The whole lab: nobody is left behind, two labs do not meet, and members come, go and renew their certificates."""

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from mesh.lab import EnvoyMissing, LabConfig, LabConfigError, LabMesh, SidecarError, find_envoy, labmesh
from tests.mesh.lab.standin import XFCC, alive, arrived, eventually, meshed, received, stand_in, stream

pytestmark = pytest.mark.lab


def pids(mesh: LabMesh) -> list[int]:
    return [sidecar.pid for sidecar in (mesh.principal_sidecar, *mesh.sidecars.values())]


async def test_leaving_the_context_ends_every_process(tmp_path):
    async with meshed(tmp_path, agents=("a", "b")) as mesh:
        running = pids(mesh)
        assert all(map(alive, running))
    assert not any(map(alive, running))


async def test_a_folder_may_be_a_text(tmp_path):
    async with LabMesh(LabConfig(principal_port=1, agents=("a",)), str(tmp_path / "lab")) as mesh:
        assert mesh.directory == tmp_path / "lab"
        assert (tmp_path / "lab" / "a" / "bootstrap.json").exists()


async def test_an_error_inside_leaves_no_envoy_behind(tmp_path):
    running: list[int] = []

    async def failing() -> None:
        async with meshed(tmp_path, agents=("a", "b")) as mesh:
            running.extend(pids(mesh))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    assert running
    assert not any(map(alive, running))


async def test_a_cancelled_task_leaves_no_envoy_behind(tmp_path):
    running: list[int] = []
    up = asyncio.Event()

    async def lab() -> None:
        async with meshed(tmp_path, agents=("a", "b")) as mesh:
            running.extend(pids(mesh))
            up.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(lab())
    await up.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert running
    assert not any(map(alive, running))


async def test_a_lab_that_cannot_start_leaves_no_envoy_behind(tmp_path, monkeypatch):
    log = tmp_path / "pids"
    script = tmp_path / "envoy"
    script.write_text(
        f'#!/bin/sh\necho $$ >> {log}\ncase "$*" in *broken*) echo oh no >&2; exit 1;; esac\nexec {find_envoy()} "$@"\n'
    )
    script.chmod(0o755)
    monkeypatch.setattr(labmesh, "find_envoy", lambda: script)
    with pytest.raises(SidecarError, match=r"(?s)sidecar broken: .*oh no"):
        async with meshed(tmp_path / "lab", agents=("a", "broken")):
            pytest.fail("the lab started")
    started = [int(line) for line in log.read_text().split()]
    assert len(started) == 3
    assert not any(map(alive, started))


async def test_without_an_envoy_the_lab_says_how_to_get_one(tmp_path, monkeypatch):
    def none() -> Path:
        raise EnvoyMissing("get one so")

    monkeypatch.setattr(labmesh, "find_envoy", none)
    with pytest.raises(EnvoyMissing):
        async with LabMesh(LabConfig(principal_port=1), tmp_path / "lab"):
            pytest.fail("the lab started")


PARENT = """
import asyncio, json, sys
from pathlib import Path
from mesh.lab import LabConfig, LabMesh

async def main():
    config = LabConfig(principal_port=1, agents=("a", "b"))
    async with LabMesh(config, Path(sys.argv[1])) as mesh:
        everyone = (mesh.principal_sidecar, *mesh.sidecars.values())
        print(json.dumps([s.pid for s in everyone]), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a parent-death signal")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
async def test_envoys_die_with_the_process_that_started_them(number, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "lab")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[3],
    )
    running: list[int] = []
    try:
        lines = iter(process.stdout.readline, b"")
        text = await asyncio.to_thread(next, (line for line in lines if line.startswith(b"[")))
        running = json.loads(text)
        assert len(running) == 3
        assert all(map(alive, running))
        process.send_signal(number)

        async def gone() -> bool:
            return not any(map(alive, running))

        await eventually(gone, "all Envoys are gone")
    finally:
        process.kill()
        process.communicate()
        for pid in filter(alive, running):
            os.kill(pid, signal.SIGKILL)


async def test_two_labs_side_by_side_do_not_meet(tmp_path):
    first = meshed(tmp_path / "one", agents=("agent-a",), trust_domain="one.example")
    second = meshed(tmp_path / "two", agents=("agent-a",), trust_domain="two.example")
    async with first as one, second as two:
        for _ in range(5):
            for mesh in (one, two):
                (header,) = (await received(mesh.agent_port("agent-a")))[XFCC]
                assert header.endswith(f"URI={mesh.identity_of('agent-a')}")
        assert one.identity_of("agent-a") != two.identity_of("agent-a")


async def test_all_agents_share_one_connection_to_the_principal(tmp_path):
    async with (
        meshed(tmp_path, agents=("a", "b", "c")) as mesh,
        stream(mesh.agent_port("a")) as a,
        stream(mesh.agent_port("b")) as b,
        stream(mesh.agent_port("c")) as c,
    ):
        who = [(await arrived(call))[XFCC][0].rpartition("/")[2] for call in (a, b, c)]
        assert who == ["a", "b", "c"]
        name = "cluster.inbound.upstream_cx_active"
        assert (await mesh.principal_sidecar.stats(name))[name] == 1


async def test_an_agent_can_join_and_leave_a_running_lab(tmp_path):
    async with meshed(tmp_path, agents=("a",)) as mesh:
        with pytest.raises(LabConfigError, match="one of this name"):
            await mesh.add_agent("a")
        sidecar = await mesh.add_agent("late")
        assert mesh.sidecars["late"] is sidecar
        assert (await received(mesh.agent_port("late")))[XFCC][0].endswith(mesh.identity_of("late"))
        pid = sidecar.pid
        await mesh.remove_agent("late")
        assert not alive(pid)
        with pytest.raises(LookupError, match=r"'late'.*\['a'\]"):
            mesh.agent_port("late")


async def test_a_name_the_lab_does_not_have_is_named(tmp_path):
    async with meshed(tmp_path) as mesh:
        for question in (mesh.identity_of, mesh.credentials, mesh.agent_port):
            with pytest.raises(LookupError, match="nobody"):
                question("nobody")


async def hash_seen(port: int) -> str:
    (header,) = (await received(port))[XFCC]
    return header.split(";")[1]


async def test_an_agents_rotation_reaches_new_connections_and_spares_open_streams(tmp_path):
    async with meshed(tmp_path, agents=("agent-a",)) as mesh:
        port = mesh.agent_port("agent-a")
        async with stream(port) as call:
            old = (await arrived(call))[XFCC][0].split(";")[1]
            await mesh.rotate("agent-a")
            await call.write(b"still here")
            assert await call.read() == b"still here"
        assert await hash_seen(port) == old  # the pool keeps the TLS connection it has
        await mesh.principal_sidecar.restart()
        assert await hash_seen(port) != old


async def test_the_principals_rotation_is_seen_by_the_next_to_connect(tmp_path):
    async with meshed(tmp_path, agents=("agent-a",)) as mesh:
        files = mesh.credentials("principal")
        context = ssl.create_default_context(cafile=str(files.trust))
        context.check_hostname = False
        context.load_cert_chain(files.certificate, files.key)

        async def shown() -> str:
            port = mesh.principal_sidecar.inbound_port
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
            certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            writer.close()
            return ssl.DER_cert_to_PEM_cert(certificate)

        old = files.certificate.read_text()
        assert await shown() == old
        await mesh.rotate("principal")
        assert await shown() == files.certificate.read_text() != old


async def test_a_sidecar_that_is_down_gets_its_new_certificate_when_it_starts(tmp_path):
    async with meshed(tmp_path, agents=("agent-a",)) as mesh:
        port = mesh.agent_port("agent-a")
        old = await hash_seen(port)
        await mesh.sidecars["agent-a"].stop()
        await mesh.rotate("agent-a")
        await mesh.sidecars["agent-a"].restart()
        assert await hash_seen(port) != old


async def test_the_labs_folder_is_for_its_owner_only(tmp_path):
    async with meshed(tmp_path / "lab", agents=("agent-a",)) as mesh:
        assert (tmp_path / "lab").stat().st_mode & 0o077 == 0
        assert mesh.credentials("agent-a").key.stat().st_mode & 0o177 == 0


async def test_before_it_is_entered_a_lab_has_no_sidecars(tmp_path):
    async with stand_in() as port:
        mesh = LabMesh(LabConfig(principal_port=port, agents=("a",)), tmp_path)
        assert dict(mesh.sidecars) == {}
        with pytest.raises(SidecarError, match="enter its context"):
            _ = mesh.principal_sidecar
