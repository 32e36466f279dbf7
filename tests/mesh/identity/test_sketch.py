import pytest
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
        ("(?i)a(?:b)c", "*a*b*c"),
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
    ("pattern", "first"),
    [
        (SEED_REGEX, "spiffe://cluster.local/ns/argocd/sa/agent-a"),
        (r"URI=spiffe://prod\.example/ns/team-x/sa/([^,;]+)$", "spiffe://prod.example/ns/team-x/sa/agent-a"),
        (r"spiffe://td/ns/([^/]+)/sa/argocd-agent[;,]", "spiffe://td/ns/argocd/sa/argocd-agent"),
        (r"spiffe://[a-z.]+/cluster/([^/]+)/agent", "spiffe://cluster.local/cluster/agent-a/agent"),
        ("sa/(.*)", "spiffe://cluster.local/ns/argocd/sa/agent-a"),
    ],
)
def test_the_first_guess_has_what_the_regex_pins(pattern: str, first: str) -> None:
    assert str(next(spiffe_guesses(pattern))) == first


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


@given(st.text(max_size=60) | st.text("()[]{}*+?.|^$\\abn/:<>P=!,-", max_size=60))
def test_any_text_can_be_sketched_and_guessed_from(pattern: str) -> None:
    assert "**" not in sketch(pattern).replace("\\*", "") or "*" in pattern
    assert list(spiffe_guesses(pattern))
    assert list(linkerd_guesses(pattern))
