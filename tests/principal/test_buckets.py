"""Rates: a burst, and so many a second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from principal.buckets import Bucket, Buckets, Rate


def test_a_bucket_gives_its_burst_at_once_and_then_its_rate() -> None:
    bucket = Bucket(Rate(3, 2), 0.0)
    assert [bucket.take(0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert bucket.take(0.5) == 0.0
    assert bucket.take(0.75) == pytest.approx(0.25)


def test_a_bucket_holds_no_more_than_its_burst() -> None:
    bucket = Bucket(Rate(3, 2), 0.0)
    assert sum(not bucket.take(1e6) for _ in range(10)) == 3


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    bucket = Bucket(Rate(1, 1), 100.0)
    assert bucket.take(100.0) == 0.0
    assert bucket.take(50.0) > 0.0


def test_to_ask_how_long_takes_nothing() -> None:
    bucket = Bucket(Rate(2, 1), 0.0)
    assert [bucket.wait(0.0) for _ in range(5)] == [0.0] * 5
    assert [bucket.take(0.0) for _ in range(3)] == [0.0, 0.0, 1.0]
    assert bucket.wait(0.25) == pytest.approx(0.75)


@given(st.lists(st.floats(0, 10), max_size=60), st.floats(0.1, 50), st.integers(1, 20))
def test_never_more_than_burst_and_rate_allow(pauses: list[float], rate: float, burst: int) -> None:
    bucket, now, given_out = Bucket(Rate(burst, rate), 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        given_out += bucket.take(now) == 0.0
    assert given_out <= burst + rate * now + 1e-6


@given(st.floats(0, 10), st.floats(0.1, 50))
def test_after_the_wait_that_was_told_there_is_one(pause: float, rate: float) -> None:
    bucket = Bucket(Rate(1, rate), 0.0)
    bucket.take(0.0)
    wait = bucket.take(pause)
    assert bucket.take(pause + wait + 1e-6) == 0.0 or wait == 0.0


def test_keys_do_not_share_and_the_one_quiet_longest_is_forgotten() -> None:
    buckets = Buckets(Rate(1, 1), limit=2)
    assert buckets.take("a", now=0.0) == 0.0
    assert buckets.take("b", now=0.0) == 0.0
    assert buckets.take("a", now=0.0) > 0.0
    assert buckets.take("c", now=0.0) == 0.0
    assert buckets.take("a", now=0.0) > 0.0, "a was used after b"
    assert len(buckets) == 2


def test_to_ask_for_a_key_remembers_nothing() -> None:
    buckets = Buckets(Rate(1, 1), limit=2)
    assert buckets.wait("a", now=0.0) == 0.0
    assert len(buckets) == 0
    buckets.take("a", now=0.0)
    assert buckets.wait("a", now=0.25) == pytest.approx(0.75)
