"""One Envoy process: started, asked, paused, killed and started again, always with the same ports and files.

`start` returns once the process exists, `ready` once it takes connections. Its log and access log are appended to
across restarts. Every process hangs on the lab's: it ends with it, however that ends (`mesh.lab.leash`), and it is in a
session of its own, so that Ctrl-C in a terminal reaches the lab and not the sidecars behind its back.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import structlog

from mesh.lab import admin, leash
from mesh.lab.signals import send, stand_still

log = structlog.stdlib.get_logger(__name__)

READY_WITHIN = 30.0
"""Seconds. An Envoy is ready after 0.1 s; fifty that start together on two cores take a few seconds."""

POLL = 0.02
"""Seconds between two looks at whether an Envoy is ready."""

STOP_WITHIN = 5.0
"""Seconds from the polite signal to the other one; Envoy needs a few milliseconds."""

TAIL_LINES = 15
"""Lines of the log that an error quotes."""

TAIL_BYTES = 256 * 1024
"""How much of the end of the log is read to find its last lines."""

FLUSH_MILLISECONDS = 50
"""How long Envoy may keep access log lines to itself; its default of 10 s is longer than most tests."""


class SidecarError(Exception):
    """A sidecar did not do what it was asked to; the message names it and ends with the last lines of its log."""


class Sidecar:
    """The Envoy of one workload."""

    def __init__(
        self, *, name: str, envoy: Path, directory: Path, admin_port: int, inbound_port: int = 0, outbound_port: int = 0
    ) -> None:
        self.name = name
        self.directory = directory
        self.admin_port = admin_port
        self.inbound_port = inbound_port
        """Where other sidecars connect; 0 for an agent's sidecar."""
        self.outbound_port = outbound_port
        """Where its own agent connects; 0 for the principal's sidecar."""
        self.bootstrap_path = directory / "bootstrap.json"
        self.log_path = directory / "envoy.log"
        self.access_log_path = directory / "access.log"
        self._envoy = envoy
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """Whether its process exists (paused counts as running)."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """The process id of the Envoy itself; SidecarError when there is none."""
        return self._alive().pid

    async def start(self) -> None:
        """Start the process. It does not take connections yet: see `ready`."""
        if self.running:
            raise SidecarError(f"sidecar {self.name}: already running, as pid {self.pid}")
        with self.log_path.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._command(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        log.debug("sidecar started", sidecar=self.name, pid=self.pid)

    async def ready(self, timeout: float = READY_WITHIN) -> None:  # noqa: ASYNC109 - how long the caller is patient
        """Wait until it takes connections. SidecarError when it ends first, or is not ready in time (seconds)."""
        try:
            async with asyncio.timeout(timeout):
                while not await admin.ready(self.admin_port):
                    if not self.running:
                        raise self._failure("did not start")
                    await asyncio.sleep(POLL)
        except TimeoutError:
            raise self._failure(f"was not ready within {timeout} s") from None

    async def wait(self) -> int:
        """Wait until the process has ended; its status, negative for a signal, 0 when none was ever started."""
        return 0 if self._process is None else await self._process.wait()

    async def stop(self) -> None:
        """End the process, politely first; nothing happens when it is not running."""
        if not self.running:
            return
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # a paused process handles no other signal but SIGKILL
        try:
            async with asyncio.timeout(STOP_WITHIN):
                await self.wait()
        except TimeoutError:
            self.kill()
            await self.wait()

    def kill(self) -> None:
        """SIGKILL, without waiting; nothing happens when it is not running. `wait` tells when it is gone."""
        if self.running:
            self._signal(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP: its sockets stay open and the kernel answers for them, but nothing is read or written."""
        process = self._alive()
        self._signal(signal.SIGSTOP)
        stand_still(process)

    def resume(self) -> None:
        """SIGCONT."""
        self._alive()
        self._signal(signal.SIGCONT)

    async def restart(self) -> None:
        """Stop it if it runs, start it, and wait until it takes connections on the same ports."""
        await self.stop()
        await self.start()
        await self.ready()

    async def stats(self, prefix: str = "") -> dict[str, int]:
        """Counters and gauges whose name begins with `prefix`, such as `http.inbound.downstream_rq_idle_timeout`."""
        return await admin.stats(self.admin_port, prefix=prefix)

    async def config_dump(self) -> dict[str, Any]:
        """What `/config_dump?include_eds` answers."""
        return await admin.config_dump(self.admin_port)

    def tail(self, lines: int = TAIL_LINES) -> list[str]:
        """The last lines of its log; empty before the first start."""
        try:
            with self.log_path.open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
                text = file.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return []
        return text.splitlines()[-lines:] if lines > 0 else []

    def access_log(self) -> list[dict[str, Any]]:
        """What its access log says so far, oldest first: one entry a stream or connection that has ended."""
        try:
            text = self.access_log_path.read_text("utf-8")
        except FileNotFoundError:
            return []
        # Envoy may be in the middle of its last line.
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def _command(self) -> list[str]:
        """Envoy by way of the leash, without the hot restart machinery: it would tie sidecars to each other."""
        return [
            *(sys.executable, "-I", "-S", str(Path(leash.__file__)), str(os.getpid())),
            *(str(self._envoy), "--config-path", str(self.bootstrap_path)),
            *("--concurrency", "1", "--disable-hot-restart"),
            *("--file-flush-interval-msec", str(FLUSH_MILLISECONDS)),
        ]

    def _alive(self) -> asyncio.subprocess.Process:
        """The running process, or SidecarError."""
        if self._process is None or self._process.returncode is not None:
            raise SidecarError(f"sidecar {self.name}: not running")
        return self._process

    def _signal(self, number: signal.Signals) -> None:
        send(self._alive(), number)

    def _failure(self, what: str) -> SidecarError:
        """An error that shows what the Envoy said last."""
        quoted = "\n  ".join(self.tail()) or "(it logged nothing)"
        return SidecarError(f"sidecar {self.name}: Envoy {what}; its log ends with\n  {quoted}")
