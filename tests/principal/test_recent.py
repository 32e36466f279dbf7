"""The last few of something."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from principal.recent import remember


@given(st.lists(st.integers(), max_size=20), st.integers(1, 5))
def test_the_last_few_are_kept_in_order(numbers: list[int], most: int) -> None:
    kept: list[int] = []
    for number in numbers:
        remember(kept, number, most=most)
    assert kept == list(deque(numbers, maxlen=most))
