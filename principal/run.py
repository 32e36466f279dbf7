"""The principal as a whole: store, hub, doors and admin API, started in order and stopped in reverse."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import structlog

from mesh.identity.rules import RuleError
from mesh.networks import shown
from principal.admin import models
from principal.admin.app import create_app
from principal.admin.server import serving
from principal.auth.errors import FileError
from principal.auth.security import Security
from principal.background import Background, BackgroundError
from principal.caps import Limits
from principal.clock import LoopClock
from principal.collecting import quieten
from principal.config import PrincipalConfig
from principal.descriptors import raise_limit
from principal.doors import make_attestor, make_door
from principal.health import WithHealth
from principal.hub import Hub
from principal.inbox import Inbox
from principal.namespaces import namespace_matcher
from principal.outbound import Outbound
from principal.rpc import Door, DoorError
from principal.surroundings.survey import Surroundings, judge, look
from principal.syncing import Syncing
from stores.directory import DirectoryStore
from stores.model import Store, StoreError

log = structlog.stdlib.get_logger(__name__)

STOP_GRACE: Final = 3.0
"""Seconds that calls in flight get when the principal stops; streams are ended at once, with UNAVAILABLE."""

EXIT_OK: Final = 0
EXIT_UNREADABLE: Final = 2
EXIT_FAILED: Final = 3


async def run(config: PrincipalConfig, *, stop: asyncio.Event) -> int:
    """Serve until `stop` is set. The exit status: 0, 2 when something can't be read at start, 3 for a failure."""
    try:
        async with contextlib.AsyncExitStack() as stack:
            background = Background()
            await _start(config, stack, background)
            await background.until(stop)
            log.info("principal stopping")
    except (StoreError, FileError, RuleError) as error:
        log.error("principal can't start", error=str(error))  # noqa: TRY400 - the message says it all
        return EXIT_UNREADABLE
    except (DoorError, BackgroundError) as error:
        log.error("principal failed", error=str(error))  # noqa: TRY400 - the message says it all
        return EXIT_FAILED
    log.info("principal stopped")
    return EXIT_OK


async def _start(config: PrincipalConfig, stack: contextlib.AsyncExitStack, background: Background) -> None:
    clock = LoopClock()
    surroundings, facts = Surroundings(), await asyncio.to_thread(look, config)
    security = await asyncio.to_thread(Security.build, config)
    stack.callback(security.close)
    hub = Hub(security.login, clock, session_timeout=config.session_timeout, limits=_limits(config))
    attestor = make_attestor(config, clock, stack.enter_context(contextlib.ExitStack()))

    store = await stack.enter_async_context(_store(config.store))
    outbound = Outbound(allowed=namespace_matcher(config.allowed_namespaces), principal_uid=store.identity)
    syncing = Syncing(hub, store, outbound)
    inbox = Inbox(syncing.process)
    stack.push_async_callback(inbox.close)
    hub.on_event, hub.on_connected, hub.on_drained = inbox.put, syncing.greet, syncing.offer_again

    # The store is read before the first agent may come: an agent that asks "do you still have this?" of a principal
    # that has not looked yet would be told to delete it.
    changes = store.watch()
    await syncing.offer_present(changes)
    await stack.enter_async_context(background.working(syncing.follow(changes), "store watch"))
    await stack.enter_async_context(background.working(syncing.mend(), "store mending"))

    await stack.enter_async_context(background.working(security.follow(hub.agents.sessions), "files of credentials"))
    readiness = models.Ready(ready=False, store_faults=[])
    health = WithHealth(hub, serving=lambda: readiness.ready)
    door = make_door(config, health, security=security, attestor=attestor)

    def ready() -> models.Ready:
        return models.Ready(ready=readiness.ready, store_faults=list(map(str, store.faults)))

    app = create_app(
        hub.agents,
        connection_stats=door.connection_stats,
        readiness=ready,
        audit=hub.audit,
        attest=config.attest,
        attestor=attestor,
        surroundings=surroundings,
    )
    admin = await stack.enter_async_context(serving(app, host=config.admin_host, port=config.admin_port))
    await stack.enter_async_context(_open(door, hub))
    quieten()
    readiness.ready = True
    health.changed()
    stack.callback(health.close)
    stack.callback(setattr, readiness, "ready", False)
    log.info(
        "principal ready",
        listen=door.address,
        transport=config.server_transport,
        admin=admin,
        store=str(config.store),
        auth=config.auth,
        attest=config.attest.value,
        sidecar_uids=list(config.sidecar_uids) or "any",
        header_peers=shown(config.header_peers) or "none",
        file_limit=raise_limit(),
    )
    await stack.enter_async_context(background.working(judge(facts, surroundings), "surroundings"))


def _limits(config: PrincipalConfig) -> Limits:
    return Limits(
        streams_per_identity=config.max_streams_per_identity,
        sessions=config.max_sessions,
        logins_per_second=config.max_logins_per_second,
    )


@contextlib.asynccontextmanager
async def _store(root: Path | None) -> AsyncIterator[Store]:
    if root is None:
        raise StoreError("a directory store is needed: give --store DIR", retryable=False)
    store = DirectoryStore(root)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@contextlib.asynccontextmanager
async def _open(door: Door, hub: Hub) -> AsyncIterator[None]:
    await door.start()
    try:
        yield
    finally:
        hub.close()
        await door.stop(STOP_GRACE)
