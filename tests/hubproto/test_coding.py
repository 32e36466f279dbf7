"""The wire form: equal to that of the Go library byte by byte, and strict about what the protocol needs."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubproto.cloudevent_pb2 import CloudEvent
from hubproto.events import Event, EventError, EventType, Target, ack, decode, encode, heartbeat
from hubproto.eventstream_pb2 import Event as EventMessage
from tests.hubproto.samples import event, events

GO = json.loads(Path(__file__).with_name("cloudevents_go.json").read_text(encoding="ascii"))
UUID = "4be0643f-1d98-573b-97cd-ca98a65347dd"
UPDATE = Event(
    EventType.SPEC_UPDATE,
    Target.APPLICATION,
    resource_id="guestbook_u1",
    event_id="guestbook_u1_7",
    data=b'{"metadata":{"name":"guestbook"}}',
    subject="agent-a/guestbook",
    principal_uid="p1",
)
TRACE = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
SAME_AS_GO = {
    "ping": replace(heartbeat(UUID), source="agent://agent-managed"),
    "processed": ack(replace(UPDATE, sent_at="2026-08-21T10:00:00.123456789Z", extra=(TRACE,))),
    "spec-update": UPDATE,
}


@pytest.mark.parametrize("name", SAME_AS_GO)
def test_an_event_is_written_and_read_as_by_the_go_library(name: str) -> None:
    wire = EventMessage(event=CloudEvent.FromString(bytes.fromhex(GO[name])))
    assert encode(SAME_AS_GO[name]) == wire.SerializeToString(deterministic=True)
    assert decode(wire.SerializeToString()) == SAME_AS_GO[name]


@given(events)
def test_decoding_undoes_encoding(original: Event) -> None:
    assert decode(encode(original)) == original


@given(events)
def test_no_event_is_sent_with_an_id_or_time_of_cloudevents(original: Event) -> None:
    cloud = EventMessage.FromString(encode(original)).event
    assert (cloud.id, cloud.spec_version) == ("", "1.0")
    assert "time" not in cloud.attributes
    assert cloud.WhichOneof("data") == "binary_data"
    assert ("datacontenttype" in cloud.attributes) == bool(original.data)
    assert cloud.attributes["dataschema"].WhichOneof("attr") == "ce_uri"


def changed(change: Callable[[CloudEvent], object]) -> bytes:
    message = EventMessage.FromString(encode(UPDATE))
    change(message.event)
    return message.SerializeToString()


def schema_as_string(cloud: CloudEvent) -> None:
    cloud.attributes["dataschema"].ce_string = "application"


def schema_as_reference(cloud: CloudEvent) -> None:
    cloud.attributes["dataschema"].ce_uri_ref = "application"


def id_as_number(cloud: CloudEvent) -> None:
    cloud.attributes["resourceid"].ce_integer = 7


def data_as_text(cloud: CloudEvent) -> None:
    cloud.text_data = "{}"


def data_as_message(cloud: CloudEvent) -> None:
    cloud.proto_data.SetInParent()


UNFIT: dict[str, tuple[Callable[[CloudEvent], object], str]] = {
    "no type": (lambda c: c.ClearField("type"), "no-type"),
    "no schema": (lambda c: c.attributes.pop("dataschema"), "no-target"),
    "schema as string": (schema_as_string, "no-target"),
    "schema as reference": (schema_as_reference, "no-target"),
    "no resource id": (lambda c: c.attributes.pop("resourceid"), "no-resource-id"),
    "resource id as number": (id_as_number, "no-resource-id"),
    "no event id": (lambda c: c.attributes.pop("eventid"), "no-event-id"),
    "no version": (lambda c: c.ClearField("spec_version"), "spec-version"),
    "data as text": (data_as_text, "data-kind"),
    "data as message": (data_as_message, "data-kind"),
}


@pytest.mark.parametrize("fault", UNFIT)
def test_an_unfit_event_is_refused_by_a_named_rule(fault: str) -> None:
    change, rule = UNFIT[fault]
    with pytest.raises(EventError) as caught:
        decode(changed(change))
    assert caught.value.rule == rule


def add_what_nobody_knows(cloud: CloudEvent) -> None:
    cloud.id = "x"
    cloud.attributes["time"].ce_timestamp.seconds = 1
    cloud.attributes["count"].ce_integer = 1
    cloud.attributes["Upper"].ce_string = "x"
    cloud.attributes["with-dash"].ce_string = "x"
    cloud.attributes["unset"].SetInParent()
    cloud.attributes["source"].ce_string = "x"


def test_what_nobody_knows_is_tolerated_and_left_out() -> None:
    assert decode(changed(add_what_nobody_knows)) == UPDATE


def test_further_texts_are_kept_for_the_acknowledgement() -> None:
    def add(cloud: CloudEvent) -> None:
        cloud.attributes["tracestate"].ce_string = "a=b"
        cloud.attributes["empty"].ce_string = ""

    assert ack(decode(changed(add))).extra == (("empty", ""), ("tracestate", "a=b"))


def test_an_event_without_data_need_not_say_so() -> None:
    assert decode(changed(lambda c: c.ClearField("binary_data"))) == replace(UPDATE, data=b"")


def test_an_unknown_target_and_type_are_left_to_the_receiver() -> None:
    strange = replace(UPDATE, type="PATCH", target="unknown")
    assert decode(encode(strange)) == strange


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "no-event"),
        (b"\x12\x00", "no-event"),
        (b"\x0a\x00", "spec-version"),
        (b"\x0a", "bad-protobuf"),
        (b"\xff" * 12, "bad-protobuf"),
        (b"\x0a\x05\x0a\x03\xff\xff\xff", "bad-protobuf"),
    ],
)
def test_bytes_that_are_no_event_are_refused_by_a_named_rule(data: bytes, rule: str) -> None:
    with pytest.raises(EventError) as caught:
        decode(data)
    assert caught.value.rule == rule


@given(events.map(encode), st.data())
def test_a_damaged_event_is_read_or_refused_and_nothing_else(wire: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(wire) - 1))
    damaged = wire[:place] + data.draw(st.binary(max_size=3)) + wire[place + 1 :]
    try:
        read = decode(damaged)
    except EventError:
        return
    assert decode(encode(read)) == read


@pytest.mark.parametrize(
    "change",
    [{"type": "\ud800"}, {"target": "\udc80"}, {"subject": "\ud800"}, {"extra": (("a", "\ud800"),)}],
)
def test_text_that_utf_8_cannot_say_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(EventError) as caught:
        encode(replace(event("S1"), **change))
    assert caught.value.rule == "not-text"
