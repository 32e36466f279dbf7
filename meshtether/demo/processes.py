"""Real `meshtether` processes, each with a log of its own; the tests start principals and agents the same way."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mesh.lab import leash
from mesh.lab.signals import send
from meshtether.demo.plan import Command

STOP_WITHIN: Final = 10.0
"""Seconds from SIGTERM to SIGKILL; a principal gives calls in flight three."""

POLL: Final = 0.05
"""Seconds between two looks at a log."""

TAIL: Final = 12
"""Lines of a log that an error quotes."""


class ProcessError(Exception):
    """A process ended, or did not do what was waited for; the message ends with the last lines of its log."""


class Process:
    """One command, started as a process that ends with this one, however that ends."""

    def __init__(self, command: Command, *, log_path: Path, env: Mapping[str, str] | None = None) -> None:
        self.command = command
        self.log_path = log_path
        self._env = dict(os.environ if env is None else env)
        self._process: asyncio.subprocess.Process | None = None
        self._log_start = 0

    @property
    def running(self) -> bool:
        """Whether the process exists."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Its process id; ProcessError when there is none."""
        return self._alive().pid

    async def start(self) -> None:
        """Start it; `wait_for` tells when it has come so far."""
        arguments = [str(os.getpid()), sys.executable, "-m", "meshtether", *self.command.arguments]
        self._log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(Path(leash.__file__)), *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._env,
                # Ctrl-C in a terminal reaches the demo, which ends its children in order.
                start_new_session=True,
            )

    async def wait_for(self, text: str, *, within: float = 30.0) -> None:
        """Wait until the log of this start says `text`; ProcessError when the process ends or time is up (seconds)."""
        try:
            async with asyncio.timeout(within):
                while text not in self.log():
                    if not self.running:
                        raise self._failure(f"ended before it said {text!r}")
                    await asyncio.sleep(POLL)
        except TimeoutError:
            raise self._failure(f"did not say {text!r} within {within:.0f} s") from None

    def log(self) -> str:
        """What it has logged since the last start."""
        try:
            with self.log_path.open("rb") as file:
                file.seek(self._log_start)
                return file.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    async def wait(self) -> int:
        """Wait until it has ended; its exit status, negative for a signal."""
        return 0 if self._process is None else await self._process.wait()

    async def stop(self) -> int:
        """End it politely, then not; its exit status."""
        if self.running:
            self.signal(signal.SIGTERM)
            self.signal(signal.SIGCONT)
            try:
                async with asyncio.timeout(STOP_WITHIN):
                    return await self.wait()
            except TimeoutError:
                self.signal(signal.SIGKILL)
        return await self.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens when it is not running."""
        if self._process is not None:
            send(self._process, number)

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        await self.wait()

    def _alive(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            raise self._failure("is not running")
        return self._process

    def _failure(self, what: str) -> ProcessError:
        quoted = "\n  ".join(self.log().splitlines()[-TAIL:]) or "(nothing)"
        return ProcessError(f"{self.command.name} {what}; its log ends with\n  {quoted}")
