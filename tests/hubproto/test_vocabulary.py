"""The words are argocd-agent's, each of them."""

import pytest

from hubproto.vocabulary import EventType, Target, is_extension


def test_event_types_are_those_of_argocd_agent() -> None:
    words = (
        "ping pong create delete spec-update status-update set-operation terminate-operation processed get response "
        "redis-request redis-response request-synced-resource-list response-synced-resource request-update "
        "request-resource-resync cluster-cache-info-update terminal-request error"
    )
    assert [str(kind) for kind in EventType] == [f"io.argoproj.argocd-agent.event.{word}" for word in words.split()]


def test_targets_are_those_of_argocd_agent() -> None:
    words = (
        "application appproject eventProcessed resource redis resourceResync clusterCacheInfoUpdate repository gpgkey "
        "containerlog heartbeat terminal applicationset"
    )
    assert [str(target) for target in Target] == words.split()


@pytest.mark.parametrize("name", ["traceparent", "tracestate", "rttms", "x", "0"])
def test_a_free_lower_case_name_is_an_extension(name: str) -> None:
    assert is_extension(name)


@pytest.mark.parametrize(
    "name",
    ["", "resourceid", "sentat", "subject", "dataschema", "time", "id", "type", "Foo", "foo-bar", "f o", "é", "\uff41"],
)
def test_a_name_in_use_or_outside_the_alphabet_is_none(name: str) -> None:
    assert not is_extension(name)
