"""What a change in the principal's store means for agents."""

import pytest

from hubproto.events import EventType, Target
from principal.outbound import IGNORE_LABEL, Outbound
from stores.model import Change, ChangeType
from tests.principal.objects import stored

OUTBOUND = Outbound(allowed=lambda _namespace: True, principal_uid="principal-1")


def kinds(change: Change, outbound: Outbound = OUTBOUND) -> list[tuple[str, EventType]]:
    return [(outgoing.agent, EventType(outgoing.event.type)) for outgoing in outbound.of_change(change)]


def test_a_new_application_is_created_at_the_agent_that_its_namespace_names() -> None:
    change = Change(ChangeType.ADDED, stored(namespace="agent-b"), None)
    assert kinds(change) == [("agent-b", EventType.CREATE)]


def test_the_event_names_the_object_its_version_and_this_principal() -> None:
    [outgoing] = OUTBOUND.of_change(Change(ChangeType.ADDED, stored(version="77"), None))
    event = outgoing.event
    assert event.target == Target.APPLICATION
    assert event.resource_id == "guestbook_uid-guestbook"
    assert event.event_id == "guestbook_uid-guestbook_77"
    assert event.principal_uid == "principal-1"
    assert event.subject == "agent-a/guestbook"


def test_the_wire_carries_spec_but_neither_our_status_nor_an_operation() -> None:
    application = stored(status={"health": {"status": "Healthy"}})
    data = {**application.data, "operation": {"sync": {}}}
    change = Change(ChangeType.ADDED, type(application)(application.key, data, application.origin), None)
    payload = OUTBOUND.of_change(change)[0].event.payload()
    assert payload["spec"] == {"project": "default"}
    assert payload["status"] == {}
    assert "operation" not in payload


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"spec": {"a": 1}}, {"spec": {"a": 2}}, [EventType.SPEC_UPDATE]),
        ({"labels": {"a": "1"}}, {"labels": {"a": "2"}}, [EventType.SPEC_UPDATE]),
        ({}, {"annotations": {"a": "1"}}, [EventType.SPEC_UPDATE]),
        ({"status": {"a": 1}}, {"status": {"a": 2}}, []),
        ({"labels": {}}, {}, []),
        ({"version": "1"}, {"version": "2"}, []),
        ({"uid": "one"}, {"uid": "two"}, [EventType.DELETE, EventType.CREATE]),
    ],
    ids=["spec", "labels", "annotations", "status", "empty-labels", "version", "recreated"],
)
def test_a_change_goes_out_only_when_the_agent_would_notice(
    before: dict[str, object], after: dict[str, object], expected: list[EventType]
) -> None:
    change = Change(ChangeType.MODIFIED, stored(**after), stored(**before))  # type: ignore[arg-type]
    assert [kind for _, kind in kinds(change)] == expected


def test_an_object_that_is_gone_is_deleted() -> None:
    assert kinds(Change(ChangeType.DELETED, stored(), stored())) == [("agent-a", EventType.DELETE)]


def test_a_deletion_cannot_be_acknowledged_by_the_late_ack_of_the_update_before_it() -> None:
    [update] = OUTBOUND.of_change(Change(ChangeType.MODIFIED, stored(version="7", spec={"a": 1}), stored()))
    [deletion] = OUTBOUND.of_change(Change(ChangeType.DELETED, stored(version="7"), stored(version="7")))
    assert update.event.resource_id == deletion.event.resource_id
    assert update.event.event_id != deletion.event.event_id


def test_a_namespace_that_is_not_allowed_takes_no_part() -> None:
    picky = Outbound(allowed=lambda namespace: namespace == "agent-b", principal_uid="p")
    assert kinds(Change(ChangeType.ADDED, stored(), None), picky) == []
    assert kinds(Change(ChangeType.DELETED, stored(), stored()), picky) == []


def test_an_object_labelled_to_be_ignored_takes_no_part() -> None:
    assert kinds(Change(ChangeType.ADDED, stored(labels={IGNORE_LABEL: "true"}), None)) == []


def test_an_object_that_leaves_the_sync_is_left_alone_and_one_that_joins_is_created() -> None:
    ignored, plain = stored(labels={IGNORE_LABEL: "true"}), stored()
    assert kinds(Change(ChangeType.MODIFIED, ignored, plain)) == []
    assert kinds(Change(ChangeType.DELETED, ignored, plain)) == []
    assert kinds(Change(ChangeType.MODIFIED, plain, ignored)) == [("agent-a", EventType.CREATE)]


def test_kinds_that_are_not_synchronised_take_no_part() -> None:
    assert kinds(Change(ChangeType.ADDED, stored(kind="AppProject"), None)) == []
