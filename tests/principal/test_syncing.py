"""Where the sync's decisions meet the store and the hub."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
import structlog

from hubproto.events import EventType
from hubproto.methods import MANAGED
from principal.agents import Agent
from principal.namespaces import namespace_matcher
from principal.outbound import Outbound
from principal.syncing import Syncing


def greeted(agent: Agent, *allowed: str) -> tuple[list[EventType], list[Any]]:
    """What an agent is sent when its stream opens twice, and what the log says meanwhile."""
    sent: list[EventType] = []
    hub = SimpleNamespace(enqueue=lambda _name, event: sent.append(EventType(event.type)))
    store = SimpleNamespace(get=None, list=None, held=None, faults=())
    outbound = Outbound(allowed=namespace_matcher(allowed), principal_uid="principal-1")
    syncing = Syncing(cast("Any", hub), cast("Any", store), outbound)
    with structlog.testing.capture_logs() as lines:
        syncing.greet(agent)
        syncing.greet(agent)
    return sent, list(lines)


@pytest.mark.parametrize("allowed", [(), ("agent-*",)])
def test_an_agent_is_asked_once_what_it_holds(allowed: tuple[str, ...]) -> None:
    assert greeted(Agent("agent-a"), *allowed) == ([EventType.REQUEST_RESOURCE_RESYNC], [])


def test_an_agent_whose_namespace_is_not_allowed_is_told_of_once() -> None:
    _, [line] = greeted(Agent("agent-b", mode=MANAGED), "agent-a")
    assert line["log_level"] == "warning"
    assert (line["agent"], line["option"]) == ("agent-b", "--allowed-namespaces")
