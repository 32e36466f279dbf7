"""Events as values, and their CloudEvents form on the wire.

An `Event` that exists is fit to be sent: it has a type, a target and both ids. `decode` is strict about what the
protocol needs and deaf to everything else, except that further string attributes are kept, because an acknowledgement
copies them back to the sender.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError

from hubproto import vocabulary as names
from hubproto.cloudevent_pb2 import CloudEvent
from hubproto.errors import EventError
from hubproto.eventstream_pb2 import Event as EventMessage
from hubproto.payloads import read_json, write_json
from hubproto.vocabulary import EventType, Target

__all__ = [
    "Event",
    "EventError",
    "EventType",
    "Target",
    "ack",
    "decode",
    "encode",
    "heartbeat",
    "object_event",
    "request_event",
]

SPEC_VERSION = "1.0"
JSON = "application/json"

_NEEDED = (
    ("type", "no-type", "a CloudEvents type"),
    ("target", "no-target", "a dataschema sent as ce_uri"),
    ("resource_id", "no-resource-id", "a resourceid sent as ce_string"),
    ("event_id", "no-event-id", "an eventid sent as ce_string"),
)
"""Field, name of the broken rule, what is needed: without any of these an event cannot be handled and acknowledged."""

_WITH_SUBJECT = frozenset(
    {Target.APPLICATION, Target.APPPROJECT, Target.REPOSITORY, Target.GPGKEY, Target.APPLICATIONSET}
)


@dataclass(frozen=True, slots=True)
class Event:
    """One event. Building one without a type, target, resource id or event id is an EventError."""

    type: str
    """An EventType, or a bare HTTP method in requests of target `resource` and `containerlog`."""
    target: str
    """A Target, or a word that we do not know: such an event is refused by its receiver, and acknowledged."""
    resource_id: str
    """What is kept in order and sent one at a time: `<name>_<uid>` of an object, a UUID otherwise."""
    event_id: str
    """`<name>_<uid>_<resourceVersion>` of an object, the UUID of the request in requests and responses."""
    data: bytes = b""
    """The payload, JSON; empty in acknowledgements and heartbeats."""
    subject: str = ""
    """`<namespace>/<name>` of an object."""
    sent_at: str = ""
    """When the event was first transmitted: RFC 3339, UTC."""
    principal_uid: str = ""
    """Which principal owns the object."""
    source: str = ""
    """Informational; nobody reads it."""
    extra: tuple[tuple[str, str], ...] = ()
    """Further string attributes, sorted by name."""

    def __post_init__(self) -> None:
        """Refuse an event that nobody could acknowledge, and bring `extra` into its one order."""
        if not (self.type and self.target and self.resource_id and self.event_id):
            _complain(self)
        if self.extra:
            _check_extra(self.extra)
            object.__setattr__(self, "extra", tuple(sorted(self.extra)))

    @property
    def is_ack(self) -> bool:
        """Whether this acknowledges another event. Acknowledgements are never acknowledged."""
        return self.target == Target.EVENT_PROCESSED

    @property
    def is_heartbeat(self) -> bool:
        """Whether this is a heartbeat, whatever its type: receivers look at the target only."""
        return self.target == Target.HEARTBEAT

    def payload(self) -> Any:
        """Read `data` as JSON; EventError of rule `bad-json` otherwise."""
        return read_json(self.data)


def _complain(event: Event) -> None:
    for field, rule, needed in _NEEDED:
        if not getattr(event, field):
            raise EventError(rule, f"event has no {field}: {needed} is needed")


def _check_extra(extra: tuple[tuple[str, str], ...]) -> None:
    found = [name for name, _ in extra]
    for name in found:
        if not names.is_extension(name):
            raise EventError("bad-extension", f"{name!r} is no free attribute name: a-z and 0-9, not one in use")
    if len(set(found)) != len(found):
        raise EventError("bad-extension", f"an attribute is given twice among {sorted(found)}")


def encode(event: Event) -> bytes:
    """Serialise an event as an `eventstreamapi.Event`; equal events give equal bytes.

    EventError of rule `not-text` when a text has a lone surrogate.
    """
    message = EventMessage()
    try:
        _fill(message.event, event)
    except UnicodeEncodeError as error:
        raise EventError("not-text", f"event has text that UTF-8 cannot say: {error}") from error
    return message.SerializeToString(deterministic=True)


def _fill(cloud: CloudEvent, event: Event) -> None:
    cloud.source = event.source
    cloud.spec_version = SPEC_VERSION
    cloud.type = event.type
    cloud.binary_data = event.data
    attributes = cloud.attributes
    # Only as ce_uri does argocd-agent's library take the schema; as a string it would read an empty one.
    attributes[names.DATA_SCHEMA].ce_uri = event.target
    attributes[names.RESOURCE_ID].ce_string = event.resource_id
    attributes[names.EVENT_ID].ce_string = event.event_id
    optional = (
        (names.DATA_CONTENT_TYPE, JSON if event.data else ""),
        (names.SUBJECT, event.subject),
        (names.SENT_AT, event.sent_at),
        (names.PRINCIPAL_UID, event.principal_uid),
    )
    for name, text in optional:
        if text:
            attributes[name].ce_string = text
    for name, text in event.extra:
        attributes[name].ce_string = text


def decode(data: bytes) -> Event:
    """Read a serialised `eventstreamapi.Event`; EventError, and nothing else, when it is none or is unfit."""
    try:
        message = EventMessage.FromString(data)
    except DecodeError as error:
        raise EventError("bad-protobuf", f"{len(data)} bytes are no eventstreamapi.Event: {error}") from error
    if not message.HasField("event"):
        raise EventError("no-event", "message carries no CloudEvent in its field 1")
    cloud = message.event
    if cloud.spec_version != SPEC_VERSION:
        raise EventError("spec-version", f"spec_version is {cloud.spec_version[:20]!r}: {SPEC_VERSION!r} is accepted")
    if cloud.WhichOneof("data") not in (None, "binary_data"):
        raise EventError("data-kind", f"data came as {cloud.WhichOneof('data')}: binary_data with JSON is accepted")
    return _read(cloud)


def _read(cloud: CloudEvent) -> Event:
    target = ""
    texts: dict[str, str] = {}
    for name, value in cloud.attributes.items():
        if name == names.DATA_SCHEMA:
            target = value.ce_uri  # empty when it was sent as anything else
            continue
        text = value.ce_string
        # What is not empty was sent as a string; what is empty may have been sent as something else.
        if text or value.WhichOneof("attr") == "ce_string":
            texts[name] = text
    return Event(
        type=cloud.type,
        target=target,
        resource_id=texts.get(names.RESOURCE_ID, ""),
        event_id=texts.get(names.EVENT_ID, ""),
        data=cloud.binary_data,
        subject=texts.get(names.SUBJECT, ""),
        sent_at=texts.get(names.SENT_AT, ""),
        principal_uid=texts.get(names.PRINCIPAL_UID, ""),
        source=cloud.source,
        extra=tuple((name, text) for name, text in texts.items() if names.is_extension(name)),
    )


def ack(event: Event) -> Event:
    """Acknowledge an event: its ids and all its extension attributes, no data, no subject."""
    return Event(
        type=EventType.PROCESSED,
        target=Target.EVENT_PROCESSED,
        resource_id=event.resource_id,
        event_id=event.event_id,
        sent_at=event.sent_at,
        principal_uid=event.principal_uid,
        extra=event.extra,
    )


def heartbeat(event_id: str, *, rtt_ms: float | None = None) -> Event:
    """Make a heartbeat; `event_id` is a fresh UUID, `rtt_ms` the previous heartbeat's round trip in milliseconds."""
    extra = () if rtt_ms is None else ((names.RTT_MS, f"{rtt_ms:.3f}"),)
    return Event(EventType.PING, Target.HEARTBEAT, resource_id=event_id, event_id=event_id, extra=extra)


def object_event(
    event_type: EventType,
    target: Target,
    obj: Mapping[str, Any],
    *,
    principal_uid: str = "",
    source: str = "",
) -> Event:
    """Tell of a Kubernetes object, sent as it is; its metadata gives subject and ids.

    EventError of rule `bad-object` unless metadata has name, uid and resourceVersion. Only a deletion may lack the
    latter two: one that answers a request for an object that is gone knows no more than the request said.
    """
    metadata = obj.get("metadata")
    if not isinstance(metadata, Mapping):
        raise EventError("bad-object", f"object of target {target} has no metadata")
    deletion = event_type == EventType.DELETE
    name = _text(metadata, "name", target)
    uid = _text(metadata, "uid", target, needed=not deletion)
    version = _text(metadata, "resourceVersion", target, needed=not deletion)
    namespace = _text(metadata, "namespace", target, needed=False)
    return Event(
        type=event_type,
        target=target,
        resource_id=f"{name}_{uid}",
        event_id=f"{name}_{uid}_{version}",
        data=write_json(obj),
        subject=f"{namespace}/{name}" if target in _WITH_SUBJECT else "",
        principal_uid=principal_uid,
        source=source,
    )


def _text(metadata: Mapping[str, Any], key: str, target: Target, *, needed: bool = True) -> str:
    value = metadata.get(key)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or (needed and not value):
        raise EventError("bad-object", f"metadata.{key} of target {target} is {value!r:.60}: a text is needed")
    return value


def request_event(
    event_type: str,
    target: Target,
    payload: Mapping[str, Any],
    *,
    event_id: str,
    resource_id: str = "",
) -> Event:
    """Ask or answer something; `event_id` is the request's UUID.

    A request's resource id is the same UUID; a response takes a fresh one of its own, as `resource_id`.
    """
    return Event(event_type, target, resource_id=resource_id or event_id, event_id=event_id, data=write_json(payload))
