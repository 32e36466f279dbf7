"""JSON is read as strictly as Go reads it, and what is written can be read."""

import json
import math
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubproto.errors import EventError
from hubproto.payloads import MAX_DEPTH, read_json, write_json
from tests.hubproto.samples import any_text

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)
values = st.recursive(
    scalars | any_text, lambda v: st.lists(v, max_size=4) | st.dictionaries(any_text, v, max_size=4), max_leaves=10
)


@given(scalars)
def test_what_is_written_reads_as_it_was(value: Any) -> None:
    assert read_json(write_json(value)) == value


@given(values)
def test_what_was_read_can_be_said_in_utf_8(value: Any) -> None:
    read = read_json(write_json(value))
    assert json.loads(json.dumps(read, ensure_ascii=False).encode("utf-8")) == read


@given(st.binary(max_size=60))
def test_bytes_either_read_as_json_or_raise_the_rule(data: bytes) -> None:
    try:
        write_json(read_json(data))
    except EventError as error:
        assert error.rule == "bad-json"  # noqa: PT017


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"{} {}",
        b"NaN",
        b"[Infinity]",
        b"1e999",
        b"-1e999",
        b"\xff",
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        b"'a'",
        b'"\x00"',
        b"1" * 5000,
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_go_would_not_read_is_refused(data: bytes) -> None:
    with pytest.raises(EventError) as caught:
        read_json(data)
    assert caught.value.rule == "bad-json"


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (rb'"\ud800"', "\ufffd"),
        (rb'"\uD83D\uDE00"', "\U0001f600"),
        (rb'["\uDc00x"]', ["\ufffdx"]),
        (rb'{"\ud800":{"a":["\udfff",1]}}', {"\ufffd": {"a": ["\ufffd", 1]}}),
    ],
)
def test_a_lone_surrogate_is_replaced_as_go_does(data: bytes, value: Any) -> None:
    assert read_json(data) == value


@pytest.mark.parametrize(
    "around", [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")], ids=["list", "mapping", "both"]
)
def test_nesting_is_accepted_up_to_its_limit(around: tuple[bytes, bytes]) -> None:
    opening, closing = around
    times = MAX_DEPTH // len(opening.replace(b'"a":', b""))
    assert read_json(opening * times + b"1" + closing * times)
    with pytest.raises(EventError, match=f"at most {MAX_DEPTH} levels"):
        read_json(opening * (times + 1) + b"1" + closing * (times + 1))


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert len(read_json(b"[" + b"[]," * 1000 + b"{}]")) == 1001


def test_mappings_and_bytes_are_written_as_go_writes_them() -> None:
    assert write_json(MappingProxyType({"checksum": b"\x00\xff", "b": MappingProxyType({})})) == (
        b'{"checksum":"AP8=","b":{}}'
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, object(), {1, 2}, {("a",): 1}])
def test_what_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(EventError) as caught:
        write_json({"a": value})
    assert caught.value.rule == "bad-json"


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(EventError):
        write_json(value)
