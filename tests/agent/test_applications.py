import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.applications import (
    LAST_APPLIED,
    MAX_OBJECT,
    PRINCIPAL_UID,
    SOURCE_UID,
    Decision,
    Incoming,
    UnfitError,
    decide,
    fingerprint,
    merged,
    read_incoming,
    read_reference,
    source_uid,
)
from hubproto.events import Event, EventType
from tests.agent.samples import SPEC, ours, sent, theirs

NAMESPACES = ("agent-a", "argocd")


def incoming(obj: dict[str, Any] | None = None, *, principal: str = "principal-1") -> Incoming:
    return read_incoming(sent(EventType.CREATE, obj or theirs(), principal=principal), NAMESPACES)


def test_a_new_copy_lives_in_the_agents_namespace_and_cluster() -> None:
    copy = merged(None, incoming(), namespace="argocd")
    assert copy == ours()


@pytest.mark.parametrize(
    ("destination", "here"),
    [
        ({"name": "agent-a", "namespace": "shop"}, {"name": "in-cluster", "namespace": "shop", "server": ""}),
        (
            {"server": "https://10.0.0.1", "namespace": "shop"},
            {"name": "in-cluster", "namespace": "shop", "server": ""},
        ),
        ({"name": "agent-a"}, {"name": "in-cluster", "server": ""}),
        (None, {"name": "in-cluster", "server": ""}),
    ],
)
def test_only_the_cluster_of_a_destination_is_the_agents(
    destination: dict[str, str] | None, here: dict[str, str]
) -> None:
    copy = merged(None, incoming(theirs(spec=SPEC | {"destination": destination})), namespace="argocd")
    assert copy["spec"] == SPEC | {"destination": here}


def test_the_principals_own_identity_is_never_taken_as_ours() -> None:
    copy = merged(None, incoming(), namespace="argocd")
    assert not {"uid", "resourceVersion"} & set(copy["metadata"])


def test_what_concerns_the_principals_cluster_only_is_left_out() -> None:
    metadata = {
        "ownerReferences": [{"kind": "ApplicationSet", "name": "all"}],
        "annotations": {LAST_APPLIED: "{}", "team": "shop", SOURCE_UID: "forged", PRINCIPAL_UID: "forged"},
        "labels": {"tier": "web"},
        "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        "managedFields": [{}],
        "generation": 7,
    }
    copy = merged(None, incoming(theirs(metadata=metadata)), namespace="argocd")
    assert copy["metadata"] == {
        "name": "shop",
        "namespace": "argocd",
        "labels": {"tier": "web"},
        "annotations": {"team": "shop", SOURCE_UID: "uid-1", PRINCIPAL_UID: "principal-1"},
        "finalizers": ["resources-finalizer.argocd.argoproj.io"],
    }


def test_status_operation_and_uid_are_the_agents_own() -> None:
    here = ours(status={"health": {"status": "Healthy"}}, operation={"sync": {}}, metadata={"uid": "local-1"})
    there = theirs(status={"health": {"status": "Missing"}}, operation={"sync": {"prune": True}})
    there["spec"] = SPEC | {"project": "other"}
    copy = merged(here, incoming(there), namespace="argocd")
    assert copy["status"] == {"health": {"status": "Healthy"}}
    assert copy["operation"] == {"sync": {}}
    assert copy["metadata"]["uid"] == "local-1"
    assert copy["spec"]["project"] == "other"


def test_labels_that_the_principal_dropped_go() -> None:
    here = ours(metadata={"labels": {"old": "1"}, "ownerReferences": [{}], "finalizers": ["x"]})
    copy = merged(here, incoming(), namespace="argocd")
    assert not {"labels", "ownerReferences", "finalizers"} & set(copy["metadata"])


def test_annotations_of_local_controllers_stay() -> None:
    here = ours()
    here["metadata"]["annotations"]["argocd.argoproj.io/refresh"] = "hard"
    here["metadata"]["annotations"]["edited"] = "by hand"
    copy = merged(here, incoming(), namespace="argocd")
    assert copy["metadata"]["annotations"]["argocd.argoproj.io/refresh"] == "hard"
    assert "edited" not in copy["metadata"]["annotations"]


def test_an_answer_without_a_principal_keeps_the_known_one() -> None:
    copy = merged(ours(), incoming(principal=""), namespace="argocd")
    assert copy["metadata"]["annotations"][PRINCIPAL_UID] == "principal-1"


def test_the_same_object_again_changes_nothing() -> None:
    copy = merged(None, incoming(), namespace="argocd")
    assert merged(copy, incoming(), namespace="argocd") == copy


PLAIN = theirs()
NO_SOURCE = ours(uid="", principal="")

DECISIONS = [
    ("nothing is here", None, True, False, Decision.CREATE),
    ("nothing is here, update", None, False, False, Decision.CREATE),
    ("the same object", ours(), False, False, Decision.UPDATE),
    ("another principal's", ours(uid="uid-0", principal="principal-0"), False, False, Decision.ADOPT),
    ("another object of this principal", ours(uid="uid-0"), False, False, Decision.RECREATE),
    ("another object, principal unknown", ours(uid="uid-0", principal=""), False, False, Decision.ADOPT),
    ("somebody's own, offered", NO_SOURCE, True, False, Decision.ADOPT),
    ("somebody's own, updated", NO_SOURCE, False, False, Decision.REFUSE),
    ("ours, annotation removed", NO_SOURCE, False, True, Decision.ADOPT),
]


@pytest.mark.parametrize(("name", "here", "create", "known", "decision"), DECISIONS, ids=[row[0] for row in DECISIONS])
def test_identity_decides(
    name: str, here: dict[str, Any] | None, create: bool, known: bool, decision: Decision
) -> None:
    assert decide(here, incoming(), create=create, ours=known) is decision, name


def event_of(body: object) -> Event:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Event(EventType.CREATE, "application", resource_id="r", event_id="e", data=data)


UNFIT = {
    "not json": (b"{", "JSON"),
    "no object": ("something", "JSON object"),
    "no metadata": ({}, "metadata"),
    "no name": ({"metadata": {}}, "metadata.name"),
    "upper case": ({"metadata": {"name": "Shop"}}, "metadata.name 'Shop'"),
    "path": ({"metadata": {"name": "../../etc/passwd"}}, "metadata.name"),
    "long name": ({"metadata": {"name": "a" * 254}}, "metadata.name"),
    "name no text": ({"metadata": {"name": 5}}, "metadata.name 5"),
    "other namespace": ({"metadata": {"name": "shop", "namespace": "agent-b"}}, "agent-a or argocd is accepted"),
    "no uid": ({"metadata": {"name": "shop"}, "spec": {}}, "without metadata.uid$"),
    "uid no text": ({"metadata": {"name": "shop", "uid": 5}, "spec": {}}, "metadata.uid"),
    "long uid": ({"metadata": {"name": "shop", "uid": "u" * 200}, "spec": {}}, "metadata.uid"),
    "no spec": ({"metadata": {"name": "shop", "uid": "u"}}, "without spec"),
    "spec no mapping": ({"metadata": {"name": "shop", "uid": "u"}, "spec": []}, "spec"),
    "destination a text": (
        {"metadata": {"name": "shop", "uid": "u"}, "spec": {"destination": "here"}},
        "spec.destination is a str: a mapping is needed",
    ),
    "labels no texts": ({"metadata": {"name": "shop", "uid": "u", "labels": {"a": 1}}, "spec": {}}, "labels"),
    "annotations a list": ({"metadata": {"name": "shop", "uid": "u", "annotations": [1]}, "spec": {}}, "annotations"),
    "finalizers a text": ({"metadata": {"name": "shop", "uid": "u", "finalizers": "x"}, "spec": {}}, "finalizers"),
    "too large": (b'{"a":"' + b"x" * MAX_OBJECT + b'"}', "at most"),
    "too deep": (b'{"a":' * 5000 + b"1" + b"}" * 5000, "deep"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_an_object_that_is_none_is_refused_with_its_reason(name: str) -> None:
    body, reason = UNFIT[name]
    with pytest.raises(UnfitError, match=reason.replace("[", r"\[")):
        read_incoming(event_of(body), NAMESPACES)


def test_a_refusal_knows_the_name_as_soon_as_there_is_one() -> None:
    with pytest.raises(UnfitError) as caught:
        read_incoming(event_of(UNFIT["no spec"][0]), NAMESPACES)
    assert caught.value.name == "shop"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["metadata", "spec", "name", "uid", "annotations"]), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_no_payload_breaks_the_reader(body: object) -> None:
    try:
        read = read_incoming(event_of(body), NAMESPACES)
    except UnfitError:
        read = None
    assert read is None or merged(None, read, namespace="argocd")["metadata"]["name"]


def test_a_deletion_may_know_no_uid() -> None:
    reference = read_reference(event_of({"metadata": {"name": "shop", "namespace": "argocd", "uid": ""}}), NAMESPACES)
    assert (reference.name, reference.uid) == ("shop", "")


def test_a_fingerprint_tells_spec_and_source_but_not_status_or_labels() -> None:
    base = fingerprint(ours())
    assert fingerprint(ours(status={"a": 1}, metadata={"labels": {"a": "b"}} | ours()["metadata"])) == base
    assert fingerprint(ours(spec=SPEC)) != base
    assert fingerprint(ours(uid="uid-2")) != base
    assert fingerprint({"spec": {"a": object()}}) == b""


def test_annotations_of_the_wrong_type_are_no_source() -> None:
    assert source_uid({"metadata": {"annotations": {SOURCE_UID: 5}}}) == ""
    assert source_uid({"metadata": None}) == ""
