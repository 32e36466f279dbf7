"""Applications and events that tests use."""

from collections.abc import Mapping
from typing import Any

from agent.applications import APPLICATION, PRINCIPAL_UID, SOURCE_UID
from hubproto.events import Event, EventType, Target, object_event, request_event
from stores.model import ObjectKey, StoredObject

SPEC = {
    "project": "default",
    "source": {"repoURL": "https://git.example/shop", "path": "guestbook"},
    "destination": {"name": "agent-a", "namespace": "shop"},
}


def key(name: str = "shop") -> ObjectKey:
    return ObjectKey(APPLICATION, "argocd", name)


def theirs(name: str = "shop", *, uid: str = "uid-1", version: str = "1", **changes: Any) -> dict[str, Any]:
    """An Application as the principal has it."""
    metadata = {"name": name, "namespace": "agent-a", "uid": uid, "resourceVersion": version}
    metadata |= changes.pop("metadata", {})
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": APPLICATION, "metadata": metadata, "spec": SPEC} | changes


def sent(kind: EventType, obj: Mapping[str, Any], *, principal: str = "principal-1") -> Event:
    return object_event(kind, Target.APPLICATION, obj, principal_uid=principal)


def asked(kind: EventType, payload: Mapping[str, Any], *, event_id: str = "request-1") -> Event:
    return request_event(kind, Target.RESOURCE_RESYNC, payload, event_id=event_id)


def ours(name: str = "shop", *, uid: str = "uid-1", principal: str = "principal-1", **changes: Any) -> dict[str, Any]:
    """The agent's copy of `theirs`."""
    annotations = {SOURCE_UID: uid, PRINCIPAL_UID: principal}
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": "argocd",
        "annotations": {key: value for key, value in annotations.items() if value},
    }
    metadata |= changes.pop("metadata", {})
    spec = SPEC | {"destination": {"name": "in-cluster", "namespace": "shop", "server": ""}}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": APPLICATION, "metadata": metadata, "spec": spec} | changes


def stored(data: Mapping[str, Any], *, uid: str = "local-1", version: str = "rv-1") -> StoredObject:
    metadata = {"uid": uid, "resourceVersion": version} | dict(data["metadata"])
    return StoredObject(key(metadata["name"]), {**data, "metadata": metadata}, "file:1")
