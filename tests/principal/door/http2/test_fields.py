"""Header fields: the rules for them, and what is encoded without a table."""

import timeit
from collections.abc import Callable

import pytest
from hpack import Decoder
from hypothesis import given
from hypothesis import strategies as st

from principal.door.http2 import fields
from principal.door.http2.fields import REMEMBERED_CHARACTERS
from principal.door.wire import Headers

NAMES = st.sampled_from([":path", "te", "authorization", "x-forwarded-client-cert", "a", "grpc-timeout"])
VALUES = st.text(st.characters(max_codepoint=255), max_size=60)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=12)


def raw(headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


@given(HEADERS, HEADERS)
def test_what_we_encode_leaves_nothing_in_any_table(
    first: list[tuple[str, str]], second: list[tuple[str, str]]
) -> None:
    decoder = Decoder()
    for headers in (first, second, first):
        block = fields.encode(headers)
        assert decoder.decode(block, raw=True) == raw(headers)
        assert block == fields.encode(list(headers))
    assert not decoder.header_table.dynamic_entries


FINE = [(":method", "POST"), (":scheme", "http"), (":path", "/s"), ("te", "trailers"), ("x-a", "b c")]


def test_a_request_that_is_well_formed_has_no_fault() -> None:
    assert fields.request_fault(FINE) is None
    assert fields.request_fault([*FINE[:3], (":authority", "h")]) is None
    assert [fields.field_fault(name, value) for name, value in FINE] == [None] * len(FINE)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ([*FINE, (":authority", "h")], "':authority' after a regular field"),
        ([*FINE[:3], (":status", "200")], ":method, :scheme, :path and :authority are accepted"),
        ([*FINE[:3], (":path", "/s")], "':path' twice"),
        (FINE[1:], "no :method"),
        ([FINE[0], (":scheme", ""), *FINE[2:]], "no :scheme"),
        (FINE[:2], "no :path"),
        ([], "no :method"),
    ],
)
def test_pseudo_headers_that_are_wrong_are_named(headers: Headers, words: str) -> None:
    fault = fields.request_fault(headers)
    assert fault is not None
    assert words in fault


def test_trailers_have_no_pseudo_headers() -> None:
    assert fields.trailer_fault(FINE[3:]) is None
    assert "':path' in trailers" in (fields.trailer_fault([*FINE[3:], (":path", "/")]) or "")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("", "a", "field name ''"),
        ("X-Upper", "a", "'X-Upper': lower-case token"),
        ("x y", "a", "'x y'"),
        ("x" * REMEMBERED_CHARACTERS + "Y", "a", "lower-case token"),
        ("connection", "close", "HTTP/1.1"),
        ("upgrade", "websocket", "HTTP/1.1"),
        ("te", "gzip", "HTTP/1.1"),
        ("x-a", "b\nc", "'x-a' holds a control character"),
        ("x-a", "\0", "control"),
        (":path", "a\r", "control"),
        ("x-a", " b", "blank"),
        ("x-a", "b\t", "blank"),
        (":path", " ", "blank"),
    ],
)
def test_a_field_that_is_wrong_is_named(name: str, value: str, words: str) -> None:
    fault = fields.field_fault(name, value)
    assert fault is not None
    assert words in fault


@given(st.text(st.characters(max_codepoint=255)))
def test_a_value_is_wrong_for_three_characters_and_for_blanks_at_its_ends(value: str) -> None:
    wrong = any(each in value for each in "\0\n\r") or value[:1] in {" ", "\t"} or value[-1:] in {" ", "\t"}
    assert (fields.field_fault("x-a", value) is not None) is wrong


def seconds(act: Callable[[], object]) -> float:
    """The shortest that `act` takes."""
    return min(timeit.repeat(act, number=1, repeat=5))


@pytest.mark.parametrize("field", [("x", "\xe9" * 2**20), ("x" * 2**20, "")], ids=["value", "name"])
def test_a_long_field_is_not_looked_at_character_by_character(field: tuple[str, str]) -> None:
    # A peer repeats a long field with one byte, and each time it is looked at.
    one_by_one = seconds(lambda: [None for _ in field[0] + field[1]])
    assert fields.field_fault(*field) is None
    assert seconds(lambda: fields.field_fault(*field)) < one_by_one / 2
