import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.identity.allow import MAX_PATTERN, AgentPattern, AllowError, check_allowed
from mesh.identity.errors import RuleError
from tests.mesh.identity.strategies import labels


def matches(pattern: str, name: str) -> bool:
    return AgentPattern.parse(pattern).matches(name)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("agent-a", ["agent-a"], ["agent-b", "agent-aa", "agent", "xagent-a"]),
        ("agent-*", ["agent-", "agent-a", "agent-a-b"], ["agent", "xagent-a"]),
        ("*", ["a", "agent-a"], []),
        ("*-prod", ["a-prod", "-prod", "a-prod-prod"], ["prod", "a-prod-x"]),
        ("*a*b*", ["ab", "xaxbx", "aab", "abb"], ["ba", "a", "b"]),
        ("a?c", ["abc", "a-c", "a1c"], ["ac", "abbc"]),
        ("agent-[ab]", ["agent-a", "agent-b"], ["agent-c", "agent-"]),
        ("agent-[a-c]x", ["agent-ax", "agent-cx"], ["agent-dx"]),
        ("agent-[!a-c]", ["agent-d", "agent-0", "agent--"], ["agent-a", "agent-b"]),
        ("[a-]z", ["az", "-z"], ["bz"]),
        ("[-a]z", ["az", "-z"], ["bz"]),
        ("[0-9][0-9]", ["42"], ["4", "4a"]),
        ("**", ["a", "ab"], []),
    ],
)
def test_a_pattern_matches_whole_names(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [name for name in yes if not matches(pattern, name)] == []
    assert [name for name in no if matches(pattern, name)] == []


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "it is empty"),
        ("Agent-*", r"'A' \(U\+0041\) at character 1"),
        ("team.agent", "'.'"),
        ("agent a", "' '"),
        ("agent/*", "'/'"),
        ("agent-{a,b}", "'{'"),
        ("agent-[ab", "a set is not closed"),
        ("agent-ab]", "stands outside a set"),
        ("agent-!a", "stands outside a set"),
        ("agent-[]", "no character of a name"),
        ("agent-[!]x", None),
        ("agent-[z-a]", "no character of a name"),
        ("agent-[!a-z0-9-]", "no character of a name"),
        ("agent-é", "U\\+00E9"),
        ("a" * (MAX_PATTERN + 1), "more than 256"),
    ],
)
def test_a_pattern_that_could_match_no_agent_is_refused(pattern: str, why: str | None) -> None:
    if why is None:
        # Nothing is left out: any one character.
        assert matches(pattern, "agent-qx")
        return
    with pytest.raises(RuleError, match=why) as refused:
        AgentPattern.parse(pattern)
    assert refused.value.fault == "agent-pattern"
    assert "accepted" in str(refused.value)


@given(st.text("ab*?-", min_size=1, max_size=12), st.text("ab-", max_size=12))
def test_globs_mean_what_they_mean_in_a_shell(pattern: str, name: str) -> None:
    assert matches(pattern, name) == fnmatch.fnmatchcase(name, pattern)


@given(st.text("ab*?[]!-", min_size=1, max_size=12), st.text("ab-", max_size=12))
def test_any_pattern_is_refused_or_answers(pattern: str, name: str) -> None:
    try:
        parsed = AgentPattern.parse(pattern)
    except RuleError as refused:
        assert refused.fault == "agent-pattern"  # noqa: PT017 - either outcome is right here
    else:
        assert parsed.matches(name) in (True, False)
        assert str(parsed) == pattern


def test_the_worst_pattern_is_answered() -> None:
    assert not matches("*a" * (MAX_PATTERN // 2), "a" * 62 + "b")


@given(labels)
def test_without_a_list_every_agent_may_come(name: str) -> None:
    assert check_allowed(name, ()) == name


def test_an_agent_must_be_on_the_list() -> None:
    patterns = [AgentPattern.parse("agent-*"), AgentPattern.parse("edge-1")]
    assert check_allowed("agent-a", patterns) == "agent-a"
    assert check_allowed("edge-1", patterns) == "edge-1"
    with pytest.raises(AllowError) as refused:
        check_allowed("edge-2", patterns)
    assert refused.value.rule == "agent-not-allowed"
