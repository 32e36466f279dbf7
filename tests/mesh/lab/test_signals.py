"""Signals leave the exit status to the event loop."""

import asyncio
import signal
import sys
import time
from pathlib import Path

import pytest

from mesh.lab.signals import send, stand_still


@pytest.mark.parametrize("code", range(20, 30))
async def test_signals_around_the_end_leave_the_exit_status_alone(code: int) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-I", "-S", "-c", f"raise SystemExit({code})")
    deadline = time.monotonic() + 20
    # Whoever looked for the end here would find it before asyncio does in about every second run.
    while Path(f"/proc/{process.pid}").exists():
        send(process, signal.SIGCONT)
        assert time.monotonic() < deadline
    assert await process.wait() == code
    send(process, signal.SIGTERM)
    assert process.returncode == code


async def test_a_signal_reaches_a_living_process() -> None:
    process = await asyncio.create_subprocess_exec("sleep", "60")
    send(process, signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL


async def test_a_child_that_is_stopped_stands_still_and_its_end_is_still_heard() -> None:
    process = await asyncio.create_subprocess_exec("sleep", "60")
    for _ in range(5):
        send(process, signal.SIGSTOP)
        stand_still(process)
        state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        assert state == "T"
        send(process, signal.SIGCONT)
    send(process, signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL
    stand_still(process)
