"""A door in a process of its own, on uvloop as in production: what is done to it must not be done to the test.

`python -m tests.interop.standalone WAY` serves the echo service, prints `{"address": …, "pid": …}`, and ends with its
standard input.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop

from tests.interop.doors import BESIDE, WAYS, opened
from tests.interop.echo import Echo

ROOT: Final = Path(__file__).parents[2]

START_SECONDS: Final = 30.0
"""Seconds until it listens; two on a busy machine."""


@dataclass(frozen=True, slots=True)
class Standalone:
    """A door that runs in another process."""

    address: str
    pid: int

    @property
    def host(self) -> str:
        """The host part of its address."""
        return self.address.rpartition(":")[0]

    @property
    def port(self) -> int:
        """The port part of its address."""
        return int(self.address.rpartition(":")[2])

    def memory(self) -> int:
        """Bytes of its memory that are resident."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def peak(self) -> int:
        """Bytes that were resident at most, since its start or since that was last reset."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def files(self) -> int:
        """File descriptors that it has open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


@asynccontextmanager
async def standalone(way: str) -> AsyncIterator[Standalone]:
    """Start a door, and end it."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.interop.standalone", way, stdin=pipe, stdout=pipe, cwd=ROOT
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            door = Standalone(**json.loads(await process.stdout.readline()))
        yield door
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _serve(way: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with opened((WAYS | BESIDE)[way], Echo(), Path(folder)) as target:
            sys.stdout.write(json.dumps({"address": target.address, "pid": os.getpid()}) + "\n")
            sys.stdout.flush()
            await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1]))
