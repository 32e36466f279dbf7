from hypothesis import given
from hypothesis import strategies as st

from agent.restoring import FIRST_PAUSE, FORGIVEN_AFTER, LONGEST_PAUSE, Restoring
from tests.agent.samples import key


def test_the_first_request_goes_at_once() -> None:
    restoring = Restoring()
    restoring.want(key())
    assert restoring.next_time() == float("-inf")
    assert restoring.take(100.0) == [key()]
    assert restoring.next_time() is None


def test_the_second_waits_for_its_pause() -> None:
    restoring = Restoring()
    restoring.want(key())
    restoring.take(100.0)
    restoring.want(key())
    assert restoring.take(100.5) == []
    assert restoring.next_time() == 100.0 + FIRST_PAUSE
    assert restoring.take(100.0 + FIRST_PAUSE) == [key()]


def test_what_mends_itself_is_not_asked_for() -> None:
    restoring = Restoring()
    restoring.want(key())
    restoring.settled(key())
    assert restoring.take(100.0) == []


def test_after_a_quiet_time_pauses_start_over() -> None:
    restoring = Restoring()
    now = 100.0
    for _ in range(10):
        restoring.want(key())
        restoring.take(now)
        now += LONGEST_PAUSE
    now += FORGIVEN_AFTER
    restoring.want(key())
    assert restoring.take(now) == [key()]
    restoring.want(key())
    assert restoring.next_time() == now + FIRST_PAUSE


def test_objects_do_not_wait_for_one_another() -> None:
    restoring = Restoring()
    restoring.want(key("a"))
    restoring.take(100.0)
    restoring.want(key("a"))
    restoring.want(key("b"))
    assert restoring.take(100.1) == [key("b")]


@given(st.floats(0.01, 5.0), st.integers(100, 2000))
def test_a_program_that_keeps_editing_is_answered_about_once_a_minute(every: float, edits: int) -> None:
    restoring, now, asked = Restoring(), 0.0, 0
    for _ in range(edits):
        now += every
        restoring.want(key())
        asked += len(restoring.take(now))
    assert asked <= 7 + now / LONGEST_PAUSE
