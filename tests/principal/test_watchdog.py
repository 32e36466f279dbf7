"""The last-heard watchdog: when a silent session is a ghost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from principal.watchdog import GAPS_ALLOWED, GAPS_REMEMBERED, MIN_TIMEOUT, STALL, Watchdog


def test_a_stream_that_sends_no_heartbeats_is_never_dead() -> None:
    dog = Watchdog(timeout=5.0)
    for second in range(10):
        dog.heard(float(second), heartbeat=False)
    assert dog.deadline() is None
    assert not dog.expired(1e9)


def test_one_heartbeat_does_not_arm_it() -> None:
    dog = Watchdog()
    dog.heard(0.0, heartbeat=True)
    assert dog.deadline() is None


def test_two_heartbeats_arm_it_at_three_times_their_gap() -> None:
    dog = Watchdog()
    dog.heard(0.0, heartbeat=True)
    dog.heard(10.0, heartbeat=True)
    assert dog.limit() == GAPS_ALLOWED * 10.0
    assert dog.deadline() == 10.0 + 30.0


def test_anything_heard_puts_the_deadline_off() -> None:
    dog = Watchdog()
    dog.heard(0.0, heartbeat=True)
    dog.heard(10.0, heartbeat=True)
    dog.heard(35.0, heartbeat=False)
    assert dog.deadline() == 65.0


def test_a_burst_of_heartbeats_does_not_make_it_nervous() -> None:
    dog = Watchdog()
    dog.heard(0.0, heartbeat=True)
    dog.heard(0.001, heartbeat=True)
    assert dog.limit() == MIN_TIMEOUT


def test_a_given_time_out_is_used_as_it_is() -> None:
    dog = Watchdog(timeout=7.5)
    dog.heard(0.0, heartbeat=True)
    dog.heard(10.0, heartbeat=True)
    assert dog.deadline() == 17.5
    assert not dog.expired(17.4)
    assert dog.expired(17.5)


def test_one_long_pause_is_forgotten_after_some_ordinary_gaps() -> None:
    dog = Watchdog()
    now = 0.0
    for gap in [5.0, 100.0] + [5.0] * GAPS_REMEMBERED:
        dog.heard(now, heartbeat=True)
        now += gap
    dog.heard(now, heartbeat=True)
    assert dog.limit() == GAPS_ALLOWED * 5.0


def test_a_check_that_comes_far_too_late_excuses_the_agent_once() -> None:
    dog = Watchdog(timeout=6.0)
    dog.heard(0.0, heartbeat=True)
    dog.heard(2.0, heartbeat=True)
    late = 8.0 + STALL + 0.1
    assert not dog.expired(late)
    assert dog.deadline() == late + 6.0
    assert dog.expired(late + 6.0)


@given(st.lists(st.floats(min_value=0.01, max_value=60.0), min_size=3, max_size=40))
def test_a_rhythm_within_three_gaps_never_expires(gaps: list[float]) -> None:
    smallest = min(gaps)
    steady = [min(gap, smallest * 2.9) for gap in gaps]
    dog, now = Watchdog(), 0.0
    for gap in steady:
        dog.heard(now, heartbeat=True)
        if dog.deadline() is not None:
            assert not dog.expired(now + gap * 0.999)
        now += gap


@pytest.mark.parametrize("silence", [29.9, 30.0])
def test_it_expires_exactly_at_its_deadline(silence: float) -> None:
    dog = Watchdog()
    dog.heard(0.0, heartbeat=True)
    dog.heard(10.0, heartbeat=True)
    assert dog.expired(10.0 + silence) is (silence >= 30.0)
