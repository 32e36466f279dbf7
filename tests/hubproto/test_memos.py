"""A memo gives what it would have made anew."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubproto.events import Event, EventError, decode, encode
from hubproto.memos import READ_BYTES, Decoder, Encoder, Stamper
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


@given(st.lists(events, min_size=1, max_size=3), st.lists(st.integers(0, 2), max_size=8))
def test_messages_are_read_as_anew(some: list[Event], uses: list[int]) -> None:
    decoder = Decoder()
    for place in uses:
        message = encode(some[place % len(some)])
        assert decoder.decoded(message) == decode(message)


def test_equal_messages_give_one_event_unless_they_are_large() -> None:
    decoder, small = Decoder(), encode(event("S3"))
    assert decoder.decoded(bytes(bytearray(small))) is decoder.decoded(small)
    large = encode(replace(event("S3"), data=b"x" * READ_BYTES))
    assert decoder.decoded(large) is not decoder.decoded(large)


def test_what_is_no_event_is_refused_every_time() -> None:
    decoder = Decoder()
    for _ in range(2):
        with pytest.raises(EventError, match="no CloudEvent"):
            decoder.decoded(b"")
