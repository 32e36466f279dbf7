"""One Application as a managed agent keeps it: pure rules (spec hub-protocol §7.2).

The principal's object is the truth for spec, labels, annotations and finalizers; status, operation and the object's own
uid are the agent's. Two annotations tie the copy to the original; only objects that carry them are ever deleted.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

from hubproto.checksums import go_json, spec_checksum
from hubproto.errors import ChecksumError, EventError
from hubproto.events import Event
from mesh.names import is_dns1123_subdomain
from stores.kinds import KINDS
from stores.model import StoredObject

APPLICATION: Final = "Application"

SOURCE_UID: Final = "argocd.argoproj.io/source-uid"
"""Annotation: uid of the principal's object of which this is the copy."""

PRINCIPAL_UID: Final = "argocd.argoproj.io/principal-uid"
"""Annotation: which principal that object is from."""

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""Annotation of kubectl's, about the principal's cluster; it would mislead kubectl in this one."""

LOCAL_ANNOTATIONS: Final = ("notified.notifications.argoproj.io", "argocd.argoproj.io/refresh")
"""Annotations that controllers in this cluster write: kept when the principal's object has none."""

IN_CLUSTER: Final = {"name": "in-cluster", "server": ""}
"""The cluster of every managed Application: its agent's own. The namespace there is the principal's word."""

MAX_OBJECT: Final = 3 * 1024 * 1024
"""Bytes of an Application's JSON; a Kubernetes API server takes no larger request, so no honest one exists."""

MAX_SHOWN: Final = 64
"""Characters of foreign text that a message repeats."""


class UnfitError(ValueError):
    """An object or reference from the network that cannot be taken; `name` is its name as far as it has one."""

    def __init__(self, message: str, *, name: str = "") -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, slots=True)
class Reference:
    """Which object an event is about."""

    name: str
    uid: str
    """The principal's uid of it; may be empty in a deletion."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """An Application that the principal sent, checked."""

    reference: Reference
    principal_uid: str
    spec: Mapping[str, Any]
    """With the destination that it has here."""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Without those that are not for this cluster, and without the two that we add."""
    finalizers: tuple[str, ...] = ()


class Decision(Enum):
    """What an incoming Application means for the one that is here."""

    CREATE = auto()
    UPDATE = auto()
    ADOPT = auto()
    """Take over in place what was not this principal's object before."""
    RECREATE = auto()
    """Delete what is here, then create: the principal has another object under the same name now."""
    REFUSE = auto()


def read_reference(event: Event, namespaces: Collection[str]) -> Reference:
    """Which Application an event is about; UnfitError when name, uid or namespace cannot be."""
    return _reference(_metadata(_body(event)), namespaces)


def read_incoming(event: Event, namespaces: Collection[str]) -> Incoming:
    """The Application that an event carries; UnfitError when it is none that can be stored.

    `namespaces` are those that an Application for this agent may claim to be in; it is stored in the agent's own.
    """
    if len(event.data) > MAX_OBJECT:
        raise UnfitError(f"an Application of {len(event.data)} bytes: at most {MAX_OBJECT} are accepted")
    body = _body(event)
    metadata = _metadata(body)
    reference = _reference(metadata, namespaces)
    try:
        annotations = _texts(metadata, "annotations")
        return Incoming(
            reference,
            event.principal_uid,
            spec=_spec(body, reference.uid),
            labels=_texts(metadata, "labels"),
            annotations={key: value for key, value in annotations.items() if key not in _NOT_COPIED},
            finalizers=_finalizers(metadata),
        )
    except (UnfitError, ChecksumError) as error:
        raise UnfitError(str(error), name=reference.name) from error


_NOT_COPIED: Final = frozenset({LAST_APPLIED, SOURCE_UID, PRINCIPAL_UID})


def decide(current: Mapping[str, Any] | None, incoming: Incoming, *, create: bool, ours: bool) -> Decision:
    """What to do with `current`, the object here, in the order of the spec's rules.

    `create`: the event offers the object, it does not only update it. `ours`: this process knows that the object is the
    principal's although its annotation has gone.
    """
    if current is None:
        return Decision.CREATE
    here, principal = source_uid(current), annotation(current, PRINCIPAL_UID)
    if principal and incoming.principal_uid and principal != incoming.principal_uid:
        return Decision.ADOPT
    if here == incoming.reference.uid:
        return Decision.UPDATE
    if here:
        return Decision.RECREATE if principal else Decision.ADOPT
    return Decision.ADOPT if create or ours else Decision.REFUSE


def merged(current: Mapping[str, Any] | None, incoming: Incoming, *, namespace: str) -> dict[str, Any]:
    """The object to store: the principal's truth over what is here. Equal to `current` when nothing changes."""
    kind = KINDS[APPLICATION]
    base: Mapping[str, Any] = current or {"apiVersion": kind.api_version, "kind": kind.name}
    metadata: dict[str, Any] = dict(base.get("metadata") or {})
    metadata |= {"name": incoming.reference.name, "namespace": namespace}
    kept = {key: annotation(base, key) for key in LOCAL_ANNOTATIONS}
    annotations = {key: value for key, value in kept.items() if value} | dict(incoming.annotations)
    annotations[SOURCE_UID] = incoming.reference.uid
    # An answer to a resync may carry no principal's uid: what is known stays.
    if principal := incoming.principal_uid or annotation(base, PRINCIPAL_UID):
        annotations[PRINCIPAL_UID] = principal
    shared: dict[str, Any] = {
        "labels": dict(incoming.labels),
        "annotations": annotations,
        "finalizers": list(incoming.finalizers),
        "ownerReferences": None,
    }
    for name, value in shared.items():
        metadata.pop(name, None)
        if value:
            metadata[name] = value
    return {**base, "metadata": metadata, "spec": dict(incoming.spec)}


def source_uid(data: Mapping[str, Any]) -> str:
    """The uid of the principal's object that this is a copy of; empty when it is none."""
    return annotation(data, SOURCE_UID)


def annotation(data: Mapping[str, Any], key: str) -> str:
    """The value of an annotation; empty when it is absent or no text."""
    metadata = data.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    value = annotations.get(key) if isinstance(annotations, Mapping) else None
    return value if isinstance(value, str) else ""


def fingerprint(data: Mapping[str, Any]) -> bytes:
    """What tells a local edit: a sum over spec and source uid; empty when the spec is nothing that can be summed."""
    try:
        return hashlib.sha256(go_json([source_uid(data), data.get("spec")])).digest()
    except ChecksumError:
        return b""


def checksum(stored: StoredObject) -> bytes | None:
    """The spec's checksum as the protocol compares it; None when there is no spec that can be summed."""
    try:
        return spec_checksum(stored.data)
    except ChecksumError:
        return None


def shown(text: object) -> str:
    """Foreign text as a message may repeat it."""
    return f"{text!r:.{MAX_SHOWN}}"


def _body(event: Event) -> Mapping[str, Any]:
    try:
        body = event.payload()
    except EventError as error:
        raise UnfitError(str(error)) from error
    if not isinstance(body, Mapping):
        raise UnfitError(f"payload is a {type(body).__name__}: a JSON object is needed")
    return body


def _metadata(body: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = body.get("metadata")
    if not isinstance(metadata, Mapping):
        raise UnfitError("an object without metadata")
    return metadata


def _reference(metadata: Mapping[str, Any], namespaces: Collection[str]) -> Reference:
    name, uid, namespace = metadata.get("name"), metadata.get("uid") or "", metadata.get("namespace") or ""
    if not isinstance(name, str) or not is_dns1123_subdomain(name):
        raise UnfitError(f"metadata.name {shown(name)} is no DNS-1123 subdomain")
    if not isinstance(uid, str) or len(uid) > MAX_UID:
        raise UnfitError(f"metadata.uid is no text of at most {MAX_UID} characters", name=name)
    if namespace and namespace not in namespaces:
        accepted = " or ".join(sorted(namespaces))
        raise UnfitError(f"metadata.namespace {shown(namespace)}: {accepted} is accepted", name=name)
    return Reference(name, uid)


MAX_UID: Final = 128
"""Characters of a uid: Kubernetes' have 36, other stores' might be longer; it becomes an annotation and part of ids."""


def _spec(body: Mapping[str, Any], uid: str) -> dict[str, Any]:
    if not uid:
        raise UnfitError("an Application without metadata.uid")
    spec = body.get("spec")
    if not isinstance(spec, Mapping):
        raise UnfitError("an Application without spec, or whose spec is no mapping")
    spec_checksum(body)  # what has no checksum could never be compared
    destination = spec.get("destination") or {}
    if not isinstance(destination, Mapping):
        raise UnfitError(f"spec.destination is a {type(destination).__name__}: a mapping is needed")
    return {**spec, "destination": {**destination, **IN_CLUSTER}}


def _texts(metadata: Mapping[str, Any], key: str) -> dict[str, str]:
    found = metadata.get(key) or {}
    if not isinstance(found, Mapping) or not all(isinstance(value, str) for value in found.values()):
        raise UnfitError(f"metadata.{key} is no mapping of text to text")
    return dict(found)


def _finalizers(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    found = metadata.get("finalizers") or []
    if not isinstance(found, list) or not all(isinstance(value, str) for value in found):
        raise UnfitError("metadata.finalizers is no list of texts")
    return tuple(found)
