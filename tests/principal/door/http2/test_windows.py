"""How receive windows grow."""

from hypothesis import given
from hypothesis import strategies as st

from principal.door.http2.windows import MAX_STREAM_WINDOW, TUNE_SECONDS, grown


def test_a_window_that_holds_the_peer_back_doubles_up_to_a_limit() -> None:
    target, steps = 65_536, 0
    while target < MAX_STREAM_WINDOW:
        target, steps = grown(target, since=TUNE_SECONDS / 2, most=MAX_STREAM_WINDOW), steps + 1
    assert steps == 6
    assert grown(target, since=0, most=MAX_STREAM_WINDOW) == target


@given(st.integers(1, MAX_STREAM_WINDOW), st.floats(TUNE_SECONDS, 1e6))
def test_one_that_does_not_stays_as_it_is(target: int, since: float) -> None:
    assert grown(target, since=since, most=MAX_STREAM_WINDOW) == target
