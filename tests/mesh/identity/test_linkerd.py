import pytest
from hypothesis import given

from mesh.identity.linkerd import RULES, LinkerdId, LinkerdIdError, parse_client_id
from mesh.identity.spiffe import RULES as SPIFFE_RULES
from mesh.identity.spiffe import SpiffeId, SpiffeIdError
from tests.mesh.identity.outcome import outcome
from tests.mesh.identity.strategies import any_text, linkerd_ids

MESH = "serviceaccount.identity.linkerd.cluster.local"


@pytest.mark.parametrize(
    ("text", "account", "namespace", "control_plane", "trust_domain"),
    [
        (f"agent-a.argocd.{MESH}", "agent-a", "argocd", "linkerd", "cluster.local"),
        (f"agent-a.evil.argocd.{MESH}", "agent-a.evil", "argocd", "linkerd", "cluster.local"),
        (f"a.b.c.d.argocd.{MESH}", "a.b.c.d", "argocd", "linkerd", "cluster.local"),
        (f"linkerd-gateway.multicluster.{MESH}", "linkerd-gateway", "multicluster", "linkerd", "cluster.local"),
        ("a.b.serviceaccount.identity.l5d.corp", "a", "b", "l5d", "corp"),
        # A service account that copies a whole name stays a service account: the text is read from the right.
        (f"victim.argocd.{MESH}.evil.{MESH}", f"victim.argocd.{MESH}", "evil", "linkerd", "cluster.local"),
    ],
)
def test_a_name_is_read_from_the_right(
    text: str, account: str, namespace: str, control_plane: str, trust_domain: str
) -> None:
    name = LinkerdId.parse(text)
    assert name == LinkerdId(
        service_account=account, namespace=namespace, control_plane=control_plane, trust_domain=trust_domain
    )
    assert str(name) == text


def test_a_trust_domain_that_would_shift_the_reading_cannot_be_built() -> None:
    with pytest.raises(LinkerdIdError) as refused:
        LinkerdId(service_account="a", namespace="b", control_plane="c", trust_domain="d.e.serviceaccount.identity.f.g")
    assert refused.value.rule == "linkerd-trust-domain"
    with pytest.raises(LinkerdIdError):
        LinkerdId(service_account="a", namespace="b", control_plane="serviceaccount", trust_domain="identity.x.y")


def test_the_longest_name_is_253_bytes() -> None:
    rest = f".argocd.{MESH}"
    longest = "a" * (253 - len(rest)) + rest
    assert str(LinkerdId.parse(longest)) == longest
    with pytest.raises(LinkerdIdError) as refused:
        LinkerdId.parse(f"a{longest}")
    assert refused.value.rule == "linkerd-length"


def test_a_client_id_comes_in_either_form() -> None:
    assert parse_client_id("spiffe://root/vm-1") == SpiffeId.parse("spiffe://root/vm-1")
    assert parse_client_id(f"agent-a.argocd.{MESH}") == LinkerdId.parse(f"agent-a.argocd.{MESH}")
    with pytest.raises(SpiffeIdError):
        parse_client_id("https://root/vm-1")


@given(linkerd_ids)
def test_parsing_what_was_written_gives_the_same_name(name: LinkerdId) -> None:
    assert LinkerdId.parse(str(name)) == name


@given(any_text)
def test_any_text_is_a_name_with_that_very_text_or_refused_by_a_listed_rule(text: str) -> None:
    name, rule = outcome(LinkerdId.parse, text)
    assert rule in RULES if name is None else str(name) == text
    either, rule = outcome(parse_client_id, text)
    assert rule in RULES or rule in SPIFFE_RULES if either is None else str(either) == text
