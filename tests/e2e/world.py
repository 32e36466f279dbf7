"""A real lab mesh with a real principal and real agents, started as a user would start them."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import yaml

from mesh.lab import EnvoyMissing, Flavour, LabConfig, LabMesh, Timers, Workload, find_envoy
from meshtether.demo.plan import agent_command, principal_command
from meshtether.demo.processes import Process
from tests.conftest import missing

PATIENCE = 45.0
"""Seconds that a condition may take to come true. Far above what it takes: a failure is a hang, not a slow machine."""


def need_envoy() -> None:
    try:
        find_envoy()
    except EnvoyMissing as error:
        missing(str(error))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait until `condition` gives something true, and give that."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not (found := condition()):
                await asyncio.sleep(0.05)
            return found
    except TimeoutError:
        raise AssertionError(f"never came true: {what}") from None


class World:
    """One mesh, one principal, some agents."""

    def __init__(self, root: Path, lab: LabMesh, port: int, *, mesh: str) -> None:
        self.root = root
        self.lab = lab
        self.admin = f"http://127.0.0.1:{free_port()}"
        self.hub_store = root / "stores" / "principal"
        self.hub_store.mkdir(parents=True)
        command = principal_command(
            mesh=mesh, port=port, admin_port=int(self.admin.rsplit(":", 1)[1]), store=self.hub_store
        )
        self.principal = Process(command, log_path=root / "principal.log")
        self.agents: dict[str, Process] = {}

    def agent(self, name: str, *, heartbeat: str | None = "1s") -> Process:
        store = self.agent_store(name)
        store.mkdir(parents=True, exist_ok=True)
        command = agent_command(name, port=self.lab.agent_port(name), store=store, heartbeat=heartbeat)
        self.agents[name] = Process(command, log_path=self.root / f"{name}.log")
        return self.agents[name]

    def agent_store(self, name: str) -> Path:
        return self.root / "stores" / name

    def agent_file(self, agent: str, application: str) -> Path:
        return self.agent_store(agent) / "argocd" / "applications" / f"{application}.yaml"

    def hub_file(self, agent: str, application: str) -> Path:
        return self.hub_store / f"{agent}-{application}.yaml"

    def write(self, agent: str, application: str, *, path: str = "guestbook") -> Path:
        """Write an Application as a user would, in one go."""
        file = self.hub_file(agent, application)
        temporary = file.with_name(f".{file.name}.new")
        temporary.write_text(
            "# written by a user\n"
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
            f"metadata: {{name: {application}, namespace: {agent}}}\n"
            "spec:\n  project: default\n"
            f"  source: {{repoURL: 'https://example.com/apps.git', path: {path}}}\n"
            f"  destination: {{name: {agent}, namespace: default}}\n"
        )
        temporary.rename(file)
        return file

    def report(self, agent: str, application: str, status: dict[str, Any]) -> None:
        """Write a status on the agent's side, as Argo CD's controller would."""
        file = self.agent_file(agent, application)
        body = read(file)
        assert body is not None
        temporary = file.with_name(f".{file.name}.new")
        temporary.write_text(yaml.safe_dump({**body, "status": status}))
        temporary.rename(file)

    async def connected(self, *names: str) -> dict[str, Any]:
        """Wait until these agents have a stream, and give their records."""
        async with httpx.AsyncClient(base_url=self.admin, trust_env=False) as client:
            async with asyncio.timeout(PATIENCE):
                while True:
                    with contextlib.suppress(httpx.HTTPError):
                        listed = (await client.get("/api/v1/agents")).json()["agents"]
                        found = {entry["name"]: entry for entry in listed if entry["connected"]}
                        if set(names) <= set(found):
                            return {name: found[name] for name in names}
                    await asyncio.sleep(0.05)

    async def record(self, name: str) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self.admin, trust_env=False) as client:
            body: dict[str, Any] = (await client.get(f"/api/v1/agents/{name}")).json()
            return body

    async def start(self, *names: str) -> None:
        """Start the principal and these agents, and wait until they are connected."""
        await self.principal.start()
        await self.principal.wait_for("principal ready")
        for name in names:
            await self.agent(name).start()
        await self.connected(*names)

    async def stop(self) -> None:
        for process in [*self.agents.values(), self.principal]:
            await process.stop()


def read(file: Path) -> dict[str, Any] | None:
    """The one manifest of a file; None while it is not there."""
    try:
        body = yaml.safe_load(file.read_text())
    except FileNotFoundError:
        return None
    assert isinstance(body, dict), f"{file} is half-written: {body!r}"
    return body


def dig(body: dict[str, Any] | None, *path: str) -> Any:
    """A value deep in a manifest; None where there is none."""
    found: Any = body
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


@contextlib.asynccontextmanager
async def world(
    root: Path, *agents: str, mesh: str = "istio", idle: float = 0.0, start: bool = True
) -> AsyncIterator[World]:
    """A mesh with a principal and agents; with `start` they are up and connected."""
    need_envoy()
    port = free_port()
    config = LabConfig(
        principal_port=port,
        agents=agents,
        flavour=Flavour(mesh),
        principal=Workload(name="principal", namespace="argocd"),
        inbound=Timers(stream_idle=idle),
        outbound=Timers(stream_idle=idle),
    )
    async with LabMesh(config, root / "lab") as lab:
        made = World(root, lab, port, mesh=mesh)
        try:
            if start:
                await made.start(*agents)
            yield made
        finally:
            await made.stop()
