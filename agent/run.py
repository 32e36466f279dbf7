"""One agent, from its settings to its exit status."""

import asyncio
import datetime as dt
from random import random
from uuid import uuid4

import structlog

from agent import credentials
from agent.config import AgentConfig
from agent.driver import Driver
from agent.link import Link
from agent.outbox import Outbox
from agent.sync import Planner
from agent.syncer import Passive, Syncer
from agent.transport_grpc import GrpcTransport
from hubproto.methods import MANAGED
from stores.directory import DirectoryStore
from stores.model import Store, StoreError

log = structlog.stdlib.get_logger(__name__)

EXIT_FINE = 0
EXIT_UNREADABLE = 2
"""Credentials or store cannot be read."""
EXIT_FAILED = 3
"""Something broke while running."""


async def run(config: AgentConfig, *, stop: asyncio.Event) -> int:
    """Run until `stop` is set; the exit status: 0 then, 2 when something cannot be read at start, 3 for a failure."""
    transport = "plaintext" if config.plaintext else "tls"
    log.info("agent starting", mode=config.mode, transport=transport, why=config.plaintext_reason)
    try:
        credentials.load(config.creds_method, config.creds_config)
    except credentials.CredentialsError as error:
        log.error("credentials unreadable", reason=str(error))  # noqa: TRY400 - the message says it all
        return EXIT_UNREADABLE
    if config.mode != MANAGED:
        outbox = _outbox()
        return await _together(config, outbox, Passive(outbox), stop)
    store = DirectoryStore(config.store)
    try:
        await store.open()
    except StoreError as error:
        log.error("store unreadable", store=str(config.store), reason=str(error))  # noqa: TRY400
        return EXIT_UNREADABLE
    try:
        return await _managed(config, store, stop)
    finally:
        await store.close()


async def _managed(config: AgentConfig, store: Store, stop: asyncio.Event) -> int:
    outbox = _outbox()
    planner = Planner(namespace=config.namespace, view=store, new_id=_uuid)
    return await _together(config, outbox, Syncer(store, planner, outbox), stop)


async def _together(config: AgentConfig, outbox: Outbox, sync: Syncer | Passive, stop: asyncio.Event) -> int:
    """Link and sync side by side, until the link is told to stop or one of them breaks."""
    link = Link(
        heartbeat_interval=config.heartbeat_interval,
        heartbeat_deadline=config.heartbeat_deadline,
        rand=random,
        new_id=_uuid,
    )
    driver = Driver(config, link=link, transport=GrpcTransport(config), outbox=outbox, sync=sync)
    tasks = (asyncio.create_task(driver.run(stop)), asyncio.create_task(sync.run()))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return _status([task for task in tasks if task in done])


def _status(ended: "list[asyncio.Task[None]]") -> int:
    for task in ended:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("agent failed", exc_info=error)
            return EXIT_FAILED
    log.info("agent stopped")
    return EXIT_FINE


def _outbox() -> Outbox:
    return Outbox(stamp=lambda: dt.datetime.now(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"))


def _uuid() -> str:
    return str(uuid4())
