"""Rules against what cel-go, with Kubernetes' functions, made of them: cel_go.json."""

import math

import pytest

from mesh.schema.cel import Budget, CelError, CelSyntaxError, compile_rule
from mesh.schema.cel.values import Duration, Timestamp, Uint
from tests.mesh.schema.vectors import RULES, rows

UNITS = 1_000_000

UNTYPED = {
    "1 == 1.0": True,
    "1u == 1": True,
    "1.0 in [1, 2]": True,
    "[[1],[2,[3]]].flatten()": ["int 1", "int 2", ["int 3"]],
    "[[1],[2,[3]]].flatten(2)": ["int 1", "int 2", "int 3"],
    "sets.contains([1.0],[1])": True,
    "[1,2][1.0]": "int 2",
    "{1:'a'}[1.0]": "a",
    "[1,'a',2.0].size()": "int 3",
}
"""Refused by cel-go before they run, for their types; values of unknown type (`dyn`) come to just this there."""

OTHERWISE = {
    "string(timestamp('2024-01-02T03:04:05+02:00'))": "2024-01-02T01:04:05Z",  # moments keep no zone here
    "'%e'.format([1234.5])": "1.234500e+03",  # cel-go writes the exponent in superscript
}

IN_OTHER_WORDS = ("ip('x')", "cidr('x')", "dyn([1]).x", "self.a.b")
ROWS = rows(RULES)


def plain(value: object) -> object:  # noqa: PLR0911 - a table of types
    """A value as the oracle writes it."""
    match value:
        case Uint():
            return f"uint {int(value)}"
        case bool() | str() | None:
            return value
        case int():
            return f"int {value}"
        case float():
            return value if math.isfinite(value) else "double +Inf"
        case Duration():
            return f"duration {value.ns}"
        case Timestamp():
            return f"timestamp {value.ns}"
        case bytes():
            return f"bytes {value.hex()}"
        case list():
            return [plain(each) for each in value]
    return value


@pytest.mark.parametrize("row", [row for row in ROWS if "value" in row], ids=lambda row: row["rule"])
def test_a_rule_comes_to_what_it_comes_to_in_go(row):
    found = compile_rule(row["rule"]).evaluate(row["self"], Budget(UNITS))
    expected = OTHERWISE.get(row["rule"], row["value"])
    if isinstance(expected, str) and expected.startswith("map map"):
        assert isinstance(found, dict)
        return
    if isinstance(expected, list) and any(str(each).startswith("map map") for each in expected):
        assert all(isinstance(each, dict) for each in found)
        return
    assert plain(found) == expected


@pytest.mark.parametrize("row", [row for row in ROWS if "error" in row], ids=lambda row: row["rule"])
def test_a_rule_fails_as_it_fails_in_go(row):
    with pytest.raises(CelError) as raised:
        compile_rule(row["rule"]).evaluate(row["self"], Budget(UNITS))
    if row["rule"] not in IN_OTHER_WORDS:
        assert str(raised.value) in row["error"]


@pytest.mark.parametrize("row", [row for row in ROWS if "fault" in row], ids=lambda row: row["rule"])
def test_what_go_does_not_compile_comes_to_nothing_unless_only_its_types_are_wrong(row):
    if row["rule"] in UNTYPED:
        found = compile_rule(row["rule"]).evaluate(row["self"], Budget(UNITS))
        assert plain(found) == UNTYPED[row["rule"]]
        return
    with pytest.raises((CelSyntaxError, CelError)):
        compile_rule(row["rule"]).evaluate(row["self"], Budget(UNITS))


def test_a_rule_knows_whether_it_looks_at_what_was_there_before():
    assert compile_rule("self == oldSelf").uses_old_self
    assert not compile_rule("self.oldSelf == 1").uses_old_self


def test_old_self_is_what_was_there_before():
    assert compile_rule("self >= oldSelf").evaluate(2, Budget(UNITS), old=1) is True


def test_reserved_words_and_signs_are_written_as_kubernetes_escapes_them():
    value = {"namespace": "n", "a-b": 1, "c.d": 2, "e/f": 3, "g__h": 4}
    rule = "self.__namespace__ == 'n' && self.a__dash__b == 1 && self.c__dot__d == 2 && self.e__slash__f == 3"
    assert compile_rule(f"{rule} && self.g__underscores__h == 4").evaluate(value, Budget(UNITS)) is True


NO_RULES = [
    "self.", "0x", "(", "[1,", "{1:}", "a ? b", "'\n'", "'\\q'", "1 2", "@", "self..a", "99999999999999999999",
    "1.e5.2", "has()", "has(self)", "self.nothing()", "nothing(1)", "size(1, 2)", "'\\ud800'", "self.all(x)",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_RULES)
def test_what_is_no_rule_is_refused_with_its_place(text):
    with pytest.raises(CelSyntaxError, match="character"):
        compile_rule(text)
