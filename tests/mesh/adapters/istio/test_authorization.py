import pytest

from mesh.adapters.istio.authorization import CHECKS
from mesh.intent import DEFAULT_INTENT
from tests.mesh.adapters.istio.edits import codes, edited, findings, generated

PRINCIPAL = "- cluster.local/ns/argocd-agents/sa/agent-a"
FROM = f"""\
  - from:
    - source:
        # SPIFFE IDs without spiffe://.
        principals:
        {PRINCIPAL}
    to:"""
PORTS = '"8443"\n---'
DENY = """\
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: deny, namespace: argocd}
spec: {action: DENY, rules: [%s]}
"""


def test_what_is_generated_lets_in_the_agents_and_nobody_else() -> None:
    assert codes(CHECKS, generated()) == []
    assert codes(CHECKS, generated(), DEFAULT_INTENT) == []


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (PRINCIPAL, "- cluster.local/ns/argocd-agents/sa/agent-b", "spec.rules[0].from"),
        (PRINCIPAL, "- corp.example/ns/argocd-agents/sa/agent-a", "spec.rules[0].from"),
        (PORTS, '"443"\n---', "spec.rules[0].to"),
    ],
)
def test_agents_that_are_left_out_are_told_at_the_part_that_leaves_them_out(old: str, new: str, path: str) -> None:
    found = [each for each in findings(CHECKS, edited((old, new)), DEFAULT_INTENT) if each.code == "MT1111"]
    assert [each.path for each in found] == [path]
    assert "cluster.local/ns/argocd-agents/sa/agent-a" in found[0].message


def test_without_an_intent_an_agents_trust_domain_is_not_known_and_any_is_taken() -> None:
    assert codes(CHECKS, edited((PRINCIPAL, "- corp.example/ns/argocd-agents/sa/agent-a"))) == []
    assert codes(CHECKS, edited((PRINCIPAL, "- corp.example/ns/argocd-agents/sa/agent-b"))) == ["MT1111"]


def test_a_spiffe_scheme_matches_nobody() -> None:
    text = edited((PRINCIPAL, f"- spiffe://{PRINCIPAL[2:]}"))
    assert codes(CHECKS, text) == ["MT1113"]
    assert codes(CHECKS, text, DEFAULT_INTENT) == ["MT1113", "MT1111"]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("{from: [{source: {namespaces: [argocd-agents]}}]}", ["MT1111"]),
        ("{from: [{source: {namespaces: [default]}}]}", []),
        ("{from: [{source: {notNamespaces: [argocd-agents]}}]}", []),
        ("{to: [{operation: {ports: ['9090']}}]}", []),
        ("{from: [{source: {namespaces: [argocd-agents]}}], when: [{key: x, values: [y]}]}", []),
    ],
)
def test_a_deny_policy_counts_where_it_surely_holds(rule: str, found: list[str]) -> None:
    assert codes(CHECKS, generated() + DENY % rule) == found


def test_a_rule_for_anybody_is_told() -> None:
    assert codes(CHECKS, edited((FROM, "  - to:"))) == ["MT1112"]


def test_with_an_intent_every_port_and_every_pod_are_too_many() -> None:
    ports = '    to:\n    - operation:\n        # Of the pod, not of the Service.\n        ports:\n        - "8443"\n'
    assert codes(CHECKS, edited((ports, ""))) == []
    assert codes(CHECKS, edited((ports, "")), DEFAULT_INTENT) == ["MT1112"]


def test_an_intent_wants_a_policy_and_audit_is_none() -> None:
    assert codes(CHECKS, edited(("action: ALLOW", "action: AUDIT")), DEFAULT_INTENT) == ["MT1816"]


def test_several_agents_without_a_way_are_one_finding() -> None:
    pod = "---\n{apiVersion: v1, kind: Pod, metadata: {name: a%d, namespace: x}, spec: {serviceAccountName: s%d, "
    pod += "containers: [{name: agent, image: meshtether, args: [agent]}]}}\n"
    (finding,) = findings(CHECKS, generated() + "".join(pod % (n, n) for n in range(5)))
    assert "ns/x/sa/s0, ns/x/sa/s1, ns/x/sa/s2 and 2 more" in finding.message
