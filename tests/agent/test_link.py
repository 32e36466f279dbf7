from itertools import count

import pytest

from agent.backoff import ORDINARY, SLOW
from agent.causes import Cause, Verdict
from agent.effects import Abort, Announce, Connect, Effect, Finish, On, SendHeartbeat, State, Wait
from agent.link import ATTEMPT_DEADLINE, OPENING_DEADLINE, PROVEN, SETTLE, TRANSITIONS, Link, LinkError

RESET = Verdict(Cause.STREAM_RESET, "INTERNAL: reset")
REFUSED = Verdict(Cause.CONNECTION_REFUSED, "UNAVAILABLE: refused")


def link(*, interval: float = 0.0, deadline: float = 10.0, rand: float = 0.0) -> Link:
    ids = count(1)
    return Link(
        heartbeat_interval=interval, heartbeat_deadline=deadline, rand=lambda: rand, new_id=lambda: f"hb-{next(ids)}"
    )


def opening(**settings: float) -> tuple[Link, list[Effect]]:
    """A link on which Subscribe has just been called, at second 100."""
    made = link(**settings)
    made.handle(On.START, 100.0)
    made.handle(On.CONNECTED, 100.0)
    return made, made.handle(On.AUTHENTICATED, 100.0)


def streaming(**settings: float) -> Link:
    made, _ = opening(**settings)
    made.handle(On.STREAM_OPENED, 100.0)
    return made


def test_the_first_attempt_starts_at_once_and_reports_nothing() -> None:
    assert link().handle(On.START, 5.0) == [Connect(None)]


def test_an_input_without_a_row_is_an_error() -> None:
    with pytest.raises(LinkError, match="ACKED in state NEW"):
        link().handle(On.ACKED, 0.0)


def test_every_state_but_the_last_can_be_stopped_and_the_last_has_no_row() -> None:
    for state in State:
        assert ((state, On.STOP) in TRANSITIONS) == (state is not State.STOPPED)
    assert not any(state is State.STOPPED for state, _ in TRANSITIONS)


def test_stop_finishes_and_no_timer_is_left() -> None:
    made = streaming(interval=1.0)
    assert made.handle(On.STOP, 101.0) == [Finish()]
    assert made.next_timer() is None


def test_an_attempt_that_hangs_is_aborted() -> None:
    made = link()
    made.handle(On.START, 100.0)
    assert made.next_timer() == 100.0 + ATTEMPT_DEADLINE
    abort, wait = made.tick(100.0 + ATTEMPT_DEADLINE)
    assert isinstance(abort, Abort)
    assert abort.verdict.cause is Cause.DEADLINE
    assert isinstance(wait, Wait)
    assert made.state is State.WAITING


def test_the_deadline_spans_connecting_and_login() -> None:
    made = link()
    made.handle(On.START, 100.0)
    made.handle(On.CONNECTED, 110.0)
    assert made.next_timer() == 100.0 + ATTEMPT_DEADLINE


def test_the_first_heartbeat_goes_out_as_subscribe_is_called() -> None:
    made, effects = opening(interval=5.0)
    assert effects == [SendHeartbeat("hb-1", None)]
    assert made.next_timer() == 105.0


def test_headers_open_the_stream() -> None:
    made, _ = opening()
    assert made.handle(On.STREAM_OPENED, 100.5) == [Announce()]
    assert made.state is State.STREAMING


def test_a_first_event_opens_the_stream_and_headers_may_follow() -> None:
    made, _ = opening()
    assert made.handle(On.HEARD, 100.5) == [Announce()]
    assert made.handle(On.STREAM_OPENED, 100.5) == []


def test_without_heartbeats_a_silent_stream_counts_as_open_after_a_while() -> None:
    made, _ = opening()
    assert made.next_timer() == 100.0 + SETTLE
    assert made.tick(100.0 + SETTLE) == [Announce()]
    assert made.next_timer() is None


def test_with_heartbeats_a_stream_on_which_nothing_is_heard_ends() -> None:
    made, _ = opening(interval=20.0, deadline=1.0)
    effects = made.tick(100.0 + OPENING_DEADLINE)
    assert [type(effect) for effect in effects] == [SendHeartbeat, Abort, Wait]
    assert made.last_death is not None
    assert made.last_death.cause is Cause.HEARTBEAT_UNANSWERED


def test_an_unanswered_heartbeat_ends_the_stream_at_its_deadline() -> None:
    made = streaming(interval=5.0, deadline=2.0)
    assert made.next_timer() == 102.0
    abort, wait = made.tick(102.0)
    told = "no answer within 2 s, and nothing at all was heard for 2.0 s"
    assert abort == Abort(Verdict(Cause.HEARTBEAT_UNANSWERED, told))
    assert isinstance(wait, Wait)
    assert wait.death.opened
    assert wait.death.lived == 2.0


def test_an_answered_heartbeat_keeps_the_stream() -> None:
    made = streaming(interval=5.0, deadline=2.0)
    made.handle(On.ACKED, 100.4, beat_id="hb-1")
    assert made.next_timer() == 105.0
    (beat,) = made.tick(105.0)
    assert isinstance(beat, SendHeartbeat)
    assert beat.id == "hb-2"
    assert beat.round_trip == pytest.approx(0.4)


def test_other_events_do_not_answer_a_heartbeat() -> None:
    made = streaming(interval=5.0, deadline=2.0)
    made.handle(On.HEARD, 101.9)
    made.handle(On.ACKED, 101.9, beat_id="not-ours")
    assert made.next_timer() == 102.0


def test_a_check_that_comes_far_too_late_is_excused_once() -> None:
    made = streaming(interval=500.0, deadline=2.0)
    assert made.tick(160.0) == []
    assert made.next_timer() == 162.0
    assert [type(effect) for effect in made.tick(162.0)] == [Abort, Wait]


def test_a_lost_attempt_is_repeated_after_a_jittered_delay() -> None:
    made = link(rand=0.5)
    made.handle(On.START, 100.0)
    (wait,) = made.handle(On.LOST, 100.0, verdict=REFUSED)
    assert isinstance(wait, Wait)
    assert ORDINARY.floor < wait.delay < ORDINARY.first
    assert made.next_timer() == wait.until
    assert made.tick(wait.until) == [Connect(None)]


BEFORE = {
    State.CONNECTING: (On.START,),
    State.LOGIN: (On.START, On.CONNECTED),
    State.OPENING: (On.START, On.CONNECTED, On.AUTHENTICATED),
    State.STREAMING: (On.START, On.CONNECTED, On.AUTHENTICATED, On.STREAM_OPENED),
}


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("state", BEFORE)
def test_after_every_cause_in_every_state_there_is_a_next_attempt(state: State, cause: Cause) -> None:
    made = link(interval=5.0, rand=0.99)
    for on in BEFORE[state]:
        made.handle(on, 100.0)
    assert made.state is state
    (wait,) = made.handle(On.LOST, 101.0, verdict=Verdict(cause))
    assert isinstance(wait, Wait)
    assert ORDINARY.floor <= wait.delay <= SLOW.cap
    assert made.tick(wait.until - 0.001) == []
    assert [type(effect) for effect in made.tick(wait.until)] == [Connect]


def test_what_a_person_must_mend_is_tried_more_slowly() -> None:
    made = link()
    made.handle(On.START, 100.0)
    (wait,) = made.handle(On.LOST, 100.0, verdict=Verdict(Cause.VERSION_MISMATCH))
    assert isinstance(wait, Wait)
    assert wait.delay >= SLOW.floor


def test_a_pushback_is_waited_for() -> None:
    made = streaming()
    (wait,) = made.handle(On.LOST, 101.0, verdict=Verdict(Cause.SUPERSEDED, pushback=20.0))
    assert isinstance(wait, Wait)
    assert wait.delay >= 20.0


def lose(made: Link, now: float) -> float:
    (wait,) = made.handle(On.LOST, now, verdict=RESET)
    assert isinstance(wait, Wait)
    return wait.delay


def reopen(made: Link, now: float) -> None:
    made.tick(now)
    made.handle(On.CONNECTED, now)
    made.handle(On.AUTHENTICATED, now)
    made.handle(On.STREAM_OPENED, now)


def test_backoff_starts_over_only_after_a_stream_that_proved_itself() -> None:
    made = streaming(rand=1.0)
    delays = [lose(made, 100.1)]
    reopen(made, 200.0)
    delays.append(lose(made, 200.1))
    reopen(made, 300.0)
    delays.append(lose(made, 300.0 + PROVEN))
    assert delays == [1.0, 2.0, 1.0]


def test_an_answered_heartbeat_proves_a_stream() -> None:
    made = streaming(rand=1.0, interval=5.0)
    lose(made, 100.1)
    reopen(made, 200.0)
    made.handle(On.ACKED, 200.1, beat_id="hb-2")
    assert lose(made, 200.2) == 1.0


def test_a_streams_death_is_reported_until_a_principal_heard_it() -> None:
    made = streaming(rand=1.0)
    lose(made, 105.0)
    death = made.last_death
    assert death is not None
    assert made.tick(200.0) == [Connect(death)]
    made.handle(On.LOST, 200.0, verdict=REFUSED)
    assert made.tick(300.0) == [Connect(death)]
    made.handle(On.CONNECTED, 300.0)
    made.handle(On.AUTHENTICATED, 300.0)
    made.handle(On.STREAM_OPENED, 300.0)
    assert made.handle(On.STOP, 300.0) == [Finish()]
    assert made._report is None


def test_quiet_is_the_time_in_which_nothing_came_or_went() -> None:
    made = streaming()
    made.handle(On.HEARD, 103.0)
    made.sent(104.0)
    lose(made, 109.0)
    assert made.last_death is not None
    assert (made.last_death.lived, made.last_death.quiet) == (9.0, 5.0)


def test_a_failed_attempt_has_no_life() -> None:
    made = link()
    made.handle(On.START, 100.0)
    made.handle(On.LOST, 103.0, verdict=REFUSED)
    assert made.last_death is not None
    assert (made.last_death.lived, made.last_death.quiet, made.last_death.opened) == (0.0, 0.0, False)
