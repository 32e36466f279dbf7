"""The principal's own TLS as a user runs it: real processes, certificates in files, no mesh."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import bcrypt
import httpx
import pytest

from meshtether.demo.plan import Command
from meshtether.demo.processes import Process
from principal.auth.certificate import fingerprint
from tests.e2e.world import PATIENCE, free_port, until
from tests.principal.certificates import client, der, server, write, write_roots

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]

SPIFFE = "spiffe://cluster.local/ns/argocd-agents/sa/{}"
MTLS = "--auth=mtls:uri:^spiffe://cluster\\.local/ns/argocd-agents/sa/([^/]+)$"


class Site:
    """A principal with TLS of its own, and agents."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.admin_port = free_port(), free_port()
        self.processes: list[Process] = []
        self.roots = write_roots(folder)

    async def principal(self, *more: str) -> Process:
        certificate, key = write(self.folder, "server", server())
        store = self.folder / "principal"
        store.mkdir(exist_ok=True)
        arguments = (
            "principal",
            "--listen-host=127.0.0.1",
            f"--listen-port={self.port}",
            f"--admin-port={self.admin_port}",
            f"--store={store}",
            f"--tls-cert={certificate}",
            f"--tls-key={key}",
            f"--root-ca-path={self.roots}",
            *more,
        )
        return await self.run("principal", arguments, "principal ready")

    async def agent(self, name: str, *more: str, until_: str = "stream open") -> Process:
        store = self.folder / name
        store.mkdir(exist_ok=True)
        arguments = (
            "agent",
            "--server-address=localhost",
            f"--server-port={self.port}",
            f"--root-ca-path={self.roots}",
            "--agent-mode=managed",
            "--heartbeat-interval=1s",
            f"--store={store}",
            *more,
        )
        return await self.run(name, arguments, until_)

    async def run(self, name: str, arguments: tuple[str, ...], ready: str) -> Process:
        process = Process(Command(name, arguments), log_path=self.folder / f"{name}.log")
        self.processes.append(process)
        await process.start()
        await process.wait_for(ready, within=PATIENCE)
        return process

    def certified(self, name: str) -> tuple[str, ...]:
        certificate, key = write(self.folder, name, client("", SPIFFE.format(name)))
        return ("--creds=mtls:", f"--tls-client-cert={certificate}", f"--tls-client-key={key}")

    async def record(self, name: str) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.admin_port}", trust_env=False) as http:
            body: dict[str, Any] = (await http.get(f"/api/v1/agents/{name}")).json()
            return body


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path)
    yield made
    for process in reversed(made.processes):
        await process.stop()


async def test_agents_come_in_by_certificate_are_synced_and_can_be_revoked(site: Site) -> None:
    blocklist = site.folder / "blocklist"
    blocklist.write_text("")
    principal = await site.principal(MTLS, f"--tls-blocklist={blocklist}")
    assert "TLS 1.2 is accepted" not in principal.log()
    agent = await site.agent("agent-a", *site.certified("agent-a"))
    record = await site.record("agent-a")
    assert record["connected"]
    assert record["identity"] == SPIFFE.format("agent-a")

    (site.folder / "principal" / "guestbook.yaml").write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
        "metadata: {name: guestbook, namespace: agent-a}\n"
        "spec: {project: default, source: {repoURL: 'https://example.com/a.git', path: x},\n"
        "       destination: {name: agent-a}}\n"
    )
    await until(lambda: list((site.folder / "agent-a").rglob("guestbook.yaml")), "the Application reached the agent")

    blocklist.write_text(f"{fingerprint(der(client('', SPIFFE.format('agent-a')))).lower()}\n")
    await agent.wait_for("authentication-refused", within=PATIENCE)
    record = await site.record("agent-a")
    assert not record["connected"]
    assert record["lastDeath"]["cause"] == "certificate-revoked"
    assert "rule=certificate-blocked" in principal.log()


async def test_an_agent_comes_in_by_password_over_tls(site: Site) -> None:
    users, credentials = site.folder / "users", site.folder / "credentials"
    users.write_text(f"agent-a:{bcrypt.hashpw(b'secret', bcrypt.gensalt(10)).decode()}\n")
    credentials.write_text("agent-a:secret\n")
    await site.principal(f"--auth=userpass:{users}")
    await site.agent("agent-a", f"--creds=userpass:{credentials}")
    assert (await site.record("agent-a"))["connected"]

    credentials.write_text("agent-a:other\n")
    refused = await site.agent("agent-b", f"--creds=userpass:{credentials}", until_="authentication-refused")
    assert "stream open" not in refused.log()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((MTLS, "--server-transport=grpcio", "--tls-min-version=tls1.3"), "--tls-min-version"),
        (("--auth=userpass:/nowhere",), "/nowhere"),
        ((MTLS, "--insecure-plaintext=true"), "mtls authentication cannot be used with --insecure-plaintext"),
    ],
)
async def test_what_cannot_be_is_bad_usage(site: Site, arguments: tuple[str, ...], told: str) -> None:
    process = Process(
        Command("principal", ("principal", f"--store={site.folder}", f"--root-ca-path={site.roots}", *arguments)),
        log_path=site.folder / "principal.log",
    )
    await process.start()
    assert await process.wait() == 2
    assert told in process.log()
