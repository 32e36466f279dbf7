"""What a change in the principal's store means for agents: pure, changes in, events out.

First slice: Applications of managed agents, mapped by namespace: an Application belongs to the agent that its
`metadata.namespace` names (spec hub-protocol §7.3).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubproto.events import Event, EventType, Target, object_event
from stores.model import Change, ChangeType, ObjectKey, StoredObject

APPLICATION: Final = "Application"

IGNORE_LABEL: Final = "argocd-agent.argoproj-labs.io/ignore-sync"
"""Label that keeps an object from being synchronised when it is "true" (argocd-agent's)."""

SYNCED_METADATA: Final = ("labels", "annotations", "finalizers")
"""Metadata an agent keeps beside the spec; a change in other metadata is the store's own book-keeping."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event for one agent."""

    agent: str
    event: Event


class Outbound:
    """Turns changes into events. `allowed` says which namespaces take part; `principal_uid` names this principal."""

    def __init__(self, *, allowed: Callable[[str], bool], principal_uid: str) -> None:
        self._allowed = allowed
        self._principal_uid = principal_uid

    def of_change(self, change: Change) -> list[Outgoing]:
        """The events that `change` calls for, in order."""
        before, after = change.previous, change.object
        if not self.covers(after):
            # What leaves the sync, by a label say, is left alone from then on: "hands off", not "take it away".
            return []
        if change.type is ChangeType.DELETED:
            return [self.delete(after)]
        if before is None or not self.covers(before):
            return [self.offer(after)]
        if before.uid != after.uid:
            return [self.delete(before), self.offer(after)]
        return [self.update(after)] if _shared(before.data) != _shared(after.data) else []

    def covers(self, stored: StoredObject) -> bool:
        """Whether an object takes part in the sync."""
        labels = stored.data.get("metadata", {}).get("labels")
        ignored = isinstance(labels, Mapping) and labels.get(IGNORE_LABEL) == "true"
        return stored.key.kind == APPLICATION and not ignored and self._allowed(stored.key.namespace)

    def allows(self, agent: str) -> bool:
        """Whether an agent of that name takes part in the sync."""
        return self._allowed(agent)

    def offer(self, stored: StoredObject) -> Outgoing:
        """A create event: an agent that has the object already takes it as an update."""
        return self._event(EventType.CREATE, stored)

    def update(self, stored: StoredObject) -> Outgoing:
        """A spec-update event with the whole object."""
        return self._event(EventType.SPEC_UPDATE, stored)

    def delete(self, stored: StoredObject) -> Outgoing:
        """A delete event, of a version of its own.

        With the last one's it would have the id of the update before it, whose late ack would then pass for its own.
        """
        data = {**stored.data, "metadata": {**stored.data["metadata"], "resourceVersion": _after(stored)}}
        return self._event(EventType.DELETE, StoredObject(stored.key, data, stored.origin))

    def delete_unknown(self, agent: str, *, name: str, namespace: str, uid: str) -> Outgoing:
        """A delete event for something that only the agent knows, told by what it said of it."""
        metadata = {"name": name, "namespace": namespace, "uid": uid, "resourceVersion": ""}
        event = object_event(
            EventType.DELETE, Target.APPLICATION, {"metadata": metadata}, principal_uid=self._principal_uid
        )
        return Outgoing(agent, event)

    def _event(self, event_type: EventType, stored: StoredObject) -> Outgoing:
        event = object_event(
            event_type, Target.APPLICATION, _wire_object(stored.data), principal_uid=self._principal_uid
        )
        return Outgoing(stored.key.namespace, event)


def _after(stored: StoredObject) -> str:
    version = stored.resource_version
    return str(int(version) + 1) if version.isdecimal() else f"{version}1"


def _shared(data: Mapping[str, Any]) -> tuple[object, ...]:
    metadata = data.get("metadata", {})
    return (data.get("spec"), *(metadata.get(name) or None for name in SYNCED_METADATA))


def _wire_object(data: Mapping[str, Any]) -> dict[str, Any]:
    # The agent's own status is the true one, and a running operation travels by an event of its own.
    wire = {name: value for name, value in data.items() if name not in ("status", "operation")}
    wire["status"] = {}
    return wire


def belonging(objects: Iterable[StoredObject], agent: str) -> list[StoredObject]:
    """Those of `objects` that belong to `agent`, by name."""
    return sorted((stored for stored in objects if stored.key.namespace == agent), key=lambda stored: stored.key)


def application_key(agent: str, name: str) -> ObjectKey:
    """Where an agent's Application of that name lies in the principal's store."""
    return ObjectKey(kind=APPLICATION, namespace=agent, name=name)
