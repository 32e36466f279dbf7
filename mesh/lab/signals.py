"""Signals to processes that asyncio watches."""

import asyncio
import os
import signal


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
