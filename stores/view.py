"""What the store shows: the objects with their uids and versions, and what the watcher has not been told yet. Pure."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from stores.content import Found
from stores.model import Change, ChangeType, ObjectKey, StoredObject
from stores.values import same

SETTLE_SECONDS: Final = 0.25
"""How long an object must be missing before it counts as deleted. Longer than QUIET_SECONDS: a file that an editor or
git takes away comes back, an object that is cut in one file is pasted in another, and a deletion cannot be taken
back."""


class View:
    """Objects by key. `now` is monotonic seconds, `stamp` a number that mostly grows, such as time.time_ns."""

    def __init__(self, *, settle: float = SETTLE_SECONDS) -> None:
        self._settle = settle
        self._objects: dict[ObjectKey, StoredObject] = {}
        self._uids: dict[str, ObjectKey] = {}
        self._missing: dict[ObjectKey, float] = {}
        self._told: dict[ObjectKey, StoredObject] = {}
        self._untold: dict[ObjectKey, None] = {}
        self._version = 0

    def get(self, key: ObjectKey) -> StoredObject | None:
        """Return the object, if there is one."""
        return self._objects.get(key)

    def objects(self) -> list[StoredObject]:
        """Return all objects, by key."""
        return [shown for _, shown in sorted(self._objects.items())]

    def is_free(self, uid: str, key: ObjectKey) -> bool:
        """Whether no other object has this uid: a file that was copied brings one along."""
        return self._uids.get(uid, key) == key

    def show(self, key: ObjectKey, data: Mapping[str, Any], *, origin: str, stamp: int) -> None:
        """Show an object; its data has a uid and no resourceVersion. Equal data is no change."""
        self._missing.pop(key, None)
        before = self._objects.get(key)
        if before is not None and same(without_version(before.data), data):
            self._objects[key] = StoredObject(key, before.data, origin)
            return
        self._version = max(self._version + 1, stamp)
        metadata = {**data["metadata"], "resourceVersion": str(self._version)}
        self._forget_uid(key)
        self._objects[key] = StoredObject(key, {**data, "metadata": metadata}, origin)
        self._uids[metadata["uid"]] = key
        self._untold[key] = None

    def miss(self, key: ObjectKey, *, now: float) -> None:
        """An object is in no file; it counts as deleted when that lasts."""
        if key in self._objects:
            self._missing.setdefault(key, now)

    def remove(self, key: ObjectKey) -> None:
        """An object is deleted for certain."""
        self._missing.pop(key, None)
        if key in self._objects:
            self._forget_uid(key)
            del self._objects[key]
            self._untold[key] = None

    def settle(self, *, now: float) -> list[ObjectKey]:
        """Delete what has been missing for long enough, and return what that was."""
        gone = [key for key, since in self._missing.items() if since + self._settle <= now]
        for key in gone:
            self.remove(key)
        return gone

    def next_time(self) -> float | None:
        """Return when `settle` may delete something; None when nothing is missing."""
        return min((since + self._settle for since in self._missing.values()), default=None)

    def changes(self) -> Iterator[Change]:
        """Yield what happened since it was last asked: the sum for each object, in the order of its first change."""
        while self._untold:
            key = next(iter(self._untold))
            told, now = self._told.get(key), self._objects.get(key)
            if told is not None and now is not None and told.uid != now.uid:
                now = None  # another object under the same name: the old one is deleted first
            else:
                del self._untold[key]
            change = _change(told, now)
            if now is None:
                self._told.pop(key, None)
            else:
                self._told[key] = now
            if change is not None:
                yield change

    def forget_told(self) -> None:
        """A new watcher: everything that is present is news again."""
        self._told.clear()
        self._untold = dict.fromkeys(sorted(self._objects))

    def _forget_uid(self, key: ObjectKey) -> None:
        before = self._objects.get(key)
        if before is not None and self._uids.get(before.uid) == key:
            del self._uids[before.uid]


def without_version(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data as a file may have it."""
    metadata = {key: value for key, value in data["metadata"].items() if key != "resourceVersion"}
    return {**data, "metadata": metadata}


def completed(
    found: Found, known: StoredObject | None, *, is_free: Callable[[str, ObjectKey], bool], new_uid: Callable[[], str]
) -> dict[str, Any]:
    """Return the data of an object with a uid that is its own.

    A file that comes back without the uid that was written into it (from version control, say) is still the same
    object: it gets its uid and, if it has none, its status back. A uid that another object has was copied with the
    file.
    """
    metadata = found.data["metadata"]
    if found.uid and is_free(found.uid, found.key):
        return dict(found.data)
    data = {**found.data, "metadata": {**metadata, "uid": new_uid() if known is None else known.uid}}
    if known is not None and not found.uid and "status" not in data and "status" in known.data:
        data["status"] = known.data["status"]
    return data


def fixed_uid(identity: str, key: ObjectKey) -> str:
    """Return the uid of an object in a file that cannot be written: the same after every restart."""
    return str(uuid.uuid5(uuid.UUID(identity), f"{key.kind}/{key.namespace}/{key.name}"))


def _change(told: StoredObject | None, now: StoredObject | None) -> Change | None:
    if now is None:
        return None if told is None else Change(ChangeType.DELETED, told, told)
    if told is None:
        return Change(ChangeType.ADDED, now, None)
    if told.resource_version == now.resource_version:
        return None
    return Change(ChangeType.MODIFIED, now, told)
