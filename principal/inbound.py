"""What an agent's event means for the principal: pure, an event and a view of the store in, effects out.

A table `(target, type) -> handler`; what is absent is refused with a reason, and every refusal is acknowledged like a
success, for a sender repeats until it is (spec hub-protocol §3.5, §3.6, §3.10).
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubproto.checksums import list_checksum, spec_checksum
from hubproto.errors import ChecksumError
from hubproto.events import Event, EventError, EventType, Target, request_event
from hubproto.methods import MANAGED
from mesh.names import is_dns1123_subdomain
from principal.outbound import APPLICATION, Outbound, Outgoing, application_key, belonging
from stores.model import ObjectKey, StoredObject

SOURCE_UID: Final = "argocd.argoproj.io/source-uid"
"""Annotation by which an agent's copy names the principal's object."""


MAX_PAYLOAD: Final = 3 * 1024 * 1024
"""Bytes of an event that is acted upon. An Application in Kubernetes stays under 1.5 MiB (etcd's limit for a request);
what is larger would go into a user's file, and every agent's statuses are written one after the other."""


@dataclass(frozen=True, slots=True)
class SetStatus:
    """Write an Application's status, if the object still has that uid."""

    key: ObjectKey
    uid: str
    status: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """The event has no effect, for `reason`; `expected` when that is the protocol's ordinary course."""

    reason: str
    expected: bool = False


@dataclass(frozen=True, slots=True)
class Withheld:
    """The agent asked for something that is not here, and a part of the store can't be read: it may be in there."""

    name: str


Effect = SetStatus | Outgoing | Refused | Withheld


class View:
    """What the planner may see: the Applications of one agent, as the store had them last."""

    def __init__(
        self,
        *,
        get: Callable[[ObjectKey], StoredObject | None],
        objects: Callable[[], list[StoredObject]],
        certain: Callable[[], bool],
        held: Callable[[ObjectKey, str], bool],
        outbound: Outbound,
    ) -> None:
        self._get = get
        self.held = held
        """Whether the store has ever held the object of that key and uid, in this process or an earlier one."""
        self._objects = objects
        self.certain = certain
        """Whether what is not in the store is not there: false while a part of it can't be read."""
        self.outbound = outbound

    def applications(self, agent: str) -> list[StoredObject]:
        """The agent's Applications that take part in the sync, by name."""
        return [stored for stored in belonging(self._objects(), agent) if self.outbound.covers(stored)]

    def application(self, agent: str, name: str) -> StoredObject | None:
        """One of them."""
        stored = self.present(agent, name)
        return stored if stored is not None and self.outbound.covers(stored) else None

    def present(self, agent: str, name: str) -> StoredObject | None:
        """The Application of that name, whether it takes part in the sync or not."""
        return self._get(application_key(agent, name))


def plan(event: Event, *, agent: str, mode: str, view: View, new_id: Callable[[], str]) -> list[Effect]:
    """What to do about an event of `agent`. Never raises: what can't be understood is Refused."""
    handler = _HANDLERS.get((event.target, event.type))
    if handler is None:
        return [_unknown(event, mode)]
    if mode != MANAGED:
        return [Refused("sync of autonomous agents comes in a later release", expected=True)]
    try:
        return handler(_Call(event, agent, view, new_id))
    except EventError as error:
        return [Refused(str(error))]


@dataclass(frozen=True, slots=True)
class _Call:
    event: Event
    agent: str
    view: View
    new_id: Callable[[], str]

    def body(self) -> dict[str, Any]:
        if len(self.event.data) > MAX_PAYLOAD:
            size = len(self.event.data)
            raise EventError("payload-size", f"payload of {size} bytes: at most {MAX_PAYLOAD} are accepted")
        payload = self.event.payload()
        if not isinstance(payload, dict):
            raise EventError("payload-type", f"payload is a {type(payload).__name__}: a JSON object is needed")
        return payload


def _status_update(call: _Call) -> list[Effect]:
    body = call.body()
    metadata, status = body.get("metadata"), body.get("status")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or not isinstance(name, str) or not isinstance(status, dict):
        raise EventError("not-an-application", "payload has no metadata.name, or no status that is an object")
    stored = call.view.application(call.agent, name)
    if stored is None:
        return [Refused(f"no Application {name!r} of this agent is here")]
    annotations = metadata.get("annotations")
    source_uid = annotations.get(SOURCE_UID) if isinstance(annotations, dict) else None
    if source_uid is not None and source_uid != stored.uid:
        return [Refused(f"status of an older Application {name!r} (uid {str(source_uid)[:64]!r})", expected=True)]
    if stored.status == status:
        return []
    return [SetStatus(key=stored.key, uid=stored.uid, status=status)]


def _agent_error(call: _Call) -> list[Effect]:
    body = call.body()
    name, message = body.get("resourceName"), body.get("message")
    if not isinstance(name, str) or not isinstance(message, str):
        raise EventError("not-an-error", "payload has no resourceName or no message")
    stored = call.view.application(call.agent, name)
    if stored is None:
        return [Refused(f"no Application {name!r} of this agent is here")]
    text = f"Error occurred on cluster managed by agent {call.agent}: {message}"
    status = dict(stored.status)
    conditions = [entry for entry in _list(status.get("conditions")) if entry.get("type") != "AgentError"]
    status["health"] = {"status": "Degraded", "message": text}
    status["conditions"] = [*conditions, {"type": "AgentError", "message": text}]
    return [SetStatus(key=stored.key, uid=stored.uid, status=status)]


def _list(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _deleted(call: _Call) -> list[Effect]:
    # A directory deletes at once: there is no deletion under way that this could finish, and the agent is restored to
    # what the store holds by the request-update that follows a local deletion.
    return [Refused("the principal holds the truth for managed agents", expected=True)]


def _synced_list(call: _Call) -> list[Effect]:
    theirs = _checksum(call.body())
    mine = call.view.applications(call.agent)
    if not mine or theirs == list_checksum((APPLICATION, stored.key.name, source_uid(stored)) for stored in mine):
        return []
    return [_response(call, stored) for stored in mine]


def _response(call: _Call, stored: StoredObject) -> Outgoing:
    payload = {
        "name": stored.key.name,
        "namespace": stored.key.namespace,
        "uid": source_uid(stored),
        "kind": APPLICATION,
    }
    event = request_event(EventType.RESPONSE_SYNCED_RESOURCE, Target.RESOURCE_RESYNC, payload, event_id=call.new_id())
    return Outgoing(call.agent, event)


def _request_update(call: _Call) -> list[Effect]:
    body = call.body()
    name, uid, kind = body.get("name"), body.get("uid"), body.get("kind")
    if not isinstance(name, str) or not is_dns1123_subdomain(name) or not isinstance(uid, str):
        raise EventError("bad-request-update", "payload has no name that is a DNS-1123 subdomain, or no uid")
    if kind != APPLICATION:
        # Answering "delete" for a kind that isn't synchronised would take the agent's objects away.
        return [Refused(f"kind {str(kind)[:64]!r} is not synchronised in this release", expected=True)]
    theirs = _checksum(body)
    stored = call.view.present(call.agent, name)
    if stored is None:
        return [_absent(call, name=name, uid=uid, namespace=body.get("namespace"))]
    if not call.view.outbound.covers(stored):
        return [Refused(f"Application {name!r} takes no part in the sync: the agent's is left alone", expected=True)]
    if theirs is not None and theirs == _sum(stored) and uid == source_uid(stored):
        return []
    return [call.view.outbound.update(stored)]


def source_uid(stored: StoredObject) -> str:
    """The uid by which both sides name an object: the source's, where the object is a copy."""
    uid = stored.annotations.get(SOURCE_UID)
    return uid if isinstance(uid, str) else stored.uid


def _absent(call: _Call, *, name: str, uid: str, namespace: object) -> Effect:
    """What to say of something that only the agent has. "Delete it" is for what this store has once held.

    A store that is new, or empty by mistake, or whose namespaces were mistyped, would clear every cluster otherwise.
    """
    if not uid:
        return Refused(f"neither side has Application {name!r}", expected=True)
    if not call.view.outbound.allows(call.agent):
        return Refused(f"namespace {call.agent!r} takes no part in the sync: the agent's objects are left alone")
    if not call.view.certain():
        # A broken manifest is never a deletion, not even one that broke while this process was not running.
        return Withheld(name)
    if not call.view.held(application_key(call.agent, name), uid):
        return Refused(f"this store never held Application {name!r} with uid {uid[:64]!r}: the agent's is left alone")
    origin = namespace if isinstance(namespace, str) else ""
    return call.view.outbound.delete_unknown(call.agent, name=name, namespace=origin, uid=uid)


def _sum(stored: StoredObject) -> bytes | None:
    try:
        return spec_checksum(stored.data)
    except ChecksumError:
        return None  # an Application without a spec equals nothing that an agent can hold


def _checksum(body: Mapping[str, Any]) -> bytes | None:
    value = body.get("checksum")
    if value is None:
        return None
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError) as error:
        raise EventError("bad-checksum", f"checksum is not base64: {error}") from error


def _not_allowed(call: _Call) -> list[Effect]:
    return [Refused(f"{call.event.type.rsplit('.', 1)[-1]} is not allowed to a managed agent")]


def _unknown(event: Event, mode: str) -> Refused:
    known = event.target in _QUIET_TARGETS
    return Refused(f"nothing is done with {event.target}/{event.type} of a {mode} agent", expected=known)


_QUIET_TARGETS: Final = frozenset({Target.CLUSTER_CACHE_INFO_UPDATE, Target.RESOURCE, Target.REDIS})
"""Targets that agents send in the ordinary course and that later releases use."""

_HANDLERS: Final[Mapping[tuple[str, str], Callable[[_Call], list[Effect]]]] = {
    (Target.APPLICATION, EventType.STATUS_UPDATE): _status_update,
    (Target.APPLICATION, EventType.ERROR): _agent_error,
    (Target.APPLICATION, EventType.DELETE): _deleted,
    (Target.APPLICATION, EventType.CREATE): _not_allowed,
    (Target.APPLICATION, EventType.SPEC_UPDATE): _not_allowed,
    (Target.RESOURCE_RESYNC, EventType.REQUEST_SYNCED_RESOURCE_LIST): _synced_list,
    (Target.RESOURCE_RESYNC, EventType.REQUEST_UPDATE): _request_update,
}
