"""The example with two plain Envoys, by the commands of its README: real Envoys, a real principal, a real agent."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest

from mesh.lab import leash
from tests.e2e.world import PATIENCE, free_port, need_envoy
from tests.examples.rendering import EXAMPLES

FOLDER: Final = EXAMPLES / "envoy"
PORTS: Final = ("8443", "18443", "15443", "9901", "9902", "8090")
"""Those of the README and of what is generated; each run takes free ones instead."""

SERVERS: Final = ("envoy ", "meshtether principal ", "meshtether agent ")
"""What a terminal of its own is for."""

AGENT: Final = "spiffe://cluster.local/ns/argocd-agents/sa/agent-a"

pytestmark = [pytest.mark.lab, pytest.mark.process]


def blocks() -> list[str]:
    """The commands of the README, block by block."""
    parts = (FOLDER / "README.md").read_text("utf-8").split("\n```sh\n")[1:]
    return [part.partition("\n```")[0] for part in parts]


@dataclass
class Trial:
    """The example in a folder of its own, with ports of its own."""

    folder: Path
    ports: dict[str, str]
    servers: list[asyncio.subprocess.Process]

    def ported(self, text: str) -> str:
        """The text with the ports of this run instead of the README's; a port is a word of its own."""
        words = "".join(each if each.isalnum() else f"\0{each}\0" for each in text).split("\0")
        return "".join(self.ports.get(word, word) for word in words)

    @property
    def environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "MESHTETHER_ADMIN_PORT": self.ports["8090"]}

    async def run(self, block: str) -> str:
        """What a block of commands says."""
        process = await asyncio.create_subprocess_exec(
            *("bash", "-eu", "-c", self.ported(block)),
            cwd=self.folder,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, f"{block}\n{output.decode()}"
        for made in (self.folder / "etc").glob("*.yaml"):
            made.write_text(self.ported(made.read_text("utf-8")), "utf-8")
        return output.decode()

    async def serve(self, block: str) -> None:
        """Start what stands in a terminal of its own; it ends with this process."""
        log = (self.folder / f"{len(self.servers)}.log").open("wb")
        with log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(Path(leash.__file__)), str(os.getpid())),
                *(str(shutil.which("bash")), "-c", f"exec {self.ported(block)}"),
                cwd=self.folder,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.servers.append(process)

    def logs(self) -> str:
        return "\n".join(path.read_text("utf-8", "replace")[-2000:] for path in sorted(self.folder.glob("*.log")))

    async def connected(self) -> dict[str, object]:
        """What the principal says of its one agent, as soon as that has a stream."""
        url = f"http://127.0.0.1:{self.ports['8090']}/api/v1/agents"
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                async with asyncio.timeout(PATIENCE):
                    while True:
                        try:
                            found: list[dict[str, object]] = (await client.get(url)).json()["agents"]
                        except httpx.TransportError:
                            found = []
                        if found and found[0]["connected"]:
                            return found[0]
                        await asyncio.sleep(0.05)
            except TimeoutError:
                raise AssertionError(f"no agent came:\n{self.logs()}") from None


@asynccontextmanager
async def trial(folder: Path) -> AsyncIterator[Trial]:
    shutil.copytree(FOLDER, folder)
    made = Trial(folder, {port: str(free_port()) for port in PORTS}, [])
    try:
        yield made
    finally:
        for each in reversed(made.servers):
            if each.returncode is None:
                each.terminate()
        await asyncio.gather(*(each.wait() for each in made.servers))


async def test_the_readmes_commands_connect_an_agent_that_is_known_by_its_certificate(tmp_path: Path) -> None:
    need_envoy()
    make, place, *rest = blocks()
    servers = [each for each in rest if each.startswith(SERVERS)]
    look, write, count, refuse = (each for each in rest if each not in servers)
    assert [each.split()[0] for each in servers] == ["envoy", "envoy", "meshtether", "meshtether"]

    async with trial(tmp_path / "envoy") as example:
        assert "nothing found in 5 documents" in await example.run(make)
        await example.run(place)
        for each in servers:
            await example.serve(each)
        agent = await example.connected()
        assert (agent["name"], agent["identity"]) == ("agent-a", AGENT)
        assert AGENT in await example.run(look)

        await example.run(write)
        arrived = example.folder / "stores/agent-a/argocd-agents/applications/guestbook.yaml"
        async with asyncio.timeout(PATIENCE):
            while not arrived.exists():
                await asyncio.sleep(0.05)

        counted = await example.run(count)
        assert "http.principal.downstream_rq_active: 1" in counted
        assert "nothing found in 1 document" in counted
        assert "alert certificate unknown" in await example.run(refuse)
