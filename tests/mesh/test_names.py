import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.names import MAX_LABEL, MAX_SUBDOMAIN, is_dns1123_label, is_dns1123_subdomain

LABELS = ["a", "0", "a-b", "a--b", "123", "agent-a", "a" * MAX_LABEL, "0" * MAX_LABEL, "xn--80ak6aa92e"]
NEVER = [
    "", "-", "-a", "a-", "A", "aB", "a_b", "a b", " a", "a ", "a\n", "\na", "a\x00", "a/b", "a:b", "é", "\u0430",
    "\uff41", "a\u200b", "\u0661", "\u00b2", "agent\u2010a", "\U0001d41a",
]  # fmt: skip
SUBDOMAINS = [
    "a.b",
    "1.2.3.4",
    "team.agent",
    "a-b.c-d",
    "a" * (MAX_LABEL + 1),
    ".".join(["a"] * 127),
    "a" * MAX_SUBDOMAIN,
]
NO_SUBDOMAINS = [".", ".a", "a.", "a..b", "a.-b", "a-.b", "a.B", "a" * (MAX_SUBDOMAIN + 1), ".".join(["a"] * 128)]


@pytest.mark.parametrize("text", LABELS)
def test_a_label_is_a_label_and_a_subdomain(text: str) -> None:
    assert is_dns1123_label(text)
    assert is_dns1123_subdomain(text)


@pytest.mark.parametrize("text", NEVER)
def test_what_breaks_the_alphabet_or_its_ends_is_neither(text: str) -> None:
    assert not is_dns1123_label(text)
    assert not is_dns1123_subdomain(text)


@pytest.mark.parametrize("text", SUBDOMAINS)
def test_a_subdomain_need_not_be_a_label(text: str) -> None:
    assert is_dns1123_subdomain(text)
    assert not is_dns1123_label(text)


@pytest.mark.parametrize("text", NO_SUBDOMAINS)
def test_an_empty_or_broken_part_or_one_character_too_many_is_no_subdomain(text: str) -> None:
    assert not is_dns1123_subdomain(text)


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    inside = set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    expected = 0 < len(text) <= MAX_LABEL and inside and not text.startswith("-") and not text.endswith("-")
    assert is_dns1123_label(text) == expected
