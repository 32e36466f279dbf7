"""Rules and values made to hurt: each ends soon, by the budget or by a bound."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.schema.cel import Budget, CelError, CelSyntaxError, TooCostlyError, compile_rule
from mesh.schema.cel.parser import MAX_DEPTH
from mesh.schema.cel.tokens import MAX_LENGTH

SECONDS = 5.0
"""More than any of these may take on a slow machine; each takes well under one."""

UNITS = 200_000


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("self.all(a, self.all(b, self.all(c, a <= b || b <= c || true)))", list(range(2000))),
        ("self.map(a, self.map(b, self))", list(range(2000))),
        ("[self, self].map(a, a + a + a + a + a + a + a).size() > 0", "x" * 10_000_000),
        ("self.replace('x', self).size() > 0", "x" * 100_000),
        ("lists.range(99999).map(a, lists.range(99999)).size() > 0", None),
        ("self.split('').map(a, self.split('')).size() > 0", "x" * 100_000),
        ("self.sortBy(a, a).map(a, self.sortBy(b, b)).size() > 0", list(range(20_000, 0, -1))),
        ("'%s'.format([self]).size() > 0 && self.all(a, '%s'.format([self]) != '')", ["x" * 1000] * 5000),
    ],
)
def test_the_budget_ends_what_would_take_long(rule, value):
    program = compile_rule(rule)
    begun = time.monotonic()
    with pytest.raises(TooCostlyError):
        program.evaluate(value, Budget(UNITS))
    assert time.monotonic() - begun < SECONDS


def test_a_regular_expression_takes_time_by_the_length_of_the_text():
    begun = time.monotonic()
    assert compile_rule("self.matches('(x+x+)+y')").evaluate("x" * 1_000_000, Budget(UNITS)) is False
    assert time.monotonic() - begun < SECONDS


def test_a_rule_spends_what_it_does():
    small, large = Budget(UNITS), Budget(UNITS)
    program = compile_rule("self.all(a, a > 0)")
    program.evaluate([1] * 10, small)
    program.evaluate([1] * 1000, large)
    assert UNITS - large.left > 50 * (UNITS - small.left)


@pytest.mark.parametrize("text", ["(" * 500 + "1" + ")" * 500, "!" * 500 + "true", "[" * 500, "1" + "+(1" * 500])
def test_a_rule_that_is_too_deep_is_refused(text):
    with pytest.raises(CelSyntaxError, match=str(MAX_DEPTH)):
        compile_rule(text)


def test_the_deepest_rule_that_is_allowed_runs():
    depth = MAX_DEPTH - 1
    assert compile_rule("(" * depth + "1" + ")" * depth).evaluate(None, Budget(UNITS)) == 1


def test_a_chain_of_operators_is_no_depth_for_the_parser_but_has_a_bound():
    with pytest.raises(CelSyntaxError, match="parts"):
        compile_rule("true" + " && true" * 3000)
    assert compile_rule("true" + " && true" * 100).evaluate(None, Budget(UNITS)) is True


def test_a_rule_that_is_too_long_is_refused():
    with pytest.raises(CelSyntaxError, match="characters"):
        compile_rule("1 " * MAX_LENGTH)


@pytest.mark.parametrize("text", ["1e999999999", "9" * 5000, "1" + "0" * 100, "1e-999999999"])
def test_a_quantity_of_any_length_is_refused_soon(text):
    assert compile_rule("isQuantity(self)").evaluate(text, Budget(UNITS)) is False


WORDS = st.sampled_from(
    ["self", "1", "'a'", "b'x'", "[", "]", "(", ")", "{", "}", ".", ".?", "?", ":", ",", "+", "-", "*", "/", "%", "!",
     "==", "!=", "<", ">=", "in", "&&", "||", "x", "all", "map", "exists_one", "filter", "has", "size", "null", "true",
     "1u", "2.5", "duration", "matches", "orValue", "optional", "of", "none", "url", "quantity", "format", "type"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=25).map(" ".join), st.sampled_from([None, 1, "a", [1, 2], {"x": [1]}, 2.5, True]))
def test_any_words_are_a_rule_or_none_and_any_rule_comes_to_something(text, value):
    try:
        program = compile_rule(text)
    except CelSyntaxError:
        return
    try:
        program.evaluate(value, Budget(10_000))
    except (CelError, TooCostlyError):
        pass


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
RULES = [
    "self == self", "self in [self]", "size(self) >= 0", "self.all(x, has(x.a) || true)", "string(self) != ''",
    "type(self) == type(self)", "self[0] == self[0]", "self.a < self.b", "duration(self) > duration('1s')",
    "self.?a.?b.orValue(self) == self", "url(self).getHost() == ''", "self + self != self",
    "self.map(x, x).size() == 0",
    "'%s'.format([self]) != ''", "self.matches(self)", "sign(quantity(self)) == 0", "self.sort() == self",
    "ip(self).family() == 4", "semver(self).major() >= 0", "timestamp(self).getHours() >= 0", "int(self) > 0",
]  # fmt: skip
PROGRAMS = [compile_rule(rule) for rule in RULES]


@given(JSON)
def test_any_value_comes_to_something_or_to_an_error_of_rules(value):
    for program in PROGRAMS:
        try:
            program.evaluate(value, Budget(10_000))
        except (CelError, TooCostlyError):
            pass


@given(JSON)
def test_a_value_equals_itself(value):
    assert PROGRAMS[0].evaluate(value, Budget(100_000)) is True
