"""Durations are Go's: the vectors were written by Go's own time package."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.durations import (
    HOUR,
    MAX_DURATION,
    MIN_DURATION,
    UNITS,
    DurationError,
    format_duration,
    parse_duration,
    seconds,
)

VECTORS = json.loads(Path(__file__).with_name("durations_go.json").read_text(encoding="utf-8"))
"""`parse`: text and nanoseconds (null: Go refuses it); `format`: nanoseconds and text."""


def parsed(text: str) -> str | None:
    try:
        return str(parse_duration(text))
    except DurationError:
        return None


def test_every_text_reads_as_go_reads_it() -> None:
    assert [[text, parsed(text)] for text, _ in VECTORS["parse"]] == VECTORS["parse"]


def test_every_duration_prints_as_go_prints_it() -> None:
    assert [[ns, format_duration(int(ns))] for ns, _ in VECTORS["format"]] == VECTORS["format"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "empty"),
        ("-", "empty"),
        ("s", "no-number"),
        (".s", "no-number"),
        ("1m s", "unknown-unit"),
        ("30", "no-unit"),
        ("1h30", "no-unit"),
        ("1d", "unknown-unit"),
        ("1 s", "unknown-unit"),
        ("9223372036854775808ns", "too-long"),
        ("9" * 5000 + "h", "too-long"),
    ],
)
def test_a_refusal_names_its_rule(text: str, rule: str) -> None:
    with pytest.raises(DurationError) as caught:
        parse_duration(text)
    assert caught.value.rule == rule


def test_a_fraction_of_any_length_is_read_in_bounded_work() -> None:
    assert parse_duration("0." + "3" * 100_000 + "h") == HOUR // 3


def test_seconds_are_the_unit_of_the_core() -> None:
    assert seconds(parse_duration("1m30.5s")) == 90.5


def test_a_number_outside_an_int64_is_not_printed() -> None:
    with pytest.raises(ValueError, match="outside the range"):
        format_duration(MAX_DURATION + 1)


@given(st.integers(MIN_DURATION, MAX_DURATION).filter(lambda ns: abs(ns) < 2**53))
def test_what_is_printed_reads_back(ns: int) -> None:
    assert parse_duration(format_duration(ns)) == ns


@given(st.text(alphabet="0123456789.+-nuµmsh \u0663", max_size=24))
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    try:
        ns = parse_duration(text)
    except DurationError:
        return
    assert MIN_DURATION <= ns <= MAX_DURATION


@given(st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(sorted(UNITS))), min_size=1, max_size=6))
def test_parts_add_up(parts: list[tuple[int, str]]) -> None:
    text = "".join(f"{number}{unit}" for number, unit in parts)
    assert parse_duration(text) == sum(number * UNITS[unit] for number, unit in parts)
