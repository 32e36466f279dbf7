"""A directory store under test, with somebody who watches it."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from stores.directory import DirectoryStore, Timing
from stores.model import Change, Synced
from tests.stores.samples import app, put

FAST = Timing(quiet=0.02, settle=0.1, rescan=0.5, poll=0.1)
"""Times short enough for tests; the order between them is as in the real ones."""

PATIENCE = 20.0
"""Seconds before a test gives up on something that takes a fraction of one."""


async def until(condition: Callable[[], object]) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.005)


class Watched:
    """The store, its root, and what the watcher was told: `ADDED name`, `synced`, ..."""

    def __init__(self, root: Path, store: DirectoryStore) -> None:
        self.root = root
        self.store = store
        self.told: list[str] = []
        self.changes: list[Change] = []
        self._marks = itertools.count(1)

    async def watch(self) -> None:
        async for change in self.store.watch():
            if isinstance(change, Synced):
                self.told.append("synced")
            elif change.object.key.namespace != "marks":
                self.changes.append(change)
                self.told.append(f"{change.type} {change.object.key.name}")

    async def catch_up(self) -> None:
        """Wait until everything done so far has been looked at and told, deletions included."""
        mark = f"mark-{next(self._marks)}"
        path = self.root / "zz" / f"{mark}.yaml"
        put(path, app(mark, "marks"))
        await until(lambda: any(found.key.name == mark for found in self.store.list("Application")))
        path.unlink()
        await until(lambda: not any(found.key.name == mark for found in self.store.list("Application")))
        await asyncio.sleep(0)

    def projects(self) -> dict[str, str]:
        """Return the project of each application in the view."""
        found = self.store.list("Application")
        return {app.key.name: app.spec["project"] for app in found if app.key.namespace != "marks"}


@contextlib.asynccontextmanager
async def watched(root: Path, *, assign_uids: bool = True, timing: Timing = FAST) -> AsyncIterator[Watched]:
    """Open a store on `root` and watch it."""
    store = DirectoryStore(root, assign_uids=assign_uids, timing=timing)
    await store.open()
    found = Watched(root, store)
    task = asyncio.create_task(found.watch())
    try:
        await until(lambda: "synced" in found.told)
        yield found
    finally:
        await store.close()
        await asyncio.wait_for(task, PATIENCE)
