"""An event that exists is fit for the protocol; makers fill in what argocd-agent fills in."""

import json
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest
from hypothesis import given

from hubproto.events import (
    Event,
    EventError,
    EventType,
    Target,
    ack,
    heartbeat,
    object_event,
    request_event,
)
from tests.hubproto.samples import APPLICATION, event, events


@pytest.mark.parametrize("field", ["type", "target", "resource_id", "event_id"])
def test_an_event_without_what_an_acknowledgement_needs_cannot_exist(field: str) -> None:
    with pytest.raises(EventError) as caught:
        replace(event("C1"), **{field: ""})
    assert caught.value.rule == "no-" + field.replace("_", "-")
    assert field in str(caught.value)


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        event("C1").type = "x"  # type: ignore[misc]


@pytest.mark.parametrize(
    "extra",
    [
        (("Foo", "x"),),
        (("", "x"),),
        (("resourceid", "x"),),
        (("dataschema", "x"),),
        (("foo", "x"), ("foo", "y")),
    ],
)
def test_an_extension_needs_a_free_name_of_its_own(extra: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(EventError) as caught:
        replace(event("C1"), extra=extra)
    assert caught.value.rule == "bad-extension"


def test_extensions_have_one_order() -> None:
    assert replace(event("C1"), extra=(("b", "1"), ("a", "2"))) == replace(event("C1"), extra=(("a", "2"), ("b", "1")))


@given(events)
def test_an_acknowledgement_copies_every_extension_and_nothing_else(original: Event) -> None:
    answer = ack(original)
    copied = {"resource_id", "event_id", "sent_at", "principal_uid", "extra"}
    assert answer.is_ack
    for field in fields(Event):
        if field.name in copied:
            assert getattr(answer, field.name) == getattr(original, field.name)
    assert (answer.type, answer.target) == (EventType.PROCESSED, Target.EVENT_PROCESSED)
    assert (answer.data, answer.subject, answer.source) == (b"", "", "")


def test_a_heartbeat_is_a_ping_with_two_equal_ids_and_no_data() -> None:
    beat = heartbeat("id-1")
    assert beat == Event(EventType.PING, Target.HEARTBEAT, resource_id="id-1", event_id="id-1")
    assert beat.is_heartbeat
    assert not beat.is_ack


def test_a_heartbeat_may_say_the_round_trip_and_its_acknowledgement_repeats_it() -> None:
    assert ack(heartbeat("id-2", rtt_ms=12)).extra == (("rttms", "12.000"),)


def test_an_object_event_takes_ids_and_subject_from_the_metadata() -> None:
    told = object_event(EventType.CREATE, Target.APPLICATION, APPLICATION, principal_uid="p1", source="here")
    assert (told.resource_id, told.event_id) == ("guestbook_u1", "guestbook_u1_7")
    assert (told.subject, told.principal_uid, told.source) == ("agent-a/guestbook", "p1", "here")
    assert told.payload() == APPLICATION


@pytest.mark.parametrize("target", Target)
def test_only_events_about_objects_of_a_namespace_have_a_subject(target: Target) -> None:
    has = target in {"application", "appproject", "repository", "gpgkey", "applicationset"}
    assert object_event(EventType.CREATE, target, APPLICATION).subject == ("agent-a/guestbook" if has else "")


@pytest.mark.parametrize("key", ["name", "uid", "resourceVersion"])
@pytest.mark.parametrize("wrong", [None, "", 7])
def test_an_object_without_identity_is_refused_by_the_key_s_name(key: str, wrong: Any) -> None:
    obj = {"metadata": APPLICATION["metadata"] | {key: wrong}}
    with pytest.raises(EventError, match=rf"metadata\.{key} of target application") as caught:
        object_event(EventType.SPEC_UPDATE, Target.APPLICATION, obj)
    assert caught.value.rule == "bad-object"


@pytest.mark.parametrize("obj", [{}, {"metadata": None}, {"metadata": []}])
def test_an_object_without_metadata_is_refused(obj: dict[str, Any]) -> None:
    with pytest.raises(EventError, match="no metadata"):
        object_event(EventType.SPEC_UPDATE, Target.APPLICATION, obj)


def test_a_deletion_may_know_no_more_than_a_name() -> None:
    gone = object_event(EventType.DELETE, Target.APPPROJECT, {"metadata": {"name": "a"}})
    assert (gone.resource_id, gone.event_id, gone.subject) == ("a_", "a__", "/a")


def test_a_deletion_without_a_name_is_refused() -> None:
    with pytest.raises(EventError, match=r"metadata\.name"):
        object_event(EventType.DELETE, Target.APPPROJECT, {"metadata": {"uid": "u"}})


def test_a_request_has_its_id_as_resource_id_too() -> None:
    asked = request_event(EventType.REQUEST_RESOURCE_RESYNC, Target.RESOURCE_RESYNC, {}, event_id="r-1")
    assert (asked.resource_id, asked.event_id, asked.data) == ("r-1", "r-1", b"{}")


def test_a_response_has_a_resource_id_of_its_own_and_may_carry_a_checksum() -> None:
    body = {"checksum": b"\x00\xff"}
    told = request_event(
        EventType.REQUEST_SYNCED_RESOURCE_LIST, Target.RESOURCE_RESYNC, body, event_id="r", resource_id="s"
    )
    assert (told.resource_id, told.event_id) == ("s", "r")
    assert json.loads(told.data) == {"checksum": "AP8="}


def test_a_payload_that_is_no_json_is_refused_when_it_is_read() -> None:
    with pytest.raises(EventError) as caught:
        replace(event("C1"), data=b'"something').payload()
    assert caught.value.rule == "bad-json"
