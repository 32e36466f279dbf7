"""The bridge from gRPC to gRPC in a WebSocket, as a process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from tests.conftest import missing
from tests.interop import tools
from tests.interop.clients import Target

PATIENCE: Final = 10.0
"""Seconds for the process to listen, and to leave."""


@asynccontextmanager
async def bridged(target: Target) -> AsyncIterator[Target]:
    """Lead to `target`, each call in a WebSocket of its own."""
    try:
        program = tools.websocket_bridge()
    except tools.ToolMissing as error:
        missing(str(error))
        raise
    arguments = ["--target", target.address, "--name", target.name]
    if target.roots is not None:
        arguments += ["--roots", str(target.roots)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(str(program), *arguments, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), PATIENCE)
        yield Target(line.decode().strip())
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except TimeoutError:
            process.kill()
            await process.wait()
