import base64
from collections import deque
from collections.abc import Mapping
from itertools import count
from typing import Any

import pytest

from agent.applications import APPLICATION, SOURCE_UID
from agent.restoring import FIRST_PAUSE
from agent.sync import MAX_SORTS, Effect, Note, Planner, Send
from agent.writes import Removal, Upsert
from hubproto.checksums import list_checksum, spec_checksum
from hubproto.events import Event, EventType, Target
from stores.model import Change, ChangeType, ObjectKey, StoredObject, StoreError
from tests.agent.samples import SPEC, asked, key, ours, sent, stored, theirs


class Agent:
    """A planner with a store that does what it is told at once, and reports it to the planner."""

    def __init__(self, *present: StoredObject, connected: bool = True) -> None:
        self.objects: dict[ObjectKey, StoredObject] = {found.key: found for found in present}
        ids = count(1)
        self.planner = Planner(namespace="argocd", view=self, new_id=lambda: f"id-{next(ids)}")
        self.planner.agent = "agent-a"
        self.now = 100.0
        self.writes = 0
        self.notes: list[Note] = []
        self._ids = count(1)
        self.sent: list[Event] = []
        for found in present:
            self.tell(Change(ChangeType.ADDED, found, None))
        self.do(self.planner.loaded(self.now))
        if connected:
            self.do(self.planner.opened(self.now))

    def get(self, wanted: ObjectKey) -> StoredObject | None:
        return self.objects.get(wanted)

    def receive(self, event: Event) -> list[Event]:
        """What the agent sends because of an event."""
        self.sent.clear()
        self.do(self.planner.received(event))
        self.do(self.planner.tick(self.now))
        return list(self.sent)

    def edit(self, name: str, data: Mapping[str, Any] | None) -> list[Event]:
        """What the agent sends because somebody changed its store."""
        self.sent.clear()
        self.put(key(name), data)
        return list(self.sent)

    def after(self, seconds: float) -> list[Event]:
        self.sent.clear()
        self.now += seconds
        self.do(self.planner.tick(self.now))
        return list(self.sent)

    def put(self, wanted: ObjectKey, data: Mapping[str, Any] | None) -> None:
        previous = self.objects.get(wanted)
        if data is None:
            if previous is not None:
                del self.objects[wanted]
                self.tell(Change(ChangeType.DELETED, previous, previous))
            return
        if previous is not None and _same(previous.data, data):
            return
        self.writes += 1
        bare = {**data, "metadata": {k: v for k, v in data["metadata"].items() if k != "resourceVersion"}}
        now = stored(bare, uid=f"local-{next(self._ids)}", version=f"rv-{next(self._ids)}")
        self.objects[wanted] = now
        self.tell(Change(ChangeType.MODIFIED if previous else ChangeType.ADDED, now, previous))

    def tell(self, change: Change) -> None:
        self.do(self.planner.changed(change, self.now))

    def do(self, effects: list[Effect]) -> None:
        queue = deque(effects)
        while queue:
            match queue.popleft():
                case Send(event=event):
                    self.sent.append(event)
                case Note() as note:
                    self.notes.append(note)
                case Upsert() | Removal() as write:
                    found = self.objects.get(write.key)
                    self.put(write.key, write(dict(found.data) if found else None))
                    queue.extend(self.planner.wrote(write))

    @property
    def shop(self) -> Mapping[str, Any]:
        return self.objects[key()].data

    def list(self, kind: str) -> list[StoredObject]:
        return [found for found in self.objects.values() if found.key.kind == kind]


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    def bare(data: Mapping[str, Any]) -> dict[str, Any]:
        return {**data, "metadata": {k: v for k, v in data["metadata"].items() if k != "resourceVersion"}}

    return bare(one) == bare(other)


def kinds(events: list[Event]) -> list[str]:
    return [event.type.rsplit(".", 1)[-1] for event in events]


def checksum_of(data: Mapping[str, Any]) -> str:
    return base64.b64encode(spec_checksum(data)).decode()


CREATE = sent(EventType.CREATE, theirs())
UPDATED = theirs(version="2", spec=SPEC | {"project": "other"})
UPDATE = sent(EventType.SPEC_UPDATE, UPDATED)
DELETE = sent(EventType.DELETE, theirs())


def test_an_offered_application_is_stored() -> None:
    agent = Agent()
    assert agent.receive(CREATE) == []
    assert agent.shop["spec"]["source"] == SPEC["source"]
    assert agent.shop["metadata"]["uid"] == "local-1"


def test_the_same_offer_again_writes_nothing_and_says_nothing() -> None:
    agent = Agent()
    agent.receive(CREATE)
    assert agent.receive(CREATE) == []
    assert agent.receive(sent(EventType.SPEC_UPDATE, theirs())) == []
    assert agent.writes == 1


def test_an_update_replaces_the_spec_only() -> None:
    agent = Agent()
    agent.receive(CREATE)
    agent.edit("shop", {**agent.shop, "status": {"sync": {"status": "Synced"}}})
    assert agent.receive(UPDATE) == []
    assert agent.shop["spec"]["project"] == "other"
    assert agent.shop["status"] == {"sync": {"status": "Synced"}}


def test_an_update_of_something_missing_creates_it() -> None:
    agent = Agent()
    agent.receive(UPDATE)
    assert agent.shop["spec"]["project"] == "other"


def test_a_deletion_is_done_and_confirmed_and_may_come_twice() -> None:
    agent = Agent()
    agent.receive(CREATE)
    assert kinds(agent.receive(DELETE)) == ["delete"]
    assert agent.objects == {}
    assert kinds(agent.receive(DELETE)) == ["delete"]


def test_only_the_principals_objects_are_ever_deleted() -> None:
    agent = Agent(stored(ours(uid="", principal="")))
    assert agent.receive(DELETE) == []
    assert key() in agent.objects
    assert agent.notes[-1].message == "deletion refused: the object is not the principal's"


def test_a_principal_does_not_delete_what_another_one_gave() -> None:
    agent = Agent()
    agent.receive(CREATE)
    assert agent.receive(sent(EventType.DELETE, theirs(), principal="started-over-an-empty-folder")) == []
    assert key() in agent.objects
    assert "from another principal" in agent.notes[-1].message
    assert kinds(agent.receive(sent(EventType.CREATE, theirs(), principal="successor"))) == []
    assert kinds(agent.receive(sent(EventType.DELETE, theirs(), principal="successor"))) == ["delete"]


def test_a_principal_that_does_not_say_who_it_is_deletes_as_before() -> None:
    agent = Agent()
    agent.receive(CREATE)
    assert kinds(agent.receive(sent(EventType.DELETE, theirs(), principal=""))) == ["delete"]


def test_a_principal_that_has_just_started_is_told_the_statuses_too() -> None:
    status = {"sync": {"status": "Synced"}}
    agent = Agent(stored(ours(status=status)), stored(ours("till")))
    events = agent.receive(asked(EventType.REQUEST_RESOURCE_RESYNC, {}))
    assert kinds(events) == ["request-update", "request-update", "status-update"]
    assert events[-1].payload()["status"] == status


@pytest.mark.parametrize("uid", ["uid-0", ""])
def test_a_deletion_of_another_object_of_that_name_asks_what_is_right(uid: str) -> None:
    agent = Agent()
    agent.receive(CREATE)
    late = sent(EventType.DELETE, theirs(uid=uid))
    (request,) = agent.receive(late)
    assert request.payload() == {
        "name": "shop",
        "namespace": "argocd",
        "uid": "uid-1",
        "kind": "Application",
        "checksum": None,
    }
    assert key() in agent.objects


def test_another_object_of_the_same_name_is_recreated() -> None:
    agent = Agent()
    agent.receive(CREATE)
    agent.edit("shop", {**agent.shop, "status": {"sync": {"status": "Synced"}}})
    before = agent.shop["metadata"]["uid"]
    agent.receive(sent(EventType.CREATE, theirs(uid="uid-2")))
    assert agent.shop["metadata"]["annotations"][SOURCE_UID] == "uid-2"
    assert agent.shop["metadata"]["uid"] != before
    assert "status" not in agent.shop


def test_somebodys_own_application_is_taken_over_when_offered() -> None:
    agent = Agent(stored(ours(uid="", principal="", status={"sync": {"status": "Synced"}})))
    events = agent.receive(CREATE)
    assert kinds(events) == ["status-update"]
    assert agent.shop["metadata"]["annotations"][SOURCE_UID] == "uid-1"


def test_somebodys_own_application_is_not_updated() -> None:
    agent = Agent(stored(ours(uid="", principal="")))
    (error,) = agent.receive(UPDATE)
    assert error.type == EventType.ERROR
    assert error.payload()["resourceName"] == "shop"
    assert error.payload()["resourceNamespace"] == "agent-a"
    assert "not the principal's" in error.payload()["message"]


def test_a_bad_object_is_an_error_for_the_principal() -> None:
    agent = Agent()
    (error,) = agent.receive(sent(EventType.CREATE, theirs(spec=[])))
    assert error.payload()["resourceName"] == "shop"
    assert agent.notes[-1].facts["application"] == "shop"
    assert agent.objects == {}


def test_an_object_without_a_usable_name_is_only_logged() -> None:
    agent = Agent()
    assert agent.receive(sent(EventType.CREATE, theirs("../x"))) == []
    assert agent.notes[-1].message == "event refused"
    assert "application" not in agent.notes[-1].facts


def test_a_complaint_is_taken_back_by_the_true_status() -> None:
    agent = Agent()
    agent.receive(CREATE)
    agent.receive(sent(EventType.SPEC_UPDATE, theirs(spec=[])))
    assert kinds(agent.receive(UPDATE)) == ["status-update"]
    assert agent.receive(CREATE) == []


def test_an_object_that_cannot_be_stored_is_an_error() -> None:
    agent = Agent()
    (write,) = agent.planner.received(CREATE)
    assert isinstance(write, Upsert)
    agent.do(agent.planner.failed(write, StoreError("disk of stone", retryable=False)))
    assert kinds(agent.sent) == ["request-synced-resource-list", "error"]
    assert agent.sent[-1].payload()["message"] == "disk of stone"


def test_a_changed_status_goes_to_the_principal() -> None:
    agent = Agent()
    agent.receive(CREATE)
    (event,) = agent.edit("shop", {**agent.shop, "status": {"sync": {"status": "Synced"}}})
    assert (event.type, event.target) == (EventType.STATUS_UPDATE, Target.APPLICATION)
    assert event.payload()["status"] == {"sync": {"status": "Synced"}}
    assert event.payload()["metadata"]["annotations"][SOURCE_UID] == "uid-1"
    assert event.source == "agent://agent-managed"


def test_a_status_taken_away_goes_too() -> None:
    agent = Agent()
    agent.receive(CREATE)
    agent.edit("shop", {**agent.shop, "status": {"a": 1}})
    (event,) = agent.edit("shop", {k: v for k, v in agent.shop.items() if k != "status"})
    assert event.payload()["status"] == {}


def test_the_status_of_somebodys_own_application_stays_here() -> None:
    agent = Agent()
    assert agent.edit("shop", ours(uid="", principal="", status={"a": 1})) == []


def test_statuses_that_changed_while_the_agent_was_away_are_sent_at_start() -> None:
    agent = Agent(stored(ours(status={"a": 1})), connected=False)
    assert kinds(agent.sent) == ["status-update"]


def test_a_local_edit_is_undone_by_asking_for_the_truth() -> None:
    agent = Agent()
    agent.receive(CREATE)
    (request,) = agent.edit("shop", {**agent.shop, "spec": SPEC})
    assert request.type == EventType.REQUEST_UPDATE
    assert request.payload()["checksum"] is None
    assert agent.receive(sent(EventType.SPEC_UPDATE, theirs())) == []
    assert agent.shop["spec"]["destination"] == {"name": "in-cluster", "namespace": "shop", "server": ""}


def test_a_removed_source_annotation_is_restored() -> None:
    agent = Agent()
    agent.receive(CREATE)
    assert kinds(agent.edit("shop", ours(uid="", principal=""))) == ["request-update"]
    agent.receive(UPDATE)
    assert agent.shop["metadata"]["annotations"][SOURCE_UID] == "uid-1"


def test_a_local_deletion_is_undone_by_asking_for_the_truth() -> None:
    agent = Agent()
    agent.receive(CREATE)
    (request,) = agent.edit("shop", None)
    assert request.payload()["uid"] == ""
    agent.receive(UPDATE)
    assert key() in agent.objects


def test_edits_of_what_is_nobodys_copy_are_nobodys_business() -> None:
    agent = Agent(stored(ours(uid="", principal="")))
    assert agent.edit("shop", ours(uid="", principal="", spec=SPEC)) == []
    assert agent.edit("shop", None) == []
    other = stored(ours("other"))
    agent.tell(Change(ChangeType.ADDED, StoredObject(ObjectKey("AppProject", "argocd", "x"), other.data, ""), None))
    agent.tell(Change(ChangeType.ADDED, StoredObject(ObjectKey(APPLICATION, "else", "x"), other.data, ""), None))
    assert agent.sent == []


def test_a_file_that_claims_to_be_a_copy_is_asked_about() -> None:
    agent = Agent()
    assert kinds(agent.edit("shop", ours(uid="forged"))) == ["request-update"]
    agent.receive(sent(EventType.DELETE, {"metadata": {"name": "shop", "namespace": "argocd", "uid": "forged"}}))
    assert agent.objects == {}


def test_a_copy_that_comes_back_after_its_deletion_is_asked_about() -> None:
    agent = Agent()
    agent.receive(CREATE)
    agent.receive(DELETE)
    assert kinds(agent.edit("shop", ours())) == ["request-update"]


def test_status_changes_of_an_edited_object_do_not_ask_again_and_again() -> None:
    agent = Agent()
    agent.receive(CREATE)
    agent.edit("shop", {**agent.shop, "spec": SPEC})
    for number in range(20):
        agent.now += 0.01
        assert kinds(agent.edit("shop", {**agent.shop, "status": {"n": number}})) == ["status-update"]
    assert kinds(agent.after(FIRST_PAUSE)) == ["request-update"]


def test_a_program_that_edits_after_every_restoration_does_not_get_a_loop() -> None:
    agent = Agent()
    agent.receive(CREATE)
    asked_for, seconds = 0, 600
    for number in range(seconds * 10):
        edit = {**agent.shop, "spec": agent.shop["spec"] | {"edit": str(number)}}
        requests = agent.edit("shop", edit)
        asked_for += len(requests)
        if requests:
            agent.receive(sent(EventType.SPEC_UPDATE, theirs()))
        agent.now += 0.1
    assert asked_for < 20


def test_requests_to_restore_wait_for_a_stream() -> None:
    agent = Agent(connected=False)
    agent.receive(CREATE)
    assert agent.edit("shop", {**agent.shop, "spec": SPEC}) == []
    assert agent.planner.next_time() is None
    agent.do(agent.planner.opened(agent.now))
    assert kinds(agent.sent) == ["request-update", "request-synced-resource-list", "request-update"]
    agent.planner.closed()
    assert agent.edit("shop", None) == []


def test_the_first_stream_of_a_process_asks_about_everything_once() -> None:
    one, two = stored(ours()), stored(ours("till", uid="uid-2"))
    own = stored(ours("own", uid="", principal=""))
    agent = Agent(one, two, own)
    assert kinds(agent.sent) == ["request-update", "request-update", "request-synced-resource-list"]
    assert agent.sent[0].payload() == {
        "name": "shop",
        "namespace": "argocd",
        "uid": "uid-1",
        "kind": "Application",
        "checksum": checksum_of(ours()),
    }
    total = list_checksum([(APPLICATION, "shop", "uid-1"), (APPLICATION, "till", "uid-2")])
    assert total is not None
    assert agent.sent[2].payload() == {"checksum": base64.b64encode(total).decode()}
    agent.sent.clear()
    agent.planner.closed()
    agent.do(agent.planner.opened(agent.now))
    assert agent.sent == []


def test_an_empty_store_asks_for_the_list_with_no_checksum() -> None:
    assert Agent().sent[0].payload() == {"checksum": None}


def resource(name: str = "shop", kind: str = "Application") -> Event:
    payload = {"name": name, "namespace": "agent-a", "uid": "uid-1", "kind": kind}
    return asked(EventType.RESPONSE_SYNCED_RESOURCE, payload)


def test_a_resource_that_is_here_is_compared() -> None:
    agent = Agent(stored(ours()))
    (request,) = agent.receive(resource())
    assert request.payload()["checksum"] == checksum_of(ours())


def test_a_resource_that_is_missing_is_asked_for() -> None:
    agent = Agent()
    (request,) = agent.receive(resource())
    assert (request.payload()["uid"], request.payload()["checksum"]) == ("", None)


@pytest.mark.parametrize(
    "event",
    [
        resource(kind="AppProject"),
        resource(name="Not A Name"),
        asked(EventType.RESPONSE_SYNCED_RESOURCE, {}),
        asked(EventType.REQUEST_UPDATE, {"name": "shop", "uid": "", "kind": "Application", "checksum": None}),
        asked(EventType.REQUEST_SYNCED_RESOURCE_LIST, {"checksum": None}),
        Event(EventType.RESPONSE_SYNCED_RESOURCE, Target.RESOURCE_RESYNC, "r", "e", data=b"{"),
        Event(EventType.RESPONSE_SYNCED_RESOURCE, Target.RESOURCE_RESYNC, "r", "e", data=b"[]"),
        Event(EventType.PONG, Target.HEARTBEAT, "r", "e"),
        Event("GET", Target.RESOURCE, "r", "e", data=b"{}"),
        Event("no-such-type", "no-such-target", "r", "e"),
    ],
    ids=lambda event: f"{event.target}-{event.type}",
)
def test_what_is_not_for_this_agent_is_noted_and_has_no_effect(event: Event) -> None:
    agent = Agent()
    agent.notes.clear()
    assert agent.receive(event) == []
    assert len(agent.notes) == 1
    assert agent.objects == {}


def test_a_resource_that_is_somebodys_own_is_left_alone() -> None:
    agent = Agent(stored(ours(uid="", principal="")))
    assert agent.receive(resource()) == []


def test_unhandled_sorts_are_noted_once_and_their_number_is_bounded() -> None:
    agent = Agent()
    agent.notes.clear()
    for number in range(10 * MAX_SORTS):
        for _ in range(2):
            agent.receive(Event(f"type-{number}", "target", "r", "e"))
    assert len(agent.notes) == MAX_SORTS


def test_a_principal_that_restarted_is_told_about_everything() -> None:
    agent = Agent(stored(ours()), stored(ours("till", uid="uid-2")))
    events = agent.receive(asked(EventType.REQUEST_RESOURCE_RESYNC, {}))
    assert [event.payload()["name"] for event in events] == ["shop", "till"]


def test_a_local_edit_made_while_the_agent_was_away_is_found_by_its_checksum() -> None:
    agent = Agent(stored(ours(spec=SPEC | {"project": "edited"})))
    assert agent.sent[0].payload()["checksum"] == checksum_of(ours(spec=SPEC | {"project": "edited"}))


def test_an_edit_before_the_principal_was_heard_is_asked_about() -> None:
    agent = Agent(stored(ours()))
    assert kinds(agent.edit("shop", ours(spec=SPEC | {"project": "edited"}))) == ["request-update"]
