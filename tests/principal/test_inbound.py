"""What an agent's event means for the principal: every row of the table, and everything that is refused."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubproto.checksums import list_checksum, spec_checksum
from hubproto.events import Event, EventType, Target, request_event
from principal.inbound import MAX_PAYLOAD, SOURCE_UID, Effect, Refused, SetStatus, View, Withheld, plan
from principal.outbound import IGNORE_LABEL, Outbound, Outgoing
from stores.model import StoredObject
from tests.principal.objects import stored

OUTBOUND = Outbound(allowed=lambda _namespace: True, principal_uid="principal-1")
SYNCED = {"sync": {"status": "Synced"}}


def view(*objects: StoredObject, certain: bool = True, held: bool = True, outbound: Outbound = OUTBOUND) -> View:
    by_key = {entry.key: entry for entry in objects}
    return View(
        get=by_key.get,
        objects=lambda: list(objects),
        certain=lambda: certain,
        held=lambda _key, _uid: held,
        outbound=outbound,
    )


def react(event: Event, seen: View, *, agent: str = "agent-a", mode: str = "managed") -> list[Effect]:
    return plan(event, agent=agent, mode=mode, view=seen, new_id=lambda: "id-1")


def application_event(kind: EventType, body: Any, *, target: Target = Target.APPLICATION) -> Event:
    return Event(kind, target, "guestbook_u", "guestbook_u_1", data=json.dumps(body).encode())


def status_update(
    name: str = "guestbook", *, source_uid: str | None = "uid-guestbook", status: Any = None, namespace: str = "argocd"
) -> Event:
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if source_uid is not None:
        metadata["annotations"] = {SOURCE_UID: source_uid}
    body = {"metadata": metadata, "status": SYNCED if status is None else status}
    return application_event(EventType.STATUS_UPDATE, body)


def request_update(**fields: Any) -> Event:
    given = {
        "name": "guestbook",
        "namespace": "argocd",
        "uid": "uid-guestbook",
        "kind": "Application",
        "checksum": None,
    }
    payload = {**given, **fields}
    if isinstance(payload["checksum"], bytes):
        payload["checksum"] = base64.b64encode(payload["checksum"]).decode()
    return request_event(EventType.REQUEST_UPDATE, Target.RESOURCE_RESYNC, payload, event_id="q-1")


def test_a_status_is_written_to_the_application_of_the_sender() -> None:
    application = stored()
    assert react(status_update(), view(application)) == [SetStatus(application.key, "uid-guestbook", SYNCED)]


def test_a_status_that_is_already_there_is_not_written_again() -> None:
    assert react(status_update(), view(stored(status=SYNCED))) == []


def test_an_agent_cannot_write_the_status_of_another_agents_application_whatever_namespace_it_claims() -> None:
    [effect] = react(status_update(namespace="agent-a"), view(stored(namespace="agent-a")), agent="agent-b")
    assert isinstance(effect, Refused)


def test_a_status_of_an_older_application_of_the_same_name_is_refused() -> None:
    [effect] = react(status_update(source_uid="older"), view(stored()))
    assert isinstance(effect, Refused)


def test_an_error_of_the_agent_becomes_a_degraded_status_with_a_condition() -> None:
    body = {"resourceName": "guestbook", "resourceNamespace": "argocd", "message": "no such project"}
    before = stored(status={"conditions": [{"type": "AgentError", "message": "old"}, {"type": "Other"}], **SYNCED})
    [effect] = react(application_event(EventType.ERROR, body), view(before))
    assert isinstance(effect, SetStatus)
    assert effect.status["health"]["status"] == "Degraded"
    assert effect.status["sync"] == {"status": "Synced"}
    assert [entry["type"] for entry in effect.status["conditions"]] == ["Other", "AgentError"]
    assert "agent agent-a: no such project" in effect.status["conditions"][-1]["message"]


def test_an_agent_that_holds_the_same_hears_nothing() -> None:
    application = stored()
    assert react(request_update(checksum=spec_checksum(application.data)), view(application)) == []


@pytest.mark.parametrize("checksum", [None, b"", b"other"])
def test_an_agent_that_holds_something_else_gets_the_whole_object(checksum: bytes | None) -> None:
    [effect] = react(request_update(checksum=checksum), view(stored()))
    assert isinstance(effect, Outgoing)
    assert (effect.agent, effect.event.type) == ("agent-a", EventType.SPEC_UPDATE)


def test_an_application_without_a_spec_is_sent_rather_than_summed() -> None:
    application = stored()
    bare = {name: value for name, value in application.data.items() if name != "spec"}
    [effect] = react(request_update(checksum=b"x"), view(StoredObject(application.key, bare, "a.yaml:1")))
    assert isinstance(effect, Outgoing)


def test_an_agent_that_holds_an_older_object_with_the_same_spec_gets_the_newer_one() -> None:
    application = stored()
    [effect] = react(request_update(uid="older", checksum=spec_checksum(application.data)), view(application))
    assert isinstance(effect, Outgoing)


def test_what_is_no_longer_here_is_deleted_by_what_the_agent_said_of_it() -> None:
    [effect] = react(request_update(uid="gone", checksum=b"x"), view())
    assert isinstance(effect, Outgoing)
    assert effect.event.type == EventType.DELETE
    metadata = effect.event.payload()["metadata"]
    assert (metadata["name"], metadata["namespace"], metadata["uid"]) == ("guestbook", "argocd", "gone")


def test_while_a_part_of_the_store_cannot_be_read_nothing_is_deleted() -> None:
    assert react(request_update(checksum=b"x"), view(certain=False)) == [Withheld("guestbook")]


def test_what_this_store_never_held_is_left_alone() -> None:
    [effect] = react(request_update(checksum=b"x"), view(held=False))
    assert isinstance(effect, Refused)
    assert "never held" in effect.reason


def test_objects_of_a_namespace_that_takes_no_part_are_left_alone() -> None:
    picky = Outbound(allowed=lambda namespace: namespace == "agent-A", principal_uid="p")
    [effect] = react(request_update(checksum=b"x"), view(outbound=picky))
    assert isinstance(effect, Refused)
    [effect] = react(request_update(checksum=b"x"), view(stored(), outbound=picky))
    assert isinstance(effect, Refused)


def test_an_object_labelled_to_be_ignored_is_left_alone() -> None:
    [effect] = react(request_update(checksum=b"x"), view(stored(labels={IGNORE_LABEL: "true"})))
    assert isinstance(effect, Refused)


def test_what_neither_side_has_needs_no_answer() -> None:
    [effect] = react(request_update(uid="", checksum=None), view())
    assert isinstance(effect, Refused)


def test_a_status_too_large_for_a_users_file_is_refused() -> None:
    [effect] = react(status_update(status={"x": "y" * MAX_PAYLOAD}), view(stored()))
    assert isinstance(effect, Refused)
    assert str(MAX_PAYLOAD) in effect.reason


def test_a_kind_that_is_not_synchronised_is_never_answered_with_a_deletion() -> None:
    [effect] = react(request_update(checksum=b"x", kind="AppProject"), view())
    assert isinstance(effect, Refused)


def test_an_equal_list_is_answered_with_silence_and_a_different_one_with_every_object() -> None:
    seen = view(stored("one"), stored("two"), stored("other", namespace="agent-b"))
    mine = list_checksum([("Application", "one", "uid-one"), ("Application", "two", "uid-two")])
    assert mine is not None

    def asked(checksum: bytes | None) -> list[Effect]:
        payload = {"checksum": None if checksum is None else base64.b64encode(checksum).decode()}
        kind = EventType.REQUEST_SYNCED_RESOURCE_LIST
        return react(request_event(kind, Target.RESOURCE_RESYNC, payload, event_id="q"), seen)

    assert asked(mine) == []
    answers = asked(None)
    names = [answer.event.payload()["name"] for answer in answers if isinstance(answer, Outgoing)]
    assert names == ["one", "two"]


@pytest.mark.parametrize(
    "event",
    [
        application_event(EventType.CREATE, {}),
        application_event(EventType.SPEC_UPDATE, {}),
        application_event(EventType.DELETE, {}),
        application_event(EventType.STATUS_UPDATE, "text"),
        application_event(EventType.STATUS_UPDATE, {}),
        application_event(EventType.STATUS_UPDATE, {"metadata": {"name": "guestbook"}}),
        application_event(EventType.STATUS_UPDATE, {"metadata": {"name": 7}, "status": {}}),
        application_event(EventType.ERROR, {}),
        application_event(EventType.ERROR, {"resourceName": "nobody", "message": "x"}),
        Event(EventType.STATUS_UPDATE, Target.APPLICATION, "r", "e", data=b"{"),
        request_update(name="../../etc/passwd"),
        request_update(uid=7),
        request_update(checksum="not base64!"),
        request_update(checksum=7, name=None),
        status_update("nobody"),
        application_event(EventType.CREATE, {}, target=Target.APPPROJECT),
        Event("GET", "something", "r", "e"),
        Event(EventType.CLUSTER_CACHE_INFO_UPDATE, Target.CLUSTER_CACHE_INFO_UPDATE, "r", "e", data=b"{}"),
    ],
)
def test_what_is_not_allowed_or_not_understood_has_no_effect_and_a_reason(event: Event) -> None:
    [effect] = react(event, view(stored()))
    assert isinstance(effect, Refused)
    assert effect.reason


def test_an_autonomous_agent_changes_nothing_in_this_release() -> None:
    [effect] = react(status_update(), view(stored()), mode="autonomous")
    assert isinstance(effect, Refused)
    assert effect.expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4),
    max_leaves=12,
)


@given(body=JSON, kind=st.sampled_from(list(EventType)), target=st.sampled_from(list(Target)))
def test_no_payload_whatsoever_raises(body: Any, kind: EventType, target: Target) -> None:
    for effect in react(application_event(kind, body, target=target), view(stored())):
        assert isinstance(effect, Refused | SetStatus | Outgoing | Withheld)
