import pytest

from mesh.identity.errors import RuleError
from mesh.identity.linkerd import LinkerdId, parse_client_id
from mesh.identity.spiffe import SpiffeId
from mesh.identity.template import RULES, LinkerdTemplate, SpiffeTemplate, TemplateMismatchError, parse_template

SPIFFE = "spiffe://cluster.local/ns/argocd-agents/sa/{agent}"
LINKERD = "{agent}.argocd-agents.serviceaccount.identity.linkerd.cluster.local"
MESH = "serviceaccount.identity.linkerd.cluster.local"


@pytest.mark.parametrize(
    "text",
    [
        SPIFFE,
        LINKERD,
        "spiffe://td/{agent}",
        "spiffe://td/ns/{agent}/sa/argocd-agent",
        "spiffe://td/agent/{agent}",
        "{agent}.n.serviceaccount.identity.l.td",
    ],
)
def test_a_template_is_written_back_as_it_was_read(text: str) -> None:
    assert str(parse_template(text)) == text


@pytest.mark.parametrize(
    ("template", "identity", "agent"),
    [
        (SPIFFE, "spiffe://cluster.local/ns/argocd-agents/sa/agent-a", "agent-a"),
        (SPIFFE, "spiffe://cluster.local/ns/argocd-agents/sa/team.agent", "team.agent"),
        ("spiffe://td/{agent}", "spiffe://td/x", "x"),
        ("spiffe://td/ns/{agent}/sa/argocd-agent", "spiffe://td/ns/east/sa/argocd-agent", "east"),
        (LINKERD, f"agent-a.argocd-agents.{MESH}", "agent-a"),
        (LINKERD, f"agent-a.evil.argocd-agents.{MESH}", "agent-a.evil"),
    ],
)
def test_the_agent_is_the_text_in_its_place(template: str, identity: str, agent: str) -> None:
    assert parse_template(template).agent_of(parse_client_id(identity)) == agent


@pytest.mark.parametrize(
    ("template", "identity", "rule"),
    [
        (SPIFFE, "spiffe://other.domain/ns/argocd-agents/sa/agent-a", "other-trust-domain"),
        (SPIFFE, "spiffe://cluster.local.evil/ns/argocd-agents/sa/agent-a", "other-trust-domain"),
        (SPIFFE, "spiffe://cluster.local/ns/evil/sa/agent-a", "other-namespace"),
        (SPIFFE, "spiffe://cluster.local/ns/argocd-agents-x/sa/agent-a", "other-namespace"),
        (SPIFFE, "spiffe://cluster.local/ns/argocd-agents/sa/agent-a/extra", "other-path"),
        (SPIFFE, "spiffe://cluster.local/ns/argocd-agents/sa", "other-path"),
        (SPIFFE, "spiffe://cluster.local", "other-path"),
        (SPIFFE, "spiffe://cluster.local/ns/argocd-agents/SA/agent-a", "other-path"),
        (SPIFFE, "spiffe://cluster.local/x/ns/argocd-agents/sa/agent-a", "other-path"),
        ("spiffe://td/ns/{agent}/sa/argocd-agent", "spiffe://td/ns/east/sa/default", "other-path"),
        ("spiffe://td/x/y/{agent}", "spiffe://td/x/z/a", "other-path"),
        (SPIFFE, f"agent-a.argocd-agents.{MESH}", "other-form"),
        (LINKERD, "spiffe://cluster.local/ns/argocd-agents/sa/agent-a", "other-form"),
        (LINKERD, f"agent-a.evil.{MESH}", "other-namespace"),
        (LINKERD, f"argocd-agents.agent-a.{MESH}", "other-namespace"),
        (LINKERD, "agent-a.argocd-agents.serviceaccount.identity.linkerd.corp", "other-trust-domain"),
        (LINKERD, "agent-a.argocd-agents.serviceaccount.identity.linkerd.cluster.local.evil", "other-trust-domain"),
        (LINKERD, "agent-a.argocd-agents.serviceaccount.identity.linkerd2.cluster.local", "other-control-plane"),
    ],
)
def test_anything_else_must_be_equal(template: str, identity: str, rule: str) -> None:
    with pytest.raises(TemplateMismatchError) as refused:
        parse_template(template).agent_of(parse_client_id(identity))
    assert refused.value.rule == rule
    assert RULES[rule] in str(refused.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "agent-count"),
        ("spiffe://td/a", "agent-count"),
        ("spiffe://td/{agent}/{agent}", "agent-count"),
        ("{agent}{agent}.n.serviceaccount.identity.l.td", "agent-count"),
        ("spiffe://td/{Agent}", "agent-count"),
        ("spiffe://td/x-{agent}", "agent-part-of-segment"),
        ("spiffe://td/{agent}-x", "agent-part-of-segment"),
        ("spiffe://td/{agent}.x", "agent-part-of-segment"),
        ("x-{agent}.n.serviceaccount.identity.l.td", "agent-part-of-segment"),
        ("spiffe://{agent}/a", "agent-in-trust-domain"),
        ("spiffe://{agent}", "agent-in-trust-domain"),
        ("spiffe://x{agent}/a", "agent-in-trust-domain"),
        ("a.{agent}.serviceaccount.identity.l.td", "agent-not-first"),
        ("team.{agent}.n.serviceaccount.identity.l.td", "agent-not-first"),
        ("{agent}", "linkerd-shape"),
        ("{agent}.n.l.td", "linkerd-shape"),
        ("{agent}.N.serviceaccount.identity.l.td", "linkerd-namespace"),
        ("{agent}.n.serviceaccount.identity.l.*", "linkerd-trust-domain"),
        ("spiffe://Td/{agent}", "spiffe-trust-domain-case"),
        ("SPIFFE://td/{agent}", "spiffe-scheme-case"),
        ("https://td/{agent}", "spiffe-scheme"),
        ("spiffe:/td/{agent}", "spiffe-scheme"),
        ("spiffe://td/{agent}/", "spiffe-path-trailing-slash"),
        ("spiffe://td//{agent}", "spiffe-path-empty-segment"),
        ("spiffe://td/../{agent}", "spiffe-path-dot-segment"),
        ("spiffe://td/ns/{namespace}/sa/{agent}", "spiffe-path-character"),
        ("spiffe://td/ns/*/sa/{agent}", "spiffe-path-character"),
        ("spiffe:///{agent}", "spiffe-trust-domain-missing"),
    ],
)
def test_a_text_that_is_no_template_is_refused_with_its_fault(text: str, fault: str) -> None:
    with pytest.raises(RuleError) as refused:
        parse_template(text)
    assert refused.value.fault == fault


def test_a_template_is_of_the_form_of_its_identity() -> None:
    spiffe, linkerd = parse_template(SPIFFE), parse_template(LINKERD)
    assert isinstance(spiffe, SpiffeTemplate)
    assert spiffe.agent_of(SpiffeId.parse(SPIFFE.replace("{agent}", "agent"))) == "agent"
    assert isinstance(linkerd, LinkerdTemplate)
    assert linkerd.agent_of(LinkerdId.parse(LINKERD.replace("{agent}", "agent"))) == "agent"
