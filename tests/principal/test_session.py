"""What a session answers by a heartbeat's shape, and passes on past an idle queue, is what it does in full."""

import uuid

import pytest

from hubproto.events import Event, EventType, Target, ack, heartbeat
from hubproto.sendqueue import RETRY_DELAYS
from tests.principal.virtual import bench

BEATS = [heartbeat(str(uuid.UUID(int=number + (1 << 100))), rtt_ms=number + 0.5) for number in range(5)]


def update(name: str, version: int) -> Event:
    return Event(
        EventType.SPEC_UPDATE, Target.APPLICATION, resource_id=f"{name}_u1", event_id=f"{name}_u1_{version}", data=b"{}"
    )


def test_every_heartbeat_of_a_shape_is_answered_counted_and_heard() -> None:
    stage = bench()
    line = stage.connect("agent-a")
    for beat in BEATS:
        line.say(beat)
        stage.clock.advance(1.0)
    assert line.sink.sent == [ack(beat) for beat in BEATS]
    stats = stage.hub.agents.ensure("agent-a").heartbeat
    assert (stats.received, stats.acked) == (len(BEATS), len(BEATS))
    assert stats.rtts == [0.5, 1.5, 2.5, 3.5, 4.5]
    assert stats.last == stage.clock.wall() - 1.0
    assert line.session.quiet() == pytest.approx(1.0)
    assert line.session.watchdog.heartbeats == len(BEATS)


def test_a_heartbeat_after_the_end_of_the_stream_is_not_answered() -> None:
    stage = bench()
    line = stage.connect("agent-a")
    line.say(BEATS[0])
    line.session.on_half_closed()
    line.sink.take()
    line.say(BEATS[1])
    assert line.sink.sent == []


def test_events_for_different_resources_go_at_once_and_each_again_when_its_time_has_come() -> None:
    stage = bench()
    line = stage.connect("agent-a")
    for name in "abc":
        stage.hub.enqueue("agent-a", update(name, 1))
        stage.clock.advance(0.5)
    sent = line.sink.take()
    assert [event.resource_id for event in sent] == ["a_u1", "b_u1", "c_u1"]
    line.say(ack(sent[1]))
    stage.clock.advance(2 * RETRY_DELAYS[0])
    assert sorted(line.sink.take(), key=lambda event: event.resource_id) == [sent[0], sent[2]]


def test_an_event_behind_one_that_awaits_its_ack_waits() -> None:
    stage = bench()
    line = stage.connect("agent-a")
    stage.hub.enqueue("agent-a", update("a", 1))
    stage.hub.enqueue("agent-a", update("a", 2))
    [first] = line.sink.take()
    line.say(ack(first))
    assert [event.event_id for event in line.sink.take()] == ["a_u1_2"]


def test_nothing_passes_a_stream_that_takes_no_more() -> None:
    stage = bench()
    line = stage.connect("agent-a")
    line.sink.open = False
    stage.hub.enqueue("agent-a", update("a", 1))
    assert line.sink.sent == []
    line.sink.open = True
    line.session.on_writable()
    assert [event.event_id for event in line.sink.sent] == ["a_u1_1"]


def test_a_session_with_many_events_under_way_has_one_timer() -> None:
    stage = bench()
    line = stage.connect("agent-a")
    before = stage.clock.live_timers
    for number in range(50):
        stage.hub.enqueue("agent-a", update(f"app{number}", 1))
    assert len(line.sink.sent) == 50
    assert stage.clock.live_timers == before + 1
