import pytest

from mesh.findings import Level
from mesh.intent import DEFAULT_INTENT
from mesh.kubernetes.accounts import CHECKS
from tests.mesh.texts import codes, findings, pod

OWN = "serviceAccountName: agent-a,"
ACCOUNT = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: %s, namespace: %s}}"


def test_an_agent_without_an_account_of_its_own_is_nobody() -> None:
    assert codes(CHECKS, pod("agent", spec=OWN)) == []
    (finding,) = findings(CHECKS, pod("agent"))
    assert (finding.code, finding.level, finding.path) == ("MT1806", Level.ERROR, "spec.serviceAccountName")
    (finding,) = findings(CHECKS, pod("principal"))
    assert (finding.code, finding.level) == ("MT1806", Level.WARNING)


@pytest.mark.parametrize("name", ["team.agent", "-a", "Agent", "a" * 64])
def test_an_account_that_is_no_agents_name_is_refused(name: str) -> None:
    assert codes(CHECKS, pod("agent", spec=f"serviceAccountName: {name},")) == ["MT1806"]


def test_two_agents_of_one_account_are_one_identity() -> None:
    first, second = pod("agent", name="a", spec=OWN), pod("agent", name="b", spec=OWN)
    (finding,) = findings(CHECKS, first, second)
    assert (finding.code, finding.file) == ("MT1807", "1.yaml")
    assert codes(CHECKS, first, second.replace("namespace: argocd", "namespace: other")) == []


@pytest.mark.parametrize(("replicas", "found"), [("1", []), ("2", ["MT1807"]), ("x", []), ("[3]", [])])
def test_replicas_of_one_agent_share_its_identity(replicas: str, found: list[str]) -> None:
    template = "{spec: {serviceAccountName: a, containers: [{name: agent, image: meshtether, args: [agent]}]}}"
    text = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: n}, "
    assert codes(CHECKS, f"{text}spec: {{replicas: {replicas}, template: {template}}}}}") == found


def test_the_intents_accounts_and_pods_are_missed() -> None:
    assert codes(CHECKS, intent=DEFAULT_INTENT) == ["MT1816"] * 4
    accounts = [ACCOUNT % ("argocd-agent-principal", "argocd"), ACCOUNT % ("agent-a", "argocd-agents")]
    pods = [
        pod("principal", spec="serviceAccountName: argocd-agent-principal,"),
        pod("agent", namespace="argocd-agents", spec=OWN),
    ]
    assert codes(CHECKS, *accounts, *pods, intent=DEFAULT_INTENT) == []


def test_pods_without_a_written_namespace_may_be_the_intents() -> None:
    bare = pod("agent", spec=OWN).replace(", namespace: argocd", "")
    missing = [each.object for each in findings(CHECKS, bare, intent=DEFAULT_INTENT)]
    assert [(each.kind, each.name) for each in missing if each] == [
        ("ServiceAccount", "argocd-agent-principal"),
        ("Deployment", "argocd-agent-principal"),
        ("ServiceAccount", "agent-a"),
    ]
