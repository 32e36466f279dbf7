"""A door that has run out of file descriptors: it is not busy with that, and serves again as soon as there are some."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from principal.door.http2 import codes, frames
from tests.principal.door.starved import DESCRIPTORS

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[3]
HELLO = codes.PREFACE + frames.settings([])
WATCHED = 2.0
"""Seconds over which its share of a CPU is taken."""


def spent(pid: int) -> float:
    """CPU seconds of a process."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def served(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=2) as one, contextlib.suppress(OSError):
        one.sendall(HELLO)
        return bool(one.recv(100))
    return False


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_door_without_descriptors_waits_for_some(loop: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.principal.door.starved", loop]
    pipe = subprocess.PIPE
    with (
        (tmp_path / "errors").open("wb") as errors,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, cwd=ROOT) as process,
        contextlib.ExitStack() as stack,
    ):
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with contextlib.ExitStack() as crowd:
            for _ in range(2 * DESCRIPTORS):
                one = crowd.enter_context(socket.create_connection(("127.0.0.1", port)))
                one.sendall(HELLO)
            deadline = time.monotonic() + 10
            while len(list(Path(f"/proc/{process.pid}/fd").iterdir())) < DESCRIPTORS - 1:
                assert time.monotonic() < deadline, "it never ran out"
                time.sleep(0.05)
            time.sleep(1)
            before = spent(process.pid)
            time.sleep(WATCHED)
            assert spent(process.pid) - before < 0.2 * WATCHED
        deadline = time.monotonic() + 10
        while not served(port):
            assert time.monotonic() < deadline, "it does not serve again"
            time.sleep(0.1)
        stack.callback(process.wait, 10)
        assert process.stdin is not None
        process.stdin.close()
