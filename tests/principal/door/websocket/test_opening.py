import pytest
from hypothesis import given
from hypothesis import strategies as st

from principal.door.websocket.opening import PREFACE, REASONS, Opening, recognise

OPENINGS = {
    b"": Opening.UNDECIDED,
    PREFACE: Opening.HTTP2,
    PREFACE + b"\x00": Opening.HTTP2,
    PREFACE[:-1]: Opening.UNDECIDED,
    b"P": Opening.UNDECIDED,
    b"POST / HTTP/1.1": Opening.HTTP1,
    b"PRI / HTTP/1.1": Opening.HTTP1,
    b"PROXY": Opening.UNDECIDED,
    b"PROXY TCP4": Opening.PROXY,
    b"\r\n\r\n\x00\r\nQUIT\n\x21": Opening.PROXY,
    b"GET ": Opening.HTTP1,
    b"GET": Opening.UNDECIDED,
    b"get / HTTP/1.1": Opening.OTHER,
    b" GET": Opening.OTHER,
    b"\x16": Opening.UNDECIDED,
    b"\x16\x03\x01\x02\x00": Opening.TLS,
    b"\x16\x02": Opening.OTHER,
    b"\x00\x00\x00": Opening.OTHER,
    b"A" * 17: Opening.OTHER,
}


@pytest.mark.parametrize(("data", "opening"), OPENINGS.items(), ids=repr)
def test_an_opening_is_recognised(data: bytes, opening: Opening) -> None:
    assert recognise(data) is opening


@given(st.binary(max_size=40), st.binary(max_size=10))
def test_what_was_decided_stays_so_whatever_comes_after(data: bytes, more: bytes) -> None:
    first = recognise(data)
    if first is not Opening.UNDECIDED:
        assert recognise(data + more) is first


def test_everything_that_is_closed_at_once_has_a_reason() -> None:
    assert set(Opening) - set(REASONS) == {Opening.UNDECIDED, Opening.HTTP1, Opening.HTTP2}
