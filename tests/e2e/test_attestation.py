"""Around the sidecar: forged headers from other users, from a unix socket's neighbours, and ten thousand streams.

The principal is a real process, and so is the Envoy in front of it: as root it runs as Istio's user, 1337.
"""

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio
import httpx
import pytest

from hubproto import methods
from hubproto.auth_pb2 import AuthResponse
from hubproto.events import decode, encode, heartbeat
from mesh.lab import LabConfig, LabMesh, Workload, bootstraps, find_envoy, labmesh, ports
from mesh.lab.messages import bootstrap_v3, core_v3
from meshtether.demo.plan import AUTH, Command
from meshtether.demo.processes import Process
from tests.e2e.test_identity import SPOOF
from tests.e2e.world import free_port, need_envoy, until
from tests.principal.dialling import call_as, need_root
from tests.principal.virtual import HEADER, auth_request, subject

pytestmark = [pytest.mark.lab, pytest.mark.process, pytest.mark.timeout(180)]

SIDECAR_UID: Final = 1337
"""Istio's proxy."""

FORGED = ((HEADER, SPOOF),)
"""What the sidecar would write for agent-a, from somebody else."""

AS_SIDECAR: Final = """\
#!/bin/sh
folder=$(dirname "$2")
chmod 755 "$(dirname "$folder")" && chown -R {uid}:{uid} "$folder" || exit 1
exec setpriv --reuid {uid} --regid {uid} --clear-groups --pdeathsig KILL {envoy} "$@"
"""
"""An Envoy that is somebody else's; its folder becomes theirs."""


class Principal:
    """A principal's process, its admin API, and its store in `root`."""

    def __init__(self, root: Path, *arguments: str) -> None:
        self.admin = f"http://127.0.0.1:{free_port()}"
        (root / "store").mkdir()
        everything = (
            "principal",
            "--insecure-plaintext",
            f"--auth={AUTH['istio']}",
            f"--admin-port={self.admin.rsplit(':', 1)[1]}",
            f"--store={root / 'store'}",
            *arguments,
        )
        self.process = Process(Command("principal", everything), log_path=root / "principal.log")

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Principal"]:
        await self.process.start()
        try:
            await self.process.wait_for("principal ready")
            yield self
        finally:
            await self.process.stop()

    async def ask(self, path: str) -> Any:
        async with httpx.AsyncClient(base_url=self.admin, trust_env=False) as client:
            return (await client.get(path)).raise_for_status().json()


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder with a short path that everybody may pass through."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def as_sidecar(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Envoys of the lab run as the sidecar's user."""
    need_envoy()
    need_root()
    wrapper = root / "envoy"
    wrapper.write_text(AS_SIDECAR.format(uid=SIDECAR_UID, envoy=find_envoy()))
    wrapper.chmod(0o755)
    monkeypatch.setattr(labmesh, "find_envoy", lambda: wrapper)
    # A port that is held can be shared with sockets of the same user only.
    monkeypatch.setattr(ports, "HELD", False)


def lab(root: Path, port: int) -> LabMesh:
    config = LabConfig(
        principal_port=port, agents=("agent-a",), principal=Workload(name="principal", namespace="argocd")
    )
    return LabMesh(config, root / "lab")


async def end_of(call: "grpc.aio.StreamStreamCall[bytes, bytes]") -> grpc.StatusCode:
    """How a stream ends, whatever comes before: gRPC tells a stream's end only to who has read it all."""
    with contextlib.suppress(grpc.aio.AioRpcError, asyncio.CancelledError):
        while isinstance(await call.read(), bytes):
            pass
    return await call.code()


async def who(port: int) -> str:
    """Whom the principal takes the caller at this port for."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        answer = await channel.unary_unary(methods.AUTHENTICATE)(auth_request(), timeout=20)
        return subject(AuthResponse.FromString(answer).accessToken)["clientID"]


@pytest.mark.usefixtures("as_sidecar")
async def test_a_sidecar_of_its_own_user_is_believed_and_forged_headers_of_others_are_not(root: Path) -> None:
    port = free_port()
    principal = Principal(root, "--listen-host=127.0.0.1", f"--listen-port={port}", f"--sidecar-uid={SIDECAR_UID}")
    async with principal.running(), lab(root, port) as mesh:
        assert await who(mesh.agent_port("agent-a")) == "agent-a"
        for uid in (0, 1000):
            for method, request in ((methods.AUTHENTICATE, auth_request()), (methods.VERSION, b"")):
                said = await asyncio.to_thread(call_as, f"127.0.0.1:{port}", method, request, uid=uid, metadata=FORGED)
                assert said.startswith("UNAUTHENTICATED")
        shown = await principal.ask("/api/v1/attestation")
        assert (shown["mode"], shown["sidecarUids"]) == ("netns", [SIDECAR_UID])
        assert shown["refused"] == {"peer-not-the-sidecar": 4}
        assert shown["attested"] >= 1
        assert [entry["uid"] for entry in shown["lastRefusals"]] == [1000, 1000, 0, 0]
        # They were refused as they connected, before they said what they wanted.
        assert {entry["method"] for entry in shown["lastRefusals"]} == {""}
        assert all(entry["peer"].startswith("ipv4:127.0.0.1:") for entry in shown["lastRefusals"])
        agents = (await principal.ask("/api/v1/agents"))["agents"]
        assert [agent["name"] for agent in agents] == ["agent-a"]
    log = principal.process.log()
    assert "not the sidecar's" in log
    assert "uid=1000" in log


async def test_without_a_user_id_every_process_of_the_pod_is_believed_as_documented(root: Path) -> None:
    port = free_port()
    principal = Principal(root, "--listen-host=127.0.0.1", f"--listen-port={port}")
    async with principal.running():
        target = f"127.0.0.1:{port}"
        assert await asyncio.to_thread(call_as, target, methods.AUTHENTICATE, auth_request(), metadata=FORGED) == "OK"
        assert (await principal.ask("/api/v1/attestation"))["attested"] == 1


async def test_an_envoy_reaches_a_unix_socket_that_only_its_owner_may_open(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_envoy()
    path = root / "hub.sock"
    real = bootstraps.inbound

    def piped(config: LabConfig, place: bootstraps.Place) -> bootstrap_v3.Bootstrap:
        made = real(config, place)
        [endpoint] = made.static_resources.clusters[0].load_assignment.endpoints[0].lb_endpoints
        endpoint.endpoint.address = core_v3.Address(pipe=core_v3.Pipe(path=str(path)))
        return made

    monkeypatch.setattr(bootstraps, "inbound", piped)
    principal = Principal(root, f"--listen-host=unix:{path}")
    async with principal.running(), lab(root, free_port()) as mesh:
        assert path.stat().st_mode & 0o777 == 0o600
        assert await who(mesh.agent_port("agent-a")) == "agent-a"
        assert (await principal.ask("/api/v1/attestation"))["mode"] == "socket-file"
        if os.geteuid() == 0:
            said = await asyncio.to_thread(
                call_as, f"unix:{path}", methods.AUTHENTICATE, auth_request(), uid=1000, metadata=FORGED
            )
            assert said.startswith("UNAVAILABLE")
            assert "ermission denied" in said
    assert not path.exists()


async def test_a_socket_that_a_killed_principal_left_does_not_stop_the_next(root: Path) -> None:
    path = root / "hub.sock"
    principal = Principal(root, f"--listen-host=unix:{path}")
    await principal.process.start()
    await principal.process.wait_for("principal ready")
    await principal.process.kill()
    assert path.exists()
    async with principal.running():
        said = await asyncio.to_thread(call_as, f"unix:{path}", methods.AUTHENTICATE, auth_request(), metadata=FORGED)
        assert said == "OK"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--listen-host=0.0.0.0", "--attest=off"), "claim to be any agent"),
        (("--attest=off",), "claim to be any agent"),
        (("--server-transport=grpcio", "--listen-host=unix:/tmp/x.sock", "--sidecar-uid=1337"), "--sidecar-uid"),
    ],
)
async def test_what_would_not_hold_is_refused_at_start(root: Path, arguments: tuple[str, ...], told: str) -> None:
    principal = Principal(root, *arguments)
    await principal.process.start()
    await until(lambda: not principal.process.running, "it gives up")
    assert await principal.process.stop() == 2
    assert told in principal.process.log()


async def test_ten_thousand_streams_of_one_identity_leave_the_others_alone(root: Path) -> None:
    port = free_port()
    principal = Principal(root, "--listen-host=127.0.0.1", f"--listen-port={port}")
    async with principal.running(), grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        tokens = {}
        for agent in ("agent-a", "agent-b"):
            identity = (HEADER, SPOOF.replace("agent-a", agent))
            answer = await channel.unary_unary(methods.AUTHENTICATE)(auth_request(), metadata=(identity,))
            tokens[agent] = (identity, ("authorization", AuthResponse.FromString(answer).accessToken))
        subscribe = channel.stream_stream(methods.SUBSCRIBE)
        other = subscribe(metadata=tokens["agent-b"])
        await other.initial_metadata()
        slowest, flood_is_over = 0.0, asyncio.Event()

        async def beat() -> None:
            nonlocal slowest
            while not flood_is_over.is_set():
                started = time.monotonic()
                await other.write(encode(heartbeat("beat")))
                while decode(await asyncio.wait_for(other.read(), 10)).event_id != "beat":
                    pass  # the principal asks for what the agent holds, too
                slowest = max(slowest, time.monotonic() - started)
                await asyncio.sleep(0.05)

        async def flood() -> Counter[grpc.StatusCode]:
            codes: Counter[grpc.StatusCode] = Counter()
            for _ in range(20):
                calls = [subscribe(metadata=tokens["agent-a"]) for _ in range(500)]
                waiting = {asyncio.ensure_future(end_of(call)) for call in calls}
                while len(waiting) > 1:
                    ended, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    codes.update(task.result() for task in ended)
                for call in calls:
                    call.cancel()
                await asyncio.gather(*waiting)
            return codes

        beating = asyncio.create_task(beat())
        codes = await flood()
        flood_is_over.set()
        await beating
        assert set(codes) == {grpc.StatusCode.UNAVAILABLE}
        counts = (await principal.ask("/api/v1/audit"))["counts"]
        assert counts["too-many-streams"] > 9_000
        assert (await principal.ask("/api/v1/agents/agent-a"))["streams"] < 200
        assert slowest < 5.0
        assert not other.done()
