"""What the lab's tests put at both ends of the mesh: a stand-in for the principal, and a stand-in for an agent.

The principal's answers each stream with the metadata it received, then echoes. It knows nothing of the hub's protocol.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from mesh.lab import LabConfig, LabMesh

METHOD = "/room.Echo/Echo"
DEADLINE = 20.0
"""Seconds for any call of a test; none needs one."""

PATIENCE = 10.0
"""Seconds to wait for what must happen."""

OPTIONS = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0))

XFCC = "x-forwarded-client-cert"
L5D = "l5d-client-id"
CEO = "By=spiffe://cluster.local/ns/argocd/sa/principal;Hash=00;URI=spiffe://cluster.local/ns/argocd-agents/sa/ceo"


async def _echo(requests: AsyncIterator[bytes], context: Any) -> None:
    await context.send_initial_metadata(())
    received = [[key, value] for key, value in context.invocation_metadata() if isinstance(value, str)]
    await context.write(json.dumps(received).encode())
    async for message in requests:
        await context.write(message)


@asynccontextmanager
async def stand_in() -> AsyncIterator[int]:
    """A plaintext server on 127.0.0.1; its port."""
    server = grpc.aio.server()
    handlers = {"Echo": grpc.stream_stream_rpc_method_handler(_echo)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("room.Echo", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


@asynccontextmanager
async def meshed(directory: Path, **options: Any) -> AsyncIterator[LabMesh]:
    """A lab with the stand-in behind it."""
    async with stand_in() as port, LabMesh(LabConfig(principal_port=port, **options), directory) as mesh:
        yield mesh


@asynccontextmanager
async def stream(port: int, metadata: Sequence[tuple[str, str]] = ()) -> AsyncIterator[Any]:
    """One open stream by way of a plaintext port."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=OPTIONS) as channel:
        yield channel.stream_stream(METHOD)(metadata=tuple(metadata), timeout=DEADLINE)


async def arrived(call: Any) -> dict[str, list[str]]:
    """The metadata that reached the stand-in; its first message."""
    answer = await call.read()
    if answer is grpc.aio.EOF:
        raise AssertionError(f"the stream ended before its first message: {await call.code()} {await call.details()}")
    metadata: dict[str, list[str]] = {}
    for key, value in json.loads(answer):
        metadata.setdefault(key, []).append(value)
    return metadata


async def received(port: int, metadata: Sequence[tuple[str, str]] = ()) -> dict[str, list[str]]:
    """Open a stream, and return the metadata that reached the stand-in."""
    async with stream(port, metadata) as call:
        return await arrived(call)


async def refused(port: int) -> str:
    """Open a stream that the mesh must not let through; the text of the status."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await received(port)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    return str(caught.value.details())


async def eventually(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until `condition` holds; fail, naming `what`, when it does not within PATIENCE seconds."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not await condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"not within {PATIENCE} s: {what}")


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False
