"""Sessions, queues and records, on a virtual clock and without a transport."""

import json

import pytest
from structlog.testing import capture_logs

from hubproto import methods
from hubproto.events import Event, EventType, Target, ack, heartbeat, object_event
from principal.deaths import DeathCause
from principal.hub import SUPERSEDED_PUSHBACK
from principal.rpc import Code, RpcError
from principal.session import MAX_HEARTBEAT, Session
from tests.principal.virtual import Bench, FakeSink, bench, call, spiffe, token_for


def application(name: str = "guestbook", version: str = "1", kind: EventType = EventType.CREATE) -> Event:
    metadata = {"name": name, "namespace": "agent-a", "uid": f"uid-{name}", "resourceVersion": version}
    return object_event(kind, Target.APPLICATION, {"metadata": metadata, "spec": {"project": version}})


def opened(stage: Bench, agent: str = "agent-a") -> Session:
    session = stage.hub.agents.ensure(agent).session
    assert session is not None
    return session


def test_a_stream_needs_a_token() -> None:
    with pytest.raises(RpcError) as raised:
        bench().hub.open_stream(methods.SUBSCRIBE, call("agent-a"), FakeSink())
    assert (raised.value.status.code, raised.value.status.message) == (
        Code.UNAUTHENTICATED,
        "invalid authentication data",
    )


def test_a_stream_with_somebody_elses_token_is_refused() -> None:
    stage = bench()
    token = token_for("agent-b", now=stage.clock.wall())
    with pytest.raises(RpcError) as raised:
        stage.hub.open_stream(methods.SUBSCRIBE, call("agent-a", token=token), FakeSink())
    assert raised.value.status.code is Code.UNAUTHENTICATED


def test_a_stream_with_a_token_but_no_identity_header_is_refused() -> None:
    stage = bench()
    token = token_for("agent-a", now=stage.clock.wall())
    with pytest.raises(RpcError):
        stage.hub.open_stream(methods.SUBSCRIBE, call(None, token=token), FakeSink())


def test_an_expired_token_is_refused() -> None:
    stage = bench()
    token = token_for("agent-a", now=stage.clock.wall() - 301)
    with pytest.raises(RpcError):
        stage.hub.open_stream(methods.SUBSCRIBE, call("agent-a", token=token), FakeSink())


def test_a_heartbeat_is_acknowledged_at_once_by_an_ordinary_ack() -> None:
    line = bench().connect("agent-a")
    beat = heartbeat("beat-1")
    line.say(beat)
    [answer] = line.sink.sent
    assert (answer.type, answer.target) == (EventType.PROCESSED, Target.EVENT_PROCESSED)
    assert (answer.resource_id, answer.event_id) == ("beat-1", "beat-1")


def test_a_heartbeat_is_acknowledged_while_events_are_being_processed() -> None:
    stage = bench()
    stage.hub.on_event = lambda _session, _event: None
    line = stage.connect("agent-a")
    line.say(application(kind=EventType.STATUS_UPDATE))
    line.say(heartbeat("beat-1"))
    assert [event.event_id for event in line.sink.sent] == ["beat-1"]


def test_a_heartbeat_is_acknowledged_even_while_the_stream_takes_nothing_else() -> None:
    stage = bench()
    line = stage.connect("agent-a")
    line.sink.open = False
    stage.hub.enqueue("agent-a", application())
    line.say(heartbeat("beat-1"))
    assert [event.event_id for event in line.sink.sent] == ["beat-1"]


def test_a_heartbeat_blown_up_to_be_echoed_is_not_answered() -> None:
    line = bench().connect("agent-a")
    beat = heartbeat("beat-1")
    extra = (("padding", "x" * MAX_HEARTBEAT),)
    line.say(Event(beat.type, beat.target, beat.resource_id, beat.event_id, extra=extra))
    assert line.sink.sent == []


def test_an_ack_is_never_acknowledged() -> None:
    line = bench().connect("agent-a")
    line.say(ack(heartbeat("beat-1")))
    assert line.sink.sent == []


def test_an_event_goes_at_once_and_again_until_it_is_acknowledged() -> None:
    stage = bench()
    line = stage.connect("agent-a")
    event = application()
    stage.hub.enqueue("agent-a", event)
    assert [sent.event_id for sent in line.sink.take()] == [event.event_id]
    stage.clock.advance(10.0)
    [again] = line.sink.take()
    line.say(ack(again))
    stage.clock.advance(1000.0)
    assert line.sink.sent == []


def test_a_second_event_of_a_resource_waits_for_the_first_ones_ack_and_then_goes_at_once() -> None:
    stage = bench()
    line = stage.connect("agent-a")
    stage.hub.enqueue("agent-a", application(version="1"))
    stage.hub.enqueue("agent-a", application(version="2", kind=EventType.SPEC_UPDATE))
    [first] = line.sink.take()
    line.say(ack(first))
    [second] = line.sink.take()
    assert second.event_id.endswith("_2")


def test_events_for_an_agent_that_is_away_wait_for_it() -> None:
    stage = bench()
    stage.hub.enqueue("agent-a", application())
    line = stage.connect("agent-a")
    assert [event.type for event in line.sink.sent] == [EventType.CREATE]


def test_what_was_not_acknowledged_goes_again_on_the_next_stream() -> None:
    stage = bench()
    first = stage.connect("agent-a")
    stage.hub.enqueue("agent-a", application())
    assert len(first.sink.sent) == 1
    first.session.on_closed("reset")
    second = stage.connect("agent-a")
    assert [event.event_id for event in second.sink.sent] == [application().event_id]


def test_a_stream_that_takes_nothing_holds_the_queue_back_until_it_does() -> None:
    stage = bench()
    line = stage.connect("agent-a")
    line.sink.open = False
    stage.hub.enqueue("agent-a", application())
    assert line.sink.sent == []
    line.sink.open = True
    line.session.on_writable()
    assert len(line.sink.sent) == 1


def test_an_autonomous_agent_is_sent_no_create_and_no_delete() -> None:
    stage = bench()
    stage.hub.enqueue("agent-a", application())
    line = stage.connect("agent-a", mode="autonomous")
    stage.hub.enqueue("agent-a", application(name="other", kind=EventType.DELETE))
    stage.hub.enqueue("agent-a", application(name="third", kind=EventType.SPEC_UPDATE))
    assert [event.type for event in line.sink.sent] == [EventType.SPEC_UPDATE]


def test_a_newer_stream_of_the_same_agent_takes_over() -> None:
    stage = bench()
    old = stage.connect("agent-a")
    new = stage.connect("agent-a", connection="c2")
    assert old.sink.status is not None
    assert old.sink.status.code is Code.UNAVAILABLE
    assert "superseded" in old.sink.status.message
    assert (methods.RETRY_PUSHBACK, str(round(SUPERSEDED_PUSHBACK * 1000))) in old.sink.status.trailers
    assert opened(stage) is new.session
    assert new.session.generation == 2


def test_the_end_of_a_superseded_stream_does_not_disconnect_the_newer_one() -> None:
    stage = bench()
    old = stage.connect("agent-a")
    new = stage.connect("agent-a")
    old.session.on_closed("late")
    assert opened(stage) is new.session


def test_silence_after_two_heartbeats_ends_the_session_with_unavailable() -> None:
    stage = bench()
    line = stage.connect("agent-a")
    for _ in range(2):
        line.say(heartbeat("beat"))
        stage.clock.advance(1.0)
    stage.clock.advance(2.5)
    assert line.sink.status is not None
    assert line.sink.status.code is Code.UNAVAILABLE
    [death] = stage.hub.agents.ensure("agent-a").deaths
    assert death.cause is DeathCause.SESSION_TIMEOUT
    assert death.quiet == pytest.approx(3.0, abs=0.01)


def test_an_agent_that_sends_no_heartbeats_may_be_silent_for_ever() -> None:
    stage = bench()
    line = stage.connect("agent-a")
    stage.clock.advance(1e6)
    assert line.sink.status is None


def test_a_steady_agent_lives() -> None:
    stage = bench()
    line = stage.connect("agent-a")
    for _ in range(1000):
        line.say(heartbeat("beat"))
        stage.clock.advance(10.0)
    assert line.sink.status is None


def test_a_stalled_principal_does_not_blame_its_agents() -> None:
    stage = bench(session_timeout=5.0)
    line = stage.connect("agent-a")
    for _ in range(3):
        line.say(heartbeat("beat"))
        stage.clock.advance(1.0)
    stage.clock.stall(60.0)
    assert line.sink.status is None
    line.say(heartbeat("beat"))
    stage.clock.advance(5.1)
    assert line.sink.status is not None


def test_closing_ends_every_stream_with_unavailable_and_refuses_new_ones() -> None:
    stage = bench()
    lines = [stage.connect(f"agent-{letter}") for letter in "abc"]
    stage.hub.close()
    assert {line.sink.status.code for line in lines if line.sink.status} == {Code.UNAVAILABLE}
    with pytest.raises(RpcError) as raised:
        stage.connect("agent-d")
    assert raised.value.status.code is Code.UNAVAILABLE


def test_no_timer_outlives_its_stream() -> None:
    stage = bench()
    line = stage.connect("agent-a")
    line.say(heartbeat("1"))
    stage.clock.advance(1.0)
    line.say(heartbeat("2"))
    stage.hub.enqueue("agent-a", application())
    assert stage.clock.live_timers == 2
    line.session.on_closed("reset")
    assert stage.clock.live_timers == 0


def test_an_undecodable_message_costs_neither_the_stream_nor_the_agent() -> None:
    line = bench().connect("agent-a")
    line.session.on_message(b"\xff\xff not an event")
    line.say(heartbeat("beat"))
    assert line.sink.status is None
    assert len(line.sink.sent) == 1


def test_a_flood_of_undecodable_messages_is_counted_and_hardly_logged() -> None:
    stage = bench()
    line = stage.connect("agent-a")
    with capture_logs() as lines:
        for _ in range(3000):
            line.session.on_message(b"")
        stage.clock.advance(5)
        line.session.on_message(b"")
    assert stage.hub.agents.ensure("agent-a").events_refused == 3001
    assert len(lines) < 20
    assert sum(said["left_out"] for said in lines) + len(lines) == 3001


def test_a_death_keeps_what_the_agent_says_of_it() -> None:
    stage = bench()
    stage.connect("agent-a").session.on_closed("reset")
    report = {"cause": "stream-reset", "detail": "RST_STREAM code 2", "livedSeconds": 5.0, "quietSeconds": 5.0}
    stage.connect("agent-a", ("meshtether-last-death", json.dumps(report)))
    [death] = stage.hub.agents.ensure("agent-a").deaths
    assert death.report is not None
    assert (death.report.cause, death.report.lived) == ("stream-reset", 5.0)


@pytest.mark.parametrize(
    "value",
    ["", "{", "[]", "null", '{"cause":1}', '{"cause":""}', json.dumps({"cause": "x", "detail": "y" * 600}), "[" * 500],
)
def test_a_report_that_cannot_be_believed_is_dropped(value: str) -> None:
    stage = bench()
    stage.connect("agent-a").session.on_closed("reset")
    stage.connect("agent-a", ("meshtether-last-death", value))
    assert stage.hub.agents.ensure("agent-a").deaths[-1].report is None


def test_a_report_cannot_write_control_characters_into_the_log() -> None:
    stage = bench()
    stage.connect("agent-a").session.on_closed("reset")
    stage.connect("agent-a", ("meshtether-last-death", json.dumps({"cause": "a\n\x1b[31m", "livedSeconds": "NaN"})))
    report = stage.hub.agents.ensure("agent-a").deaths[-1].report
    assert report is not None
    assert report.cause.isprintable()
    assert report.lived == 0.0


def test_round_trips_are_those_that_the_agent_measured() -> None:
    stage = bench()
    line = stage.connect("agent-a")
    for text in ["12.5", "nonsense", "-1", "inf", "NaN", "3"]:
        beat = heartbeat("beat")
        line.say(Event(beat.type, beat.target, beat.resource_id, beat.event_id, extra=(("rttms", text),)))
    assert list(stage.hub.agents.ensure("agent-a").heartbeat.rtts) == [12.5, 3.0]


def test_agents_on_one_connection_are_counted_as_sharing_it() -> None:
    stage = bench()
    stage.connect("agent-a", connection="c1")
    stage.connect("agent-b", connection="c1")
    stage.connect("agent-c", connection="c2")
    assert (stage.hub.agents.sharing("c1"), stage.hub.agents.sharing("c2")) == (2, 1)


def test_a_record_shows_the_identity_of_the_stream() -> None:
    stage = bench()
    assert stage.connect("agent-a").session.identity == spiffe("agent-a")


def test_when_a_queue_that_overflowed_has_drained_everything_is_offered_again() -> None:
    stage = bench()
    again: list[str] = []
    stage.hub.on_drained = lambda agent: again.append(agent.name)
    line = stage.connect("agent-a")
    stage.hub.enqueue("agent-a", application())
    stage.hub.agents.ensure("agent-a").lost_events = True
    line.say(ack(line.sink.take()[0]))
    assert again == ["agent-a"]
    stage.hub.enqueue("agent-a", application())
    line.say(ack(line.sink.take()[0]))
    assert again == ["agent-a"]
