import pytest

from mesh.adapters.istio.sources import Caller, Rule
from mesh.bundle import Field
from mesh.manifests import read_documents

AGENT = Caller("cluster.local", "agents", "agent-a")


def rule(text: str) -> Rule:
    return Rule.of(Field.root(read_documents(text, "x")[0][0]))


@pytest.mark.parametrize(
    ("source", "taken"),
    [
        ("principals: [cluster.local/ns/agents/sa/agent-a]", True),
        ("principals: [cluster.local/ns/agents/sa/*]", True),
        ("principals: ['*/sa/agent-a']", True),
        ("principals: ['*']", True),
        ("principals: [spiffe://cluster.local/ns/agents/sa/agent-a]", False),
        ("principals: [other.example/ns/agents/sa/agent-a]", False),
        ("principals: []", False),
        ("namespaces: [agents]", True),
        ("namespaces: [argocd]", False),
        ("principals: ['*'], notNamespaces: [agents]", False),
        ("notPrincipals: [cluster.local/ns/agents/sa/agent-b]", True),
        ("trustDomains: [other.example]", False),
        ("serviceAccounts: [agents/agent-a]", True),
        ("serviceAccounts: [agent-b]", False),
    ],
)
def test_a_source_takes_whom_istio_takes(source: str, taken: bool) -> None:
    assert rule(f"from: [{{source: {{{source}}}}}]").takes(AGENT, 8443) is taken


def test_a_callers_unknown_trust_domain_is_taken_for_any() -> None:
    unknown = Caller("", "agents", "agent-a")
    assert rule("from: [{source: {principals: [corp.example/ns/agents/sa/agent-a]}}]").takes(unknown, 1)
    assert rule("from: [{source: {principals: [corp.example/*]}}]").takes(unknown, 1)
    assert not rule("from: [{source: {principals: [corp.example/ns/other/sa/agent-a]}}]").takes(unknown, 1)


@pytest.mark.parametrize(
    ("to", "taken"),
    [
        ("{}", True),
        ("to: [{operation: {ports: ['8443']}}]", True),
        ("to: [{operation: {ports: ['443']}}]", False),
        ("to: [{operation: {ports: ['443']}}, {operation: {methods: [POST]}}]", True),
    ],
)
def test_ports_are_texts_of_the_pods_ports(to: str, taken: bool) -> None:
    assert rule(to).takes(AGENT, 8443) is taken


def test_only_rules_that_ask_for_whole_names_alone_are_named() -> None:
    assert AGENT.identity in rule("from: [{source: {principals: [cluster.local/ns/agents/sa/agent-a]}}]").named
    assert rule("from: [{source: {principals: ['*']}}]").named == frozenset()
    both = "from: [{source: {principals: [cluster.local/ns/agents/sa/agent-a], namespaces: [x]}}]"
    assert rule(both).named == frozenset()
