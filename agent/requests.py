"""Events that a managed agent sends to its principal."""

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from agent.applications import APPLICATION, checksum, source_uid
from agent.causes import printable
from hubproto.checksums import list_checksum
from hubproto.events import Event, EventType, Target, object_event, request_event
from hubproto.methods import AGENT_SOURCE
from stores.model import StoredObject

MAX_MESSAGE: Final = 1024
"""Characters of an error's message that the principal is told; it shows them in the Application's status."""


class Requests:
    """Makes events. `namespace` is where the agent's Applications are; `new_id` makes UUIDs."""

    def __init__(self, *, namespace: str, new_id: Callable[[], str]) -> None:
        self._namespace = namespace
        self._new_id = new_id

    def status(self, stored: StoredObject) -> Event:
        """The status of an Application here."""
        return _about(EventType.STATUS_UPDATE, {**stored.data, "status": dict(stored.status)})

    def deleted(self, data: Mapping[str, Any]) -> Event:
        """The principal's deletion is done here."""
        return _about(EventType.DELETE, data)

    def was_never_here(self, *, name: str, uid: str) -> Event:
        """The principal's deletion is done, for there was no such object."""
        return _about(EventType.DELETE, {"metadata": {"name": name, "namespace": self._namespace, "uid": uid}})

    def update(self, name: str, stored: StoredObject | None, *, compare: bool = True) -> Event:
        """Ask whether an Application here (None: it is missing) is as it should be; the answer is what must change.

        Without `compare` the answer is the whole object, or its deletion, in any case.
        """
        total = checksum(stored) if stored is not None and compare else None
        payload = {
            "name": name,
            "namespace": self._namespace,
            "uid": "" if stored is None else source_uid(stored.data),
            "kind": APPLICATION,
            "checksum": _base64(total),
        }
        return self._request(EventType.REQUEST_UPDATE, payload)

    def listing(self, tracked: Iterable[StoredObject]) -> Event:
        """Ask for the principal's list, unless it is the same as this one."""
        total = list_checksum((APPLICATION, stored.key.name, source_uid(stored.data)) for stored in tracked)
        return self._request(EventType.REQUEST_SYNCED_RESOURCE_LIST, {"checksum": _base64(total)})

    def error(self, *, name: str, namespace: str, message: str) -> Event:
        """Say what is wrong with an Application here; `namespace` is the principal's."""
        payload = {"resourceName": name, "resourceNamespace": namespace, "message": printable(message, MAX_MESSAGE)}
        return request_event(EventType.ERROR, Target.APPLICATION, payload, event_id=self._new_id())

    def _request(self, event_type: EventType, payload: Mapping[str, Any]) -> Event:
        return request_event(event_type, Target.RESOURCE_RESYNC, payload, event_id=self._new_id())


def _about(event_type: EventType, data: Mapping[str, Any]) -> Event:
    return object_event(event_type, Target.APPLICATION, data, source=AGENT_SOURCE)


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()
