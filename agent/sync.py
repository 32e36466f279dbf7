"""What a managed agent does about the principal's events and about changes in its own store: pure, effects out.

The principal holds the truth. Its events become writes; local edits and deletions of what it owns become requests to
restore them; status goes back. Every event that could be read is acknowledged whatever came of it, for its sender
repeats it until then; only a store that may recover is worth a repetition.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from agent.applications import (
    APPLICATION,
    Decision,
    UnfitError,
    fingerprint,
    read_incoming,
    read_reference,
    shown,
    source_uid,
)
from agent.requests import Requests
from agent.restoring import Restoring
from agent.writes import ABSENT, Expectations, Removal, Upsert, Write
from hubproto.errors import EventError
from hubproto.events import Event, EventType, Target
from mesh.names import is_dns1123_subdomain
from stores.model import Change, ChangeType, ObjectKey, StoredObject, StoreError

MAX_WORD: Final = 100
"""Characters of an event's type and target that are remembered: they come from the network."""

MAX_SORTS: Final = 100
"""Sorts of events without a handler that are remembered as logged, for the same reason."""

MAX_COMPLAINTS: Final = 10_000
"""Names of refused objects that are remembered until a good one comes, for the same reason."""


@dataclass(frozen=True, slots=True)
class Send:
    """Queue an event for the principal."""

    event: Event


@dataclass(frozen=True, slots=True)
class Note:
    """Something to log."""

    message: str
    facts: Mapping[str, object] = field(default_factory=dict)
    warning: bool = True


Effect = Send | Note | Upsert | Removal


class View(Protocol):
    """What the planner may see of the store: the last view, as `stores.model.Store` gives it."""

    def get(self, key: ObjectKey) -> StoredObject | None:
        """One object."""

    def list(self, kind: str) -> list[StoredObject]:
        """All of a kind."""


class Planner:
    """The plan of one agent. `namespace` is where its Applications live here; `new_id` makes UUIDs."""

    def __init__(self, *, namespace: str, view: View, new_id: Callable[[], str]) -> None:
        self.namespace = namespace
        self.agent = ""
        """The name that the principal knows this agent by; known from the first login on."""
        self._view = view
        self._requests = Requests(namespace=namespace, new_id=new_id)
        self._expectations = Expectations()
        self._restoring = Restoring()
        self._loaded = False
        self._connected = False
        self._asked_all = False
        self._complained: set[str] = set()
        self._noted: set[tuple[str, str]] = set()

    def loaded(self, now: float) -> list[Effect]:
        """The store has reported everything that it held at the start."""
        self._loaded = True
        return self._ask_everything() + self.tick(now)

    def opened(self, now: float) -> list[Effect]:
        """A stream is open."""
        self._connected = True
        return self._ask_everything() + self.tick(now)

    def closed(self) -> None:
        """The stream has ended."""
        self._connected = False

    def received(self, event: Event) -> list[Effect]:
        """An event of the principal's arrived. Never raises: what cannot be understood becomes a Note."""
        handler = _HANDLERS.get((event.target, event.type))
        if handler is None:
            return self._unhandled(event)
        try:
            return handler(self, event)
        except UnfitError as error:
            named = {"application": error.name} if error.name else {}
            return [*self._complain(error.name, str(error)), Note("event refused", named | {"reason": str(error)})]

    def wrote(self, write: Write) -> list[Effect]:
        """A write has been done: what follows from it."""
        return self._upserted(write) if isinstance(write, Upsert) else self._removed(write)

    def failed(self, write: Write, error: StoreError) -> list[Effect]:
        """A write cannot be done, and repeating the event would not help."""
        facts = {"object": str(write.key), "reason": str(error)}
        return [*self._complain(write.key.name, str(error)), Note("object not stored", facts)]

    def changed(self, change: Change, now: float) -> list[Effect]:
        """Something changed in the store, by us or by somebody else."""
        key = change.object.key
        if key.kind != APPLICATION or key.namespace != self.namespace:
            return []
        if change.type is ChangeType.DELETED:
            wanted, effects = self._vanished(change.object), []
        else:
            wanted, effects = self._drifted(change), self._status(change)
        if wanted:
            self._restoring.want(key)
        else:
            self._restoring.settled(key)
        return effects + self.tick(now)

    def tick(self, now: float) -> list[Effect]:
        """Requests to restore objects that are due."""
        if not (self._connected and self._loaded):
            return []
        return [effect for key in self._restoring.take(now) for effect in self._restore(key)]

    def next_time(self) -> float | None:
        """When to call tick()."""
        return self._restoring.next_time() if self._connected and self._loaded else None

    # Events of the principal.

    def _upsert(self, event: Event) -> list[Effect]:
        incoming = read_incoming(event, self._namespaces())
        key = self._key(incoming.reference.name)
        return [Upsert(self._expectations, key, incoming, create=event.type == EventType.CREATE)]

    def _delete(self, event: Event) -> list[Effect]:
        reference = read_reference(event, self._namespaces())
        return [Removal(self._expectations, self._key(reference.name), reference, principal_uid=event.principal_uid)]

    def _synced_resource(self, event: Event) -> list[Effect]:
        body = _request(event)
        name, kind = body.get("name"), body.get("kind")
        if kind != APPLICATION:
            return self._unhandled(event)
        if not isinstance(name, str) or not is_dns1123_subdomain(name):
            raise UnfitError(f"name {shown(name)} is no DNS-1123 subdomain")
        stored = self._view.get(self._key(name))
        if stored is not None and not source_uid(stored.data):
            return [Note("object is not the principal's", {"object": str(stored.key)})]
        return [Send(self._requests.update(name, stored))]

    def _resync(self, event: Event) -> list[Effect]:
        # A principal that asks has just started: it may not have the statuses either.
        del event
        tracked = self._tracked()
        statuses = [Send(self._requests.status(stored)) for stored in tracked if stored.status]
        return [*(Send(self._requests.update(stored.key.name, stored)) for stored in tracked), *statuses]

    def _not_allowed(self, event: Event) -> list[Effect]:
        return [Note("event refused", {"reason": "a managed agent does not hold the truth", "type": shown(event.type)})]

    def _unhandled(self, event: Event) -> list[Effect]:
        # The first of each sort is logged: a principal may send many of what this release does nothing with.
        sort = (event.target[:MAX_WORD], event.type[:MAX_WORD])
        if sort in self._noted or len(self._noted) >= MAX_SORTS:
            return []
        self._noted.add(sort)
        return [Note("event not handled in this release", {"target": shown(event.target), "type": shown(event.type)})]

    # What follows from a write.

    def _upserted(self, write: Upsert) -> list[Effect]:
        name = write.key.name
        if write.decision is Decision.RECREATE:
            return [write]
        if write.decision is Decision.REFUSE:
            message = f"{write.key} exists here and is not the principal's"
            return [*self._complain(name, message), Note("update refused", {"reason": message})]
        effects: list[Effect] = []
        if write.decision is Decision.ADOPT:
            effects.append(Note("object taken over", {"object": str(write.key)}))
        if name in self._complained and (stored := self._view.get(write.key)) is not None:
            # The principal still shows our complaint; the true status takes its place.
            self._complained.discard(name)
            effects.append(Send(self._requests.status(stored)))
        return effects

    def _removed(self, write: Removal) -> list[Effect]:
        if write.removed is not None:
            return [Send(self._requests.deleted(write.removed))]
        if not write.present:
            return [Send(self._requests.was_never_here(name=write.reference.name, uid=write.reference.uid))]
        if write.stranger:
            facts = {"object": str(write.key), "from_principal": write.stranger}
            return [Note("deletion refused: the object is from another principal, which did not take it back", facts)]
        if not write.found:
            return [Note("deletion refused: the object is not the principal's", {"object": str(write.key)})]
        # It was about an older object of this name, or did not say which: the principal knows what is right now.
        self._restoring.want(write.key)
        return []

    # Changes in the store.

    def _status(self, change: Change) -> list[Effect]:
        stored, previous = change.object, change.previous
        if not source_uid(stored.data):
            return []
        known = previous.status if previous is not None and source_uid(previous.data) else {}
        return [] if known == stored.status else [Send(self._requests.status(stored))]

    def _drifted(self, change: Change) -> bool:
        stored, previous = change.object, change.previous
        expected = self._expectations.get(stored.key)
        if self._expectations.ours(stored.key):
            return fingerprint(stored.data) != expected
        if previous is None or expected == ABSENT:
            # It is not by us: what was there at the start is asked for all together, what came later at once.
            return bool(source_uid(stored.data)) and self._loaded
        owned = source_uid(stored.data) or source_uid(previous.data)
        return bool(owned) and fingerprint(stored.data) != fingerprint(previous.data)

    def _vanished(self, stored: StoredObject) -> bool:
        if self._view.get(stored.key) is not None:
            return False
        if self._expectations.get(stored.key) == ABSENT:
            self._expectations.forget(stored.key)
            return False
        return self._expectations.ours(stored.key) or bool(source_uid(stored.data))

    def _restore(self, key: ObjectKey) -> list[Effect]:
        stored = self._view.get(key)
        facts = {"object": str(key), "change": "deleted" if stored is None else "edited"}
        return [
            Send(self._requests.update(key.name, stored, compare=False)),
            Note("asking the principal to restore a managed object", facts, warning=False),
        ]

    def _ask_everything(self) -> list[Effect]:
        # Once a process, when store and stream are both there: much may have happened while it was away.
        if self._asked_all or not (self._connected and self._loaded):
            return []
        self._asked_all = True
        tracked = self._tracked()
        updates = [self._requests.update(stored.key.name, stored) for stored in tracked]
        return [Send(event) for event in (*updates, self._requests.listing(tracked))]

    def _tracked(self) -> list[StoredObject]:
        ours = (stored for stored in self._view.list(APPLICATION) if stored.key.namespace == self.namespace)
        return [stored for stored in ours if source_uid(stored.data)]

    def _complain(self, name: str, message: str) -> list[Effect]:
        if not name:
            return []
        if len(self._complained) < MAX_COMPLAINTS:
            self._complained.add(name)
        return [Send(self._requests.error(name=name, namespace=self.agent or self.namespace, message=message))]

    def _key(self, name: str) -> ObjectKey:
        return ObjectKey(APPLICATION, self.namespace, name)

    def _namespaces(self) -> set[str]:
        # The principal keeps an agent's Applications in a namespace of the agent's name; what it answers to our own
        # requests has the namespace that we asked with.
        return {self.agent, self.namespace} - {""}


# ruff: noqa: SLF001 - the table is part of the class above, and stands outside so that it can be read as a table
_HANDLERS: Final[Mapping[tuple[str, str], Callable[[Planner, Event], list[Effect]]]] = {
    (Target.APPLICATION, EventType.CREATE): Planner._upsert,
    (Target.APPLICATION, EventType.SPEC_UPDATE): Planner._upsert,
    (Target.APPLICATION, EventType.DELETE): Planner._delete,
    (Target.RESOURCE_RESYNC, EventType.RESPONSE_SYNCED_RESOURCE): Planner._synced_resource,
    (Target.RESOURCE_RESYNC, EventType.REQUEST_RESOURCE_RESYNC): Planner._resync,
    (Target.RESOURCE_RESYNC, EventType.REQUEST_SYNCED_RESOURCE_LIST): Planner._not_allowed,
    (Target.RESOURCE_RESYNC, EventType.REQUEST_UPDATE): Planner._not_allowed,
}
"""(target, type) -> what to do; anything else is logged and acknowledged."""


def _request(event: Event) -> Mapping[str, Any]:
    try:
        body = event.payload()
    except EventError as error:
        raise UnfitError(str(error)) from error
    if not isinstance(body, Mapping):
        raise UnfitError("payload is no JSON object")
    return body
