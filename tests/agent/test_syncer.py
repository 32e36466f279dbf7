import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

import agent.syncer
from agent.inbox import Inbox
from agent.outbox import Outbox
from agent.sync import Planner
from agent.syncer import Passive, Syncer
from agent.tokens import Claims
from agent.transport import Login
from hubproto.events import Event, EventType, Target, ack
from stores.model import Change, StoreError, Synced
from tests.agent.fake_principal import until
from tests.agent.memory_store import MemoryStore
from tests.agent.samples import SPEC, key, ours, sent, theirs


@dataclass
class Running:
    store: MemoryStore
    syncer: Syncer
    outbox: Outbox
    task: "asyncio.Task[None]"
    logs: list[EventDict]

    async def next(self) -> Event:
        return await asyncio.wait_for(self.outbox.next(), 5)


@asynccontextmanager
async def syncing(store: MemoryStore) -> AsyncIterator[Running]:
    with capture_logs() as logs:
        outbox = Outbox(stamp=lambda: "2026-01-01T00:00:00Z")
        ids = iter(range(10**6))
        planner = Planner(namespace="argocd", view=store, new_id=lambda: f"id-{next(ids)}")
        syncer = Syncer(store, planner, outbox)
        syncer.logged_in(Login(Claims("agent-a", "managed", None), "argocd", "1"))
        task = asyncio.create_task(syncer.run())
        try:
            await until(syncer._loaded.is_set)
            yield Running(store, syncer, outbox, task, logs)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


CREATE = sent(EventType.CREATE, theirs())
UPDATE = sent(EventType.SPEC_UPDATE, theirs(version="2", spec=SPEC | {"project": "other"}))
DELETE = sent(EventType.DELETE, theirs(version="2"))


async def test_events_become_writes_and_are_acknowledged_in_order() -> None:
    async with syncing(MemoryStore()) as running:
        for event in (CREATE, UPDATE):
            running.syncer.arrived(event, 100)
        assert await running.next() == ack(CREATE)
        assert await running.next() == ack(UPDATE)
        assert running.store.objects[key()].spec["project"] == "other"
        running.syncer.arrived(DELETE, 100)
        assert await running.next() == ack(DELETE)
        assert running.store.objects == {}
        assert (await running.next()).type == EventType.DELETE


async def test_nothing_is_processed_before_the_store_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    store.put(key(), ours())
    outbox = Outbox(stamp=lambda: "")
    syncer = Syncer(store, Planner(namespace="argocd", view=store, new_id=lambda: "id"), outbox)
    syncer.arrived(sent(EventType.DELETE, theirs(metadata={"namespace": ""})), 100)
    known = asyncio.Event()
    watch = store.watch

    async def slow() -> AsyncIterator[Change | Synced]:
        await known.wait()
        async for change in watch():
            yield change

    monkeypatch.setattr(store, "watch", slow)
    task = asyncio.create_task(syncer.run())
    await asyncio.sleep(0.05)
    assert outbox.waiting == 0
    known.set()
    assert (await asyncio.wait_for(outbox.next(), 5)).is_ack
    assert store.objects == {}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_store_that_may_recover_leaves_the_event_to_be_repeated() -> None:
    async with syncing(MemoryStore()) as running:
        running.store.fail = StoreError("disk full", retryable=True)
        running.syncer.arrived(CREATE, 100)
        await until(lambda: [line for line in running.logs if line["event"] == "event will be repeated"])
        assert running.outbox.waiting == 0
        running.store.fail = None
        running.syncer.arrived(CREATE, 100)
        assert await running.next() == ack(CREATE)


async def test_a_store_that_will_not_recover_is_told_and_acknowledged() -> None:
    async with syncing(MemoryStore()) as running:
        running.store.fail = StoreError("read-only", retryable=False)
        running.syncer.arrived(CREATE, 100)
        assert await running.next() == ack(CREATE)
        error = await running.next()
        assert error.payload()["message"] == "read-only"


async def test_a_recreation_is_two_writes_and_one_ack() -> None:
    async with syncing(MemoryStore()) as running:
        running.store.put(key(), ours(uid="uid-0"))
        running.syncer.arrived(CREATE, 100)
        assert await running.next() == ack(CREATE)
        assert running.store.objects[key()].annotations["argocd.argoproj.io/source-uid"] == "uid-1"
        assert running.store.objects[key()].uid == "local-3"


async def test_local_changes_are_told() -> None:
    async with syncing(MemoryStore()) as running:
        running.syncer.arrived(CREATE, 100)
        await running.next()
        running.syncer.stream_open()
        assert {(await running.next()).target for _ in range(2)} == {Target.RESOURCE_RESYNC}
        stored = running.store.objects[key()]
        running.store.put(key(), {**stored.data, "status": {"a": 1}})
        assert (await running.next()).type == EventType.STATUS_UPDATE
        running.store.put(key(), None)
        assert (await running.next()).type == EventType.REQUEST_UPDATE


async def test_a_busy_store_does_not_hold_up_arrivals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent.syncer, "Inbox", lambda: Inbox(most_events=2))
    store = MemoryStore()
    store.gate = asyncio.Event()
    async with syncing(store) as running:
        running.syncer.arrived(CREATE, 100)
        await asyncio.sleep(0.01)
        for number in range(5):
            running.syncer.arrived(sent(EventType.CREATE, theirs(f"app-{number}")), 100)
        store.gate.set()
        acks = [await running.next() for _ in range(3)]
        assert [event.resource_id for event in acks] == ["shop_uid-1", "app-0_uid-1", "app-1_uid-1"]
        assert [line["event"] for line in running.logs] == ["inbox full: the principal will repeat what was dropped"]


async def test_a_repeated_event_is_acknowledged_once_while_it_waits() -> None:
    store = MemoryStore()
    store.gate = asyncio.Event()
    async with syncing(store) as running:
        for _ in range(3):
            running.syncer.arrived(CREATE, 100)
            await asyncio.sleep(0)
        store.gate.set()
        assert await running.next() == ack(CREATE)
        assert running.outbox.waiting == 0


async def test_a_change_that_json_cannot_say_does_not_stop_the_watch() -> None:
    async with syncing(MemoryStore()) as running:
        running.store.put(key(), ours(status={"at": object}))
        running.store.put(key("till"), ours("till", status={"a": 1}))
        assert (await running.next()).subject == "argocd/till"
        assert running.logs[-1]["event"] == "change cannot be told"


async def test_a_store_that_closes_under_us_is_a_failure() -> None:
    async with syncing(MemoryStore()) as running:
        await running.store.close()
        with pytest.raises(BaseExceptionGroup, match="unhandled errors"):
            await asyncio.wait_for(running.task, 5)


async def test_an_autonomous_agent_acknowledges_everything_and_says_so_once() -> None:
    with capture_logs() as logs:
        outbox = Outbox(stamp=lambda: "")
        passive = Passive(outbox)
        passive.arrived(CREATE, 100)
        passive.arrived(Event("x", Target.REDIS, "r", "e"), 100)
        assert await outbox.next() == ack(CREATE)
        assert (await outbox.next()).is_ack
        assert len(logs) == 1
        assert "later release" in logs[0]["event"]
