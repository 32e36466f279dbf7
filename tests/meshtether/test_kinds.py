"""What a value may look like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.durations import MILLISECOND, SECOND
from meshtether.options import kinds
from meshtether.options.kinds import BOOL, LIST, LOG_LEVELS, PORT, PORT_OR_ANY, Kind, choice, duration, whole

GO_TRUE = ("1", "t", "T", "TRUE", "true", "True")
GO_FALSE = ("0", "f", "F", "FALSE", "false", "False")


@pytest.mark.parametrize("text", GO_TRUE)
def test_gos_words_for_true_are_true(text: str) -> None:
    assert BOOL.parse(text) is True


@pytest.mark.parametrize("text", GO_FALSE)
def test_gos_words_for_false_are_false(text: str) -> None:
    assert BOOL.parse(text) is False


@pytest.mark.parametrize("text", ["", "yes", "on", "tRUE", " true", "true\n", "2", "y"])
def test_other_words_are_no_boolean(text: str) -> None:
    with pytest.raises(ValueError, match="neither true nor false"):
        BOOL.parse(text)


@pytest.mark.parametrize(("text", "meant"), [("yes", "true"), ("OFF", "false"), ("maybe", "")])
def test_a_boolean_of_other_programs_is_understood_well_enough_to_hint(text: str, meant: str) -> None:
    assert BOOL.hint(text) == meant


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        (PORT, "0", "out of range"),
        (PORT, "65536", "out of range"),
        (PORT, "-1", "out of range"),
        (PORT, "99999999999999999999999999999", "out of range"),
        (PORT, "-99999999999999999999999999999", "out of range"),
        (PORT, "8443.0", "not a whole number"),
        (PORT, "", "not a whole number"),
        (PORT, "0x20", "not a whole number"),
        (PORT, "8_443", "not a whole number"),
        (PORT, " 8443", "not a whole number"),
        (PORT, "٨٤٤٣", "not a whole number"),
        (PORT, "08443", "leading zero"),
        (duration(), "-1s", "negative"),
        (duration(), "30", "no unit"),
        (duration(least=SECOND), "0", "less than 1s"),
        (duration(least=SECOND, zero="off"), "999ms", "less than 1s"),
        (choice("managed", "autonomous"), "Managed", "not one of"),
        (LIST, '"a', "not a list"),
        (LIST, "a\nb", "one line"),
        (LOG_LEVELS, "loud", "no log level"),
        (LOG_LEVELS, "info,=debug", "no log level"),
    ],
)
def test_a_bad_value_is_refused_with_its_reason(kind: Kind, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        kind.parse(text)


def test_zero_is_a_port_only_where_it_means_something() -> None:
    assert PORT_OR_ANY.parse("0") == 0
    assert "0 takes a free port" in PORT_OR_ANY.accepted


def test_zero_of_a_duration_may_mean_something_below_its_least() -> None:
    assert duration(least=SECOND, zero="off").parse("0") == 0


@pytest.mark.parametrize(("text", "told"), [("1500ms", "not in steps of 1s"), ("3m", "more than 2m0s"), ("0", "less")])
def test_a_duration_may_have_a_most_and_a_step(text: str, told: str) -> None:
    kind = duration(least=SECOND, most=120 * SECOND, step=SECOND)
    assert kind.parse("2m") == 120 * SECOND
    assert kind.accepted.endswith("; at least 1s, at most 2m0s, in steps of 1s")
    with pytest.raises(ValueError, match=told):
        kind.parse(text)


def test_a_duration_is_nanoseconds() -> None:
    assert duration().parse("1m30.5s") == 90_500 * MILLISECOND


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", ()),
        ("  ", ()),
        ("a", ("a",)),
        ("a,b", ("a", "b")),
        (" a , b ", ("a", "b")),
        ("a,,b,", ("a", "b")),
        ('"a,b",c', ("a,b", "c")),
        ("/^team-[a-z]+$/", ("/^team-[a-z]+$/",)),
    ],
)
def test_a_list_is_split_at_commas(text: str, items: tuple[str, ...]) -> None:
    assert LIST.parse(text) == items


@given(st.lists(st.text(alphabet='ab-*/,."', min_size=1, max_size=6), max_size=4))
def test_a_list_reads_back_as_it_was_shown(items: list[str]) -> None:
    assert LIST.parse(LIST.show(tuple(items))) == tuple(items)


@given(st.text(max_size=12))
def test_no_text_makes_a_kind_raise_anything_but_valueerror(text: str) -> None:
    for kind in (BOOL, PORT, LIST, LOG_LEVELS, duration(), choice("a"), kinds.TEXT, whole("N", -5, 5)):
        try:
            value = kind.parse(text)
        except ValueError:
            continue
        assert kind.parse(kind.show(value)) == value


@pytest.mark.parametrize(("text", "meant"), [("30", "30s"), ("1d", ""), ("", "")])
def test_a_number_without_a_unit_is_taken_for_seconds_in_the_hint(text: str, meant: str) -> None:
    assert duration().hint(text) == meant
