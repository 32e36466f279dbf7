"""One sidecar: started, killed, paused, and honest about why it did not start."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from mesh.lab import AdminError, Sidecar, SidecarError
from tests.mesh.lab.standin import alive, eventually, meshed, received, refused, stream


def bare(directory, *, envoy) -> Sidecar:
    """A sidecar of some program, with ports that nobody has."""
    return Sidecar(name="a", envoy=envoy, directory=directory, admin_port=1, inbound_port=2)


def program(path, text):
    path.write_text(text)
    path.chmod(0o755)
    return path


async def test_an_envoy_that_ends_at_once_shows_its_last_words(tmp_path):
    sidecar = bare(tmp_path, envoy=program(tmp_path / "envoy", "#!/bin/sh\necho cannot bind >&2\nexit 1\n"))
    await sidecar.start()
    with pytest.raises(SidecarError, match=r"sidecar a: Envoy did not start.*\n.*cannot bind"):
        await sidecar.ready()
    assert not sidecar.running
    assert await sidecar.wait() == 1


async def test_an_envoy_that_is_never_ready_is_given_up(tmp_path):
    sidecar = bare(tmp_path, envoy=program(tmp_path / "envoy", "#!/bin/sh\nexec sleep 60\n"))
    await sidecar.start()
    try:
        with pytest.raises(SidecarError, match=r"was not ready within 0\.2 s"):
            await sidecar.ready(timeout=0.2)
    finally:
        await sidecar.stop()
    assert not alive(sidecar._process.pid)


async def test_a_program_that_ignores_the_polite_signal_gets_the_other(tmp_path, monkeypatch):
    monkeypatch.setattr("mesh.lab.sidecar.STOP_WITHIN", 0.2)
    stubborn = program(tmp_path / "envoy", "#!/bin/sh\ntrap '' TERM\necho deaf\nwhile :; do sleep 0.01; done\n")
    sidecar = bare(tmp_path, envoy=stubborn)
    await sidecar.start()

    async def deaf() -> bool:
        return sidecar.tail() == ["deaf"]

    await eventually(deaf, "the program ignores the signal")
    await sidecar.stop()
    assert await sidecar.wait() == -signal.SIGKILL


async def test_what_needs_a_process_says_so_when_there_is_none(tmp_path):
    sidecar = bare(tmp_path, envoy=tmp_path / "none")
    assert sidecar.tail() == []
    assert sidecar.access_log() == []
    for action in (lambda: sidecar.pid, sidecar.pause, sidecar.resume):
        with pytest.raises(SidecarError, match="sidecar a: not running"):
            action()
    sidecar.kill()
    await sidecar.stop()
    assert await sidecar.wait() == 0


def test_the_tail_is_the_last_lines_only(tmp_path):
    sidecar = bare(tmp_path, envoy=tmp_path / "none")
    sidecar.log_path.write_bytes(b"".join(b"line %d \xff\n" % number for number in range(100_000)))
    assert sidecar.tail(2) == ["line 99998 \ufffd", "line 99999 \ufffd"]
    assert sidecar.tail(0) == []


def test_a_half_written_line_of_the_access_log_is_left_for_later(tmp_path):
    sidecar = bare(tmp_path, envoy=tmp_path / "none")
    sidecar.access_log_path.write_text('{"flags": "SI"}\n{"fla')
    assert sidecar.access_log() == [{"flags": "SI"}]


@pytest.mark.lab
async def test_a_bootstrap_that_envoy_refuses_is_quoted(tmp_path):
    async with meshed(tmp_path, agents=("a",)) as mesh:
        sidecar = mesh.sidecars["a"]
        await sidecar.stop()
        sidecar.bootstrap_path.write_text("{no json")
        with pytest.raises(SidecarError, match=r"(?s)sidecar a: Envoy did not start; its log ends with.*no json"):
            await sidecar.restart()


@pytest.mark.lab
async def test_a_running_sidecar_cannot_be_started_again(tmp_path):
    async with meshed(tmp_path) as mesh:
        with pytest.raises(SidecarError, match="already running"):
            await mesh.principal_sidecar.start()


@pytest.mark.lab
@pytest.mark.parametrize("side", ["agent-a", "principal"])
async def test_a_killed_sidecar_comes_back_at_the_same_place(side, tmp_path):
    async with meshed(tmp_path, agents=("agent-a",)) as mesh:
        sidecar = mesh.principal_sidecar if side == "principal" else mesh.sidecars[side]
        port = mesh.agent_port("agent-a")
        first = sidecar.pid
        sidecar.kill()
        assert await sidecar.wait() == -signal.SIGKILL
        assert not alive(first)
        await refused(port)
        await sidecar.restart()
        assert sidecar.pid != first
        assert await received(port)


@pytest.mark.lab
async def test_a_paused_sidecar_is_silent_and_goes_on_when_resumed(tmp_path):
    async with meshed(tmp_path, agents=("agent-a",)) as mesh, stream(mesh.agent_port("agent-a")) as call:
        await call.read()
        mesh.principal_sidecar.pause()
        await call.write(b"anybody?")
        answer = asyncio.ensure_future(call.read())
        done, _ = await asyncio.wait([answer], timeout=0.5)
        assert not done
        with pytest.raises(AdminError):
            await _impatient(mesh.principal_sidecar)
        mesh.principal_sidecar.resume()
        assert await answer == b"anybody?"


async def _impatient(sidecar: Sidecar) -> None:
    from mesh.lab import admin

    await admin.get(sidecar.admin_port, "/ready", timeout=0.3)


@pytest.mark.lab
async def test_a_paused_sidecar_can_be_stopped(tmp_path):
    async with meshed(tmp_path) as mesh:
        pid = mesh.principal_sidecar.pid
        mesh.principal_sidecar.pause()
        async with asyncio.timeout(4):
            await mesh.principal_sidecar.stop()
        assert not alive(pid)


@pytest.mark.lab
async def test_the_running_configuration_can_be_read(tmp_path):
    async with meshed(tmp_path, agents=("agent-a",)) as mesh:
        dump = await mesh.principal_sidecar.config_dump()
        kinds = {entry["@type"].rpartition(".")[2] for entry in dump["configs"]}
        assert {"BootstrapConfigDump", "ClustersConfigDump", "ListenersConfigDump", "SecretsConfigDump"} <= kinds
        assert "PRIVATE KEY" not in str(dump)


@pytest.mark.lab
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_the_process_is_envoy_itself_in_a_session_of_its_own(tmp_path):
    async with meshed(tmp_path) as mesh:
        pid = mesh.principal_sidecar.pid
        assert Path(f"/proc/{pid}/exe").readlink().name == "envoy"
        assert os.getsid(pid) == pid
