"""A memo gives what it would have made anew."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hubproto.events import Event, encode
from hubproto.memos import Encoder, Stamper
from tests.hubproto.samples import event, events, texts


@given(st.lists(events, min_size=1, max_size=3), st.lists(st.tuples(st.integers(0, 2), texts), max_size=8))
def test_stamped_and_encoded_events_are_those_made_anew(some: list[Event], uses: list[tuple[int, str]]) -> None:
    stamper, encoder = Stamper(), Encoder()
    for place, stamp in uses:
        stamped = stamper.stamped(some[place % len(some)], stamp)
        assert stamped == replace(some[place % len(some)], sent_at=stamp)
        assert encoder.encoded(stamped) == encode(stamped)


def test_the_same_event_and_stamp_give_the_same_bytes_object() -> None:
    stamper, encoder, one = Stamper(), Encoder(), event("S3")
    first = stamper.stamped(one, "2026-11-20T08:30:00.000Z")
    assert stamper.stamped(one, "2026-11-20T08:30:00.000Z") is first
    assert encoder.encoded(first) is encoder.encoded(first)
