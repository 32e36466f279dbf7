"""A whole agent with a directory store, against a scripted principal."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs
from structlog.typing import EventDict

from agent.config import AgentConfig
from agent.run import EXIT_FINE, EXIT_UNREADABLE, run
from hubproto.events import EventType
from tests.agent.fake_principal import Call, FakePrincipal, Script, until
from tests.agent.samples import SPEC, sent, theirs

Configs = Callable[..., AgentConfig]
FILE = Path("argocd/applications/shop.yaml")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


@pytest.fixture
def logs() -> Iterator[list[EventDict]]:
    with capture_logs() as captured:
        yield captured


@asynccontextmanager
async def agent_running(config: AgentConfig) -> AsyncIterator["asyncio.Task[int]"]:
    stop = asyncio.Event()
    task = asyncio.create_task(run(config, stop=stop))
    try:
        yield task
    finally:
        stop.set()
        assert await asyncio.wait_for(task, 10) == EXIT_FINE


def read(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        return {}
    assert isinstance(data, dict)
    return data


class Talk:
    """A stream on which a test says what it likes."""

    def __init__(self) -> None:
        self.principal = FakePrincipal(Script(stream=self._hold))

    async def _hold(self, call: Call) -> None:
        await call.ended.wait()

    async def tell(self, kind: EventType, **changes: Any) -> None:
        """Send an Application event and wait for its ack."""
        call = await self.principal.stream()
        event = sent(kind, theirs(**changes))
        before = len(call.acks())
        await call.send(event)
        await until(lambda: len(call.acks()) > before)
        assert call.acks()[-1].event_id == event.event_id

    async def heard(self, kind: EventType) -> dict[str, Any]:
        """The payload of the newest event of a type."""
        call = await self.principal.stream()
        await until(lambda: [event for event in call.others() if event.type == kind])
        payload = next(event for event in reversed(call.others()) if event.type == kind).payload()
        assert isinstance(payload, dict)
        return payload


async def test_an_application_comes_changes_and_goes(config: Configs, store: Path) -> None:
    talk = Talk()
    async with talk.principal.serve() as principal, agent_running(config(principal.port)):
        await talk.tell(EventType.CREATE)
        assert read(store / FILE)["spec"]["destination"] == {"name": "in-cluster", "namespace": "shop", "server": ""}
        await talk.tell(EventType.SPEC_UPDATE, version="2", spec=SPEC | {"project": "other"})
        assert read(store / FILE)["spec"]["project"] == "other"
        await talk.tell(EventType.DELETE, version="3")
        assert not (store / FILE).exists()
        assert (await talk.heard(EventType.DELETE))["metadata"]["name"] == "shop"


async def test_an_offer_repeated_leaves_the_file_alone(config: Configs, store: Path) -> None:
    talk = Talk()
    async with talk.principal.serve() as principal, agent_running(config(principal.port)):
        await talk.tell(EventType.CREATE)
        before = (store / FILE).stat()
        await talk.tell(EventType.CREATE)
        assert (store / FILE).stat().st_mtime_ns == before.st_mtime_ns
        assert (store / FILE).stat().st_ino == before.st_ino


async def test_a_status_written_into_the_file_goes_back(config: Configs, store: Path) -> None:
    talk = Talk()
    async with talk.principal.serve() as principal, agent_running(config(principal.port)):
        await talk.tell(EventType.CREATE)
        data = read(store / FILE) | {"status": {"sync": {"status": "Synced"}}}
        (store / FILE).write_text(yaml.safe_dump(data))
        assert (await talk.heard(EventType.STATUS_UPDATE))["status"] == {"sync": {"status": "Synced"}}


async def test_a_spec_edited_in_the_file_is_asked_about(config: Configs, store: Path) -> None:
    talk = Talk()
    async with talk.principal.serve() as principal, agent_running(config(principal.port)):
        await talk.tell(EventType.CREATE)
        data = read(store / FILE)
        data["spec"]["project"] = "edited"
        (store / FILE).write_text(yaml.safe_dump(data))
        assert (await talk.heard(EventType.REQUEST_UPDATE))["uid"] == "uid-1"
        await talk.tell(EventType.SPEC_UPDATE)
        assert read(store / FILE)["spec"]["project"] == "default"


async def test_a_deleted_file_is_asked_about(config: Configs, store: Path) -> None:
    talk = Talk()
    async with talk.principal.serve() as principal, agent_running(config(principal.port)):
        await talk.tell(EventType.CREATE)
        (store / FILE).unlink()
        assert (await talk.heard(EventType.REQUEST_UPDATE))["name"] == "shop"
        await talk.tell(EventType.SPEC_UPDATE)
        assert read(store / FILE)["metadata"]["name"] == "shop"


async def test_a_restarted_agent_asks_about_what_it_has(config: Configs, store: Path) -> None:
    first, second = Talk(), Talk()
    async with first.principal.serve() as principal, agent_running(config(principal.port)):
        await first.tell(EventType.CREATE)
    async with second.principal.serve() as principal, agent_running(config(principal.port)):
        assert (await second.heard(EventType.REQUEST_SYNCED_RESOURCE_LIST))["checksum"]
        assert (await second.heard(EventType.REQUEST_UPDATE))["name"] == "shop"
    assert read(store / FILE)["metadata"]["uid"]


@pytest.mark.usefixtures("store")
async def test_what_is_started_is_logged(config: Configs, logs: list[EventDict]) -> None:
    async with FakePrincipal().serve() as principal, agent_running(config(principal.port)):
        await principal.stream()
    (line,) = [line for line in logs if line["event"] == "agent starting"]
    assert (line["transport"], line["why"]) == ("plaintext", "a test says so")
    assert logs[-1]["event"] == "agent stopped"


async def test_an_autonomous_agent_needs_no_store(config: Configs, logs: list[EventDict]) -> None:
    settings = {"mode": "autonomous", "heartbeat_interval": 0.05}
    async with FakePrincipal().serve() as principal, agent_running(config(principal.port, **settings)):
        call = await principal.stream()
        await until(lambda: len(call.heartbeats()) > 2)
        event = sent(EventType.SPEC_UPDATE, theirs())
        await call.send(event)
        await until(lambda: [ack for ack in call.acks() if ack.event_id == event.event_id])
        assert principal.logins[0].mode == "autonomous"
    assert len([line for line in logs if "autonomous" in line["event"]]) == 1


async def test_a_missing_store_is_named(config: Configs, logs: list[EventDict], tmp_path: Path) -> None:
    assert await run(config(1, store=tmp_path / "none"), stop=asyncio.Event()) == EXIT_UNREADABLE
    assert logs[-1]["event"] == "store unreadable"
    assert str(tmp_path / "none") in logs[-1]["reason"]


@pytest.mark.usefixtures("store")
async def test_missing_credentials_are_named(config: Configs, logs: list[EventDict], tmp_path: Path) -> None:
    settings = config(1, creds_method="userpass", creds_config=str(tmp_path / "none"))
    assert await run(settings, stop=asyncio.Event()) == EXIT_UNREADABLE
    assert logs[-1]["event"] == "credentials unreadable"
