import itertools

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from mesh.identity.sketch import linkerd_guesses, sketch, spiffe_guesses
from tests.mesh.identity.samples import SEED_REGEX


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (SEED_REGEX, "*URI=spiffe://*/ns/*/sa/*"),
        (r"^([^.]+)\..*", "*.*"),
        (
            r"URI=spiffe://prod\.example/ns/argocd-agents/sa/([^,;]+)$",
            "URI=spiffe://prod.example/ns/argocd-agents/sa/*",
        ),
        ("spiffe://cluster.local/(?P<name>[a-z]{1,63})", "spiffe://cluster.local/*"),
        ("(?i)^a(?:b)c$", "abc"),
        (r"\d+x\\y", "*x\\y"),
        ("[]a]b[^]a]c[", "*b*c*"),
        ("a{2,3}b{", "a*b*"),
        ("", ""),
        ("\\", "*"),
    ],
)
def test_a_sketch_keeps_the_literal_text(pattern: str, expected: str) -> None:
    assert sketch(pattern) == expected


@pytest.mark.parametrize(
    ("pattern", "likely"),
    [
        (SEED_REGEX, "spiffe://cluster.local/ns/argocd/sa/agent-a"),
        (r"URI=spiffe://prod\.example/ns/team-x/sa/([^,;]+)$", "spiffe://prod.example/ns/team-x/sa/agent-a"),
        (r"spiffe://td/ns/([^/]+)/sa/argocd-agent[;,]", "spiffe://td/ns/argocd/sa/argocd-agent"),
        (r"spiffe://td/ns/x/sa/(agent-[0-9a-f]+)$", "spiffe://td/ns/x/sa/agent-a"),
        (r"spiffe://[a-z.]+/cluster/([^/]+)/agent", "spiffe://cluster.local/cluster/agent-a/agent"),
        ("sa/(.*)", "spiffe://cluster.local/ns/argocd/sa/agent-a"),
    ],
)
def test_a_caller_with_what_the_regex_pins_is_among_the_first_guesses(pattern: str, likely: str) -> None:
    assert likely in [str(guess) for guess in itertools.islice(spiffe_guesses(pattern), 3)]


@pytest.mark.parametrize(
    ("pattern", "first"),
    [
        (r"^([^.]+)\..*", "agent-a.argocd.serviceaccount.identity.linkerd.cluster.local"),
        (r"^([^.]+)\.team-x\.serviceaccount\.identity\.l5d\.corp$", "agent-a.team-x.serviceaccount.identity.l5d.corp"),
        (r"^([^.]+)\.team-x\.", "agent-a.argocd.serviceaccount.identity.linkerd.cluster.local"),
    ],
)
def test_the_first_guess_of_a_linkerd_name_has_what_the_regex_pins(pattern: str, first: str) -> None:
    assert str(next(linkerd_guesses(pattern))) == first


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="*+?|{}"), max_size=60))
def test_literal_text_is_its_own_sketch(text: str) -> None:
    assert sketch(str(re2.escape(text))) == text


@given(st.text(max_size=60) | st.text("()[]{}*+?.|^$\\abn/:<>P=!,-", max_size=60))
def test_any_text_can_be_guessed_from(pattern: str) -> None:
    assert list(spiffe_guesses(pattern))
    assert list(linkerd_guesses(pattern))
