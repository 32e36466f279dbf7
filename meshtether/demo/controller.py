"""Stands in for Argo CD's application controller in each agent's cluster: it reports what it sees as synced.

Nothing else in the demo is pretended. The store that it writes to is the agent's own, from another process, as the
real controller would write to the cluster that the agent watches.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import structlog

from hubproto.checksums import spec_checksum
from stores.directory import DirectoryStore
from stores.model import Change, ChangeType, ObjectKey, StoreError

log = structlog.stdlib.get_logger(__name__)


@contextlib.asynccontextmanager
async def controlling(root: Path) -> AsyncIterator[None]:
    """Report a status for every Application under `root` while the block runs."""
    store = DirectoryStore(root, assign_uids=False, exclusive=False)
    await store.open()
    task = asyncio.create_task(_control(store), name=f"controller {root.name}")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.close()


async def _control(store: DirectoryStore) -> None:
    async for change in store.watch():
        if isinstance(change, Change) and change.type is not ChangeType.DELETED:
            await _report(store, change.object.key)


async def _report(store: DirectoryStore, key: ObjectKey) -> None:
    try:
        await store.update(key, synced)
    except StoreError as error:
        # The agent may have deleted the file meanwhile; the next change brings us back.
        log.debug("status not reported", application=key.name, error=str(error))


def synced(current: dict[str, Any] | None) -> dict[str, Any] | None:
    """The Application with the status of one whose live objects equal its spec; None stays None."""
    if current is None or "spec" not in current:
        return current
    status = {
        "sync": {"status": "Synced", "revision": spec_checksum(current).hex()[:40]},
        "health": {"status": "Healthy"},
    }
    return {**current, "status": status}
