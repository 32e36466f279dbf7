from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from agent.heartbeat import STALL, Heartbeats


def beats(interval: float = 10.0, deadline: float = 4.0) -> Heartbeats:
    ids = count(1)
    made = Heartbeats(interval=interval, deadline=deadline, new_id=lambda: f"id-{next(ids)}")
    made.begin(100.0)
    return made


def test_the_first_heartbeat_is_due_at_once() -> None:
    assert beats().next_beat() == 100.0


def test_interval_zero_sends_none() -> None:
    assert beats(interval=0).next_beat() is None


def test_heartbeats_keep_their_rhythm() -> None:
    made = beats()
    made.beat(100.0)
    assert made.next_beat() == 110.0
    made.beat(110.3)
    assert made.next_beat() == 120.0


def test_missed_beats_are_not_made_up_for() -> None:
    made = beats()
    made.beat(100.0)
    made.beat(155.0)
    assert made.next_beat() == 165.0


def test_no_deadline_counts_before_the_principal_was_heard() -> None:
    made = beats()
    made.beat(100.0)
    assert made.overdue_at() is None
    made.heard(102.0)
    assert made.overdue_at() == 106.0


def test_the_deadline_counts_for_each_heartbeat() -> None:
    made = beats(interval=1.0, deadline=4.0)
    made.heard(100.0)
    for at in (100.0, 101.0, 102.0):
        made.beat(at)
    assert made.overdue_at() == 104.0
    made.acknowledge("id-1", 103.0)
    assert made.overdue_at() == 105.0


def test_an_ack_settles_older_heartbeats_too() -> None:
    made = beats(interval=1.0)
    made.heard(100.0)
    for at in (100.0, 101.0, 102.0):
        made.beat(at)
    assert made.acknowledge("id-2", 102.5) == 1.5
    assert made.unanswered == 1
    assert made.acknowledge("id-1", 102.6) is None


def test_an_ack_of_an_older_stream_is_nobodys() -> None:
    made = beats()
    made.beat(100.0)
    made.begin(200.0)
    assert made.acknowledge("id-1", 200.1) is None
    assert made.trips.count == 0


def test_round_trips_are_measured_and_the_last_travels_with_the_next() -> None:
    made = beats()
    assert made.beat(100.0).round_trip is None
    made.acknowledge("id-1", 100.25)
    assert made.beat(110.0).round_trip == 0.25
    made.acknowledge("id-2", 110.75)
    assert (made.trips.least, made.trips.mean, made.trips.most) == (0.25, 0.5, 0.75)


def test_a_check_that_comes_too_late_is_our_own_fault_once() -> None:
    made = beats()
    made.heard(100.0)
    made.beat(100.0)
    assert not made.excuse(104.0 + STALL)
    assert made.excuse(200.0)
    assert made.overdue_at() == 204.0
    assert not made.excuse(300.0)
    made.acknowledge("id-1", 300.0)
    made.beat(300.0)
    assert made.excuse(400.0)


@given(st.lists(st.tuples(st.floats(0, 30), st.booleans()), max_size=60))
def test_what_waits_is_what_was_sent_and_never_answered(steps: list[tuple[float, bool]]) -> None:
    made, now = beats(), 100.0
    sent: list[str] = []
    for pause, answered in steps:
        now += pause
        sent.append(made.beat(now).id)
        if answered:
            made.acknowledge(sent[-1], now)
            sent.clear()
    assert made.unanswered == len(sent)
