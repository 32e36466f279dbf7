from hypothesis import given
from hypothesis import strategies as st

from agent.backoff import MAX_PUSHBACK, ORDINARY, SLOW, Backoff, Pace

PACES = st.sampled_from([ORDINARY, SLOW])
DRAWS = st.floats(0, 1, exclude_max=True)


@given(st.lists(st.tuples(PACES, DRAWS), min_size=1, max_size=100))
def test_delays_stay_between_floor_and_cap(steps: list[tuple[Pace, float]]) -> None:
    draw = 0.0
    backoff = Backoff(rand=lambda: draw)
    for pace, draw in steps:  # noqa: B007 - the lambda reads it
        assert pace.floor <= backoff.next(pace) <= pace.cap


def test_the_window_doubles_up_to_the_cap() -> None:
    backoff = Backoff(rand=lambda: 1.0)
    assert [backoff.next(ORDINARY) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_the_whole_window_is_used_so_that_agents_spread() -> None:
    assert Backoff(rand=lambda: 0.0).next(ORDINARY) == ORDINARY.floor
    assert Backoff(rand=lambda: 1.0).next(ORDINARY) == ORDINARY.first


def test_after_a_reset_delays_are_short_again() -> None:
    backoff = Backoff(rand=lambda: 1.0)
    for _ in range(5):
        backoff.next(ORDINARY)
    backoff.reset()
    assert backoff.next(ORDINARY) == ORDINARY.first


@given(st.floats(0, 1e6), DRAWS)
def test_a_pushback_is_waited_for_within_bounds_and_jittered(asked: float, draw: float) -> None:
    delay = Backoff(rand=lambda: draw).next(ORDINARY, pushback=asked)
    assert min(asked, MAX_PUSHBACK) + ORDINARY.floor <= delay <= MAX_PUSHBACK + ORDINARY.first


def test_a_person_is_waited_for_longer_than_a_restart() -> None:
    assert Backoff(rand=lambda: 0.0).next(SLOW) > ORDINARY.first
