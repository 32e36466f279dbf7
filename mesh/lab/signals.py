"""Signals to processes that asyncio watches."""

import asyncio
import os
import signal
import time
from typing import Final

STOP_SECONDS: Final = 2.0
"""Seconds that a child may take to stand still after SIGSTOP: a busy machine may leave one of its threads running."""

STOP_POLL: Final = 0.001
"""Seconds between two looks."""


def send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Send a signal; nothing happens when the process has ended.

    Not by `process.send_signal`: that looks first whether the process has ended, and by looking may take the exit
    status away from the thread that waits for it. asyncio then warns of an unknown child and makes 255 of the status.
    """
    if process.returncode is not None:
        return
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        # It ended a moment ago, and the event loop has not heard of it yet. Nobody else has its number: the kernel
        # gives all others away first.
        pass


def stand_still(process: asyncio.subprocess.Process) -> None:
    """Wait, for STOP_SECONDS at most, until a child that was sent SIGSTOP has stopped with all its threads."""
    until = time.monotonic() + STOP_SECONDS
    try:
        # WNOWAIT: nothing is taken from who waits for its end.
        while os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT | os.WNOHANG) is None:
            if time.monotonic() >= until:
                return
            time.sleep(STOP_POLL)
    except ChildProcessError:
        # It has ended.
        return
