"""Applications as a store would hold them."""

from typing import Any

from stores.model import ObjectKey, StoredObject


def stored(
    name: str = "guestbook",
    namespace: str = "agent-a",
    *,
    uid: str | None = None,
    version: str = "1",
    spec: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
    kind: str = "Application",
    **metadata: Any,
) -> StoredObject:
    data: dict[str, Any] = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": uid or f"uid-{name}",
            "resourceVersion": version,
            **metadata,
        },
        "spec": spec if spec is not None else {"project": "default"},
    }
    if status is not None:
        data["status"] = status
    return StoredObject(ObjectKey(kind, namespace, name), data, f"{name}.yaml:1")
