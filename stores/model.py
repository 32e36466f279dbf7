"""What a store holds, what it tells about it, and what every store can do."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from mesh.manifests import Fault


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """What tells one object from another in a store."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object as the store has it. Its data is never changed: a new state is a new StoredObject."""

    key: ObjectKey
    data: Mapping[str, Any]
    """The manifest as JSON values; `metadata.uid` and `metadata.resourceVersion` are always filled in."""
    origin: str
    """Where it was read, as `file:line`."""

    @property
    def uid(self) -> str:
        """The object's identity: another one means another object, even under the same key."""
        uid: str = self.data["metadata"]["uid"]
        return uid

    @property
    def resource_version(self) -> str:
        """Opaque; a later state of an object has another one."""
        version: str = self.data["metadata"]["resourceVersion"]
        return version

    @property
    def spec(self) -> Mapping[str, Any]:
        """The `spec`, empty if there is none."""
        return _mapping(self.data, "spec")

    @property
    def status(self) -> Mapping[str, Any]:
        """The `status`, empty if there is none."""
        return _mapping(self.data, "status")

    @property
    def annotations(self) -> Mapping[str, str]:
        """The annotations whose value is text."""
        found = _mapping(self.data["metadata"], "annotations")
        return {key: value for key, value in found.items() if isinstance(value, str)}


class ChangeType(StrEnum):
    """What happened to an object, in the words of a Kubernetes watch."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to an object."""

    type: ChangeType
    object: StoredObject
    """The object as it is now; for DELETED the last that was known of it."""
    previous: StoredObject | None
    """What the watcher was told last; None for ADDED."""


@dataclass(frozen=True, slots=True)
class Synced:
    """Everything that was present at the start has been reported."""


class StoreError(Exception):
    """A store could not do what it was asked for."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable
        """Whether the same call may succeed later without anybody changing the store's surroundings."""


ChangeFunction = Callable[[dict[str, Any] | None], dict[str, Any] | None]
"""Gets a private copy of what is stored (None: nothing), returns what shall be (None: nothing)."""


class Store(Protocol):
    """Objects that can be read, watched and changed, wherever they are kept."""

    @property
    def identity(self) -> str:
        """A UUID that stays with this store: the principal-uid on the wire."""
        ...

    @property
    def faults(self) -> Sequence[Fault]:
        """What is unreadable now. While there are any, an object that is not here may only be unreadable."""
        ...

    def watch(self) -> AsyncIterator[Change | Synced]:
        """Yield ADDED for all that is present, then Synced, then each change; end when the store is closed.

        One watcher at a time. A slow one is told the sum of what happened to an object, not each step.
        """
        ...

    def get(self, key: ObjectKey) -> StoredObject | None:
        """Return the object of the last view."""
        ...

    def held(self, key: ObjectKey, uid: str) -> bool:
        """Whether this store knows that it holds, or once held, this object: in this process or an earlier one.

        False for an object that it never knew, and for one deleted so long ago that it is forgotten: whoever deletes
        elsewhere what is missing here asks this first.
        """
        ...

    def list(self, kind: str) -> list[StoredObject]:
        """Return all objects of a kind in the last view, by namespace and name."""
        ...

    async def update(self, key: ObjectKey, change: ChangeFunction) -> StoredObject | None:
        """Store what `change` makes of the object, and return it as it now is; StoreError.

        `change` gets a private copy of what is stored at this moment and returns what shall be: None deletes (or leaves
        nothing), equal data writes nothing. It is called again when somebody else changed the object meanwhile: their
        edit is what it then gets. Afterwards `get` shows the new state, and the watcher is told once.
        """
        ...

    async def close(self) -> None:
        """End the watch and let go of everything. Closing twice is harmless."""
        ...


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}
