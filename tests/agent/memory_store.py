"""A store in memory that keeps the promises of `stores.model.Store`, with faults on demand."""

import asyncio
import copy
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import count
from typing import Any

from mesh.manifests import Fault
from stores.model import Change, ChangeFunction, ChangeType, ObjectKey, StoredObject, StoreError, Synced


class MemoryStore:
    identity = "memory"
    faults: Sequence[Fault] = ()

    def __init__(self) -> None:
        self.objects: dict[ObjectKey, StoredObject] = {}
        self.writes = 0
        self.fail: StoreError | None = None
        """Raised by the next updates."""
        self.gate: asyncio.Event | None = None
        """Updates wait for it."""
        self._ids = count(1)
        self._changes: asyncio.Queue[Change | Synced | None] = asyncio.Queue()

    def get(self, key: ObjectKey) -> StoredObject | None:
        return self.objects.get(key)

    def list(self, kind: str) -> list[StoredObject]:
        return sorted(
            (stored for key, stored in self.objects.items() if key.kind == kind), key=lambda stored: stored.key
        )

    async def update(self, key: ObjectKey, change: ChangeFunction) -> StoredObject | None:
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(0)
        if self.fail is not None:
            raise self.fail
        stored = self.objects.get(key)
        current = copy.deepcopy(dict(stored.data)) if stored is not None else None
        return self.put(key, change(current))

    def put(self, key: ObjectKey, data: Mapping[str, Any] | None) -> StoredObject | None:
        """Store as somebody else would; nothing happens when it is equal to what is there."""
        previous = self.objects.get(key)
        if data is None:
            if previous is not None:
                del self.objects[key]
                self._tell(Change(ChangeType.DELETED, previous, previous))
            return None
        if previous is not None and _bare(previous.data) == _bare(data):
            return previous
        self.writes += 1
        metadata = dict(data["metadata"])
        metadata["uid"] = metadata.get("uid") or f"local-{next(self._ids)}"
        metadata["resourceVersion"] = f"rv-{next(self._ids)}"
        stored = StoredObject(key, {**copy.deepcopy(dict(data)), "metadata": metadata}, "memory:1")
        self.objects[key] = stored
        self._tell(Change(ChangeType.MODIFIED if previous else ChangeType.ADDED, stored, previous))
        return stored

    async def watch(self) -> AsyncIterator[Change | Synced]:
        while not self._changes.empty():
            self._changes.get_nowait()
        for stored in list(self.objects.values()):
            yield Change(ChangeType.ADDED, stored, None)
        yield Synced()
        while (change := await self._changes.get()) is not None:
            yield change

    async def close(self) -> None:
        self._changes.put_nowait(None)

    def _tell(self, change: Change) -> None:
        self._changes.put_nowait(change)


def _bare(data: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in data["metadata"].items() if key != "resourceVersion"}
    return {**data, "metadata": metadata}
