"""Rates: a burst, and so many a second."""

from hypothesis import given
from hypothesis import strategies as st

from principal.door.http2.limits import Bucket, Rate

RATE = Rate(10, 2)


def test_a_burst_is_given_and_then_as_many_as_time_brings() -> None:
    bucket = Bucket(RATE, 0.0)
    assert [bucket.take(0.0) for _ in range(11)] == [True] * 10 + [False]
    assert not bucket.take(0.4)
    assert bucket.take(0.5)
    assert not bucket.take(0.5)


def test_what_is_given_back_is_never_more_than_the_burst() -> None:
    bucket = Bucket(RATE, 0.0)
    bucket.take(0.0)
    bucket.give(100)
    assert sum(bucket.take(0.0) for _ in range(100)) == 10


@given(st.lists(st.floats(0, 10), max_size=200))
def test_never_more_is_taken_than_the_rate_allows(waits: list[float]) -> None:
    bucket, now, taken = Bucket(RATE, 0.0), 0.0, 0
    for wait in waits:
        now += wait
        taken += bucket.take(now)
        assert taken <= RATE.burst + RATE.per_second * now + 1e-6
