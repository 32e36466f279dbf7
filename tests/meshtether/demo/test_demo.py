"""The demo itself, as a user runs it."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from meshtether.demo import run
from meshtether.demo.plan import DemoConfig
from tests.e2e.world import need_envoy

pytestmark = [pytest.mark.lab, pytest.mark.process, pytest.mark.timeout(240)]

COMMAND = [sys.executable, "-m", "meshtether", "demo"]


@pytest.mark.parametrize("mesh", ["istio", "linkerd"])
def test_it_shows_what_it_promises_and_ends_with_zero(tmp_path: Path, mesh: str) -> None:
    need_envoy()
    done = subprocess.run(
        [*COMMAND, "--mesh", mesh, "--agents", "2", "--for", "14s", "--dir", tmp_path / "demo"],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The demo kept its promises." in done.stdout
    assert "stream_idle_timeout 5s at" in done.stdout
    assert "$ meshtether principal --listen-host=127.0.0.1" in done.stdout
    assert "[NO]" not in done.stdout
    assert (tmp_path / "demo" / "logs" / "principal.log").exists()


def test_ctrl_c_ends_it_in_order_and_leaves_no_process_behind(tmp_path: Path) -> None:
    need_envoy()
    with (tmp_path / "out").open("w+") as output:
        demo = subprocess.Popen([*COMMAND, "--dir", tmp_path / "demo"], stdout=output, stderr=output)
        deadline = time.monotonic() + 60
        while "Try meanwhile" not in (tmp_path / "out").read_text():
            assert demo.poll() is None, (tmp_path / "out").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        children = _descendants(demo.pid)
        demo.send_signal(signal.SIGINT)
        # Too early for the quiet agent to have died: the demo says so, and does not claim what it has not shown.
        assert demo.wait(60) == 1, (tmp_path / "out").read_text()
    assert len(children) >= 9
    assert [pid for pid in children if _alive(pid)] == []
    said = (tmp_path / "out").read_text()
    assert "it has not died yet" in said
    assert said.endswith("The demo was stopped before it had shown everything that it promises.\n")


def test_an_admin_port_that_is_taken_meanwhile_is_not_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    need_envoy()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        looks = iter([taken])
        real = run._free_port
        monkeypatch.setattr(run, "ADMIN_PORT", taken)
        monkeypatch.setattr(run, "_admin_port", lambda: next(looks, None) or real())
        run.run(DemoConfig(agents=1, seconds=0.1, directory=tmp_path, plain=True))
    said = capsys.readouterr()
    assert f"Port {taken} was taken meanwhile" in said.out
    assert "Try meanwhile: curl" in said.out, said.err


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert run.run(DemoConfig(directory=tmp_path / "file" / "demo")) == 3
    assert capsys.readouterr().err == (
        f"meshtether demo: {tmp_path}/file/demo: Not a directory; --dir names another folder\n"
    )


def test_without_an_envoy_one_sentence_says_how_to_get_it(tmp_path: Path) -> None:
    # A folder before the environment's own, whose `envoy` has nothing: what a user without the extra has.
    (tmp_path / "envoy").mkdir()
    (tmp_path / "envoy" / "__init__.py").write_text("raise ImportError('not installed')")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PATH": str(tmp_path)}
    done = subprocess.run(COMMAND, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert done.returncode == 3
    assert "meshtether[lab]" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *_descendants(int(child))]
    return found


def _alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
