"""The principal as a whole, in one process: what starts, what stops it, and with which status."""

import asyncio
import contextlib
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
import structlog

from hubproto import methods
from principal.config import Attest, PrincipalConfig
from principal.door.sockets import TcpOptions, read_back
from principal.doors import NoTcp
from principal.kernel import LookupFailed
from principal.run import EXIT_FAILED, EXIT_OK, EXIT_UNREADABLE, run
from principal.sockdiag import Endpoint
from principal.syncing import Syncing

AUTH = "identity:x-forwarded-client-cert:spiffe://cluster.local/ns/argocd-agents/sa/{agent}"

pytestmark = pytest.mark.usefixtures("collector_as_before")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path, for sockets."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def config(folder: Path, **more: Any) -> PrincipalConfig:
    store = folder / "store"
    store.mkdir(exist_ok=True)
    given = PrincipalConfig(
        listen_host="127.0.0.1",
        listen_port=0,
        insecure_plaintext=True,
        auth=AUTH,
        namespace="argocd",
        store=store,
        admin_port=0,
        server_transport="own",
        attest=Attest.OFF,
    )
    return replace(given, **more)


@contextlib.asynccontextmanager
async def running(settings: PrincipalConfig) -> AsyncIterator[tuple[Mapping[str, Any], "asyncio.Task[int]"]]:
    """A principal that is ready: the line that it said so with, and its task, stopped in the end."""
    stop = asyncio.Event()
    with structlog.testing.capture_logs() as logs:
        task = asyncio.create_task(run(settings, stop=stop))
        try:
            async with asyncio.timeout(20):
                while not (ready := [line for line in logs if line["event"] == "principal ready"]) and not task.done():
                    await asyncio.sleep(0.01)
            assert ready, logs
            yield ready[0], task
        finally:
            stop.set()
            await asyncio.wait_for(task, 20)


async def version(target: str) -> grpc.StatusCode:
    """How a call ends that needs no login, so that only the door may refuse it."""
    async with grpc.aio.insecure_channel(target, options=[("grpc.enable_http_proxy", 0)]) as channel:
        method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(methods.VERSION)
        return await method(b"", timeout=10).code()


@pytest.mark.parametrize("transport", ["own", "grpcio"])
async def test_the_door_that_was_asked_for_serves(folder: Path, transport: str) -> None:
    async with running(config(folder, server_transport=transport)) as (ready, task):
        assert ready["transport"] == transport
        assert await version(str(ready["listen"])) is grpc.StatusCode.OK
    assert task.result() == EXIT_OK


async def test_the_timers_of_tcp_reach_the_accepted_sockets(folder: Path) -> None:
    timers = {
        "tcp_keepalive_time": 45.0,
        "tcp_keepalive_interval": 7.0,
        "tcp_keepalive_probes": 4,
        "tcp_user_timeout": 73.5,
    }
    async with running(config(folder, **timers)) as (ready, _task):
        host, _, port = str(ready["listen"]).rpartition(":")
        with socket.create_connection((host, int(port))) as client:
            client.setblocking(False)
            name = client.getsockname()
            async with asyncio.timeout(10):
                while (found := accepted_from(name)) is None:
                    await asyncio.sleep(0.01)
    assert found == TcpOptions(keepalive_time=45.0, keepalive_interval=7.0, keepalive_probes=4, user_timeout=73.5)


def accepted_from(name: tuple[str, int]) -> TcpOptions | None:
    """The timers of this process's socket that is connected to `name`."""
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if not str(entry.readlink()).startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(entry.name))) as copy:
                if copy.getpeername() == name:
                    return read_back(copy)
    return None


@pytest.mark.parametrize(("uid", "told"), [(os.geteuid(), "OK"), (os.geteuid() + 1, "UNAUTHENTICATED")])
async def test_a_unix_socket_takes_the_sidecars_user_only(folder: Path, uid: int, told: str) -> None:
    host = f"unix:{folder}/hub.sock"
    async with running(config(folder, listen_host=host, attest=Attest.SOCKET_FILE, sidecar_uids=(uid,))) as (ready, _):
        assert ready["listen"] == host
        assert (await version(host)).name == told


@pytest.mark.parametrize(("uids", "told"), [((), "OK"), ((os.geteuid(),), "OK"), ((65000,), "UNAUTHENTICATED")])
async def test_a_tcp_connection_is_attested(folder: Path, uids: tuple[int, ...], told: str) -> None:
    async with running(config(folder, attest=Attest.NETNS, sidecar_uids=uids)) as (ready, _task):
        assert (await version(str(ready["listen"]))).name == told


async def test_what_the_store_cannot_read_is_named_as_far_as_it_has_a_line(folder: Path) -> None:
    settings = config(folder)
    (folder / "store" / "folder.yaml").mkdir()
    (folder / "store" / "bad.yaml").write_text("a: 1\nb: [\n")
    async with running(settings) as (ready, _task), httpx.AsyncClient(trust_env=False) as client:
        bad, whole = (await client.get(f"{ready['admin']}/readyz")).json()["storeFaults"]
    assert "/store/bad.yaml:" in bad
    assert "/store/folder.yaml: " in whole


async def test_a_taken_address_is_named_and_ends_it(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, structlog.testing.capture_logs() as logs:
        port = taken.getsockname()[1]
        status = await asyncio.wait_for(run(config(folder, listen_port=port), stop=asyncio.Event()), 20)
    assert status == EXIT_FAILED
    assert any(f"127.0.0.1:{port}" in str(line.get("error")) for line in logs)


async def test_without_a_store_it_does_not_begin(folder: Path) -> None:
    status = await asyncio.wait_for(run(config(folder, store=None), stop=asyncio.Event()), 20)
    assert status == EXIT_UNREADABLE


@pytest.mark.parametrize("watcher", ["follow", "mend"])
async def test_a_watcher_that_fails_is_told_and_stops_the_principal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, watcher: str
) -> None:
    async def fail(*_arguments: object) -> None:
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(Syncing, watcher, fail)
    with structlog.testing.capture_logs() as logs:
        status = await asyncio.wait_for(run(config(folder), stop=asyncio.Event()), 20)
    assert status == EXIT_FAILED
    assert [line["event"] for line in logs if line["log_level"] == "error"] == [
        "background work failed",
        "principal failed",
    ]


def test_where_only_unix_sockets_are_listened_on_no_tcp_can_be_looked_up() -> None:
    end = Endpoint.of("127.0.0.1", 1)
    with pytest.raises(LookupFailed, match="only unix sockets"):
        NoTcp().owner(local=end, remote=end)
    assert NoTcp().addresses() == []
