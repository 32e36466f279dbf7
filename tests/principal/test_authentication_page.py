"""The page on logging in names every rule by which somebody is refused."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "authentication.md").read_text()
SOURCES = [
    *sorted((ROOT / "principal" / "auth").glob("*.py")),
    ROOT / "principal" / "login.py",
    ROOT / "principal" / "tokens.py",
]
RULES = {
    found
    for source in SOURCES
    for found in re.findall(r'"((?:certificate|token|userpass|agent|unsupported)-[a-z-]+)"', source.read_text())
}
ELSEWHERE = {"agent-not-a-label", "agent-a"}
"""Told on the page of identities; and an example."""


@pytest.mark.parametrize("rule", sorted(RULES - ELSEWHERE))
def test_a_rule_is_told(rule: str) -> None:
    assert f"`{rule}`" in PAGE


def test_there_are_rules_to_tell() -> None:
    assert len(RULES) > 15
