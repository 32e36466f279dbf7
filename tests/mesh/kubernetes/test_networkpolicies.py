import pytest

from mesh.allowance import MAX_STEPS
from mesh.findings import Level
from mesh.intent import DEFAULT_INTENT
from mesh.kubernetes.networkpolicies import CHECKS
from tests.mesh.texts import codes, findings, pod

PRINCIPAL = pod("principal", labels="{app: principal}")
AGENT = pod("agent", "--server-address=hub.argocd", namespace="agents", labels="{app: agent}")
SERVICE = "{apiVersion: v1, kind: Service, metadata: {name: hub, namespace: argocd}}"


def policy(spec: str, namespace: str = "argocd", name: str = "n") -> str:
    head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy"
    return f"{head}\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("{podSelector: {}}", ["MT1810"]),
        ("{podSelector: {}, ingress: [{ports: [{port: 443}]}]}", ["MT1810"]),
        ("{podSelector: {}, ingress: [{ports: [{port: 8443}]}]}", []),
        ("{podSelector: {}, ingress: [{ports: [{port: 8000, endPort: 9000}]}]}", []),
        ("{podSelector: {matchLabels: {app: other}}}", []),
        ("{podSelector: {}, policyTypes: [Egress]}", []),
        ("{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}", ["MT1810"]),
        ("{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}", []),
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: x}}}]}]}",
            ["MT1810"],
        ),
    ],
)
def test_a_policy_for_the_principal_must_let_agents_in_to_its_port(spec: str, found: list[str]) -> None:
    assert codes(CHECKS, PRINCIPAL, AGENT, SERVICE, policy(spec)) == found


def test_policies_add_up() -> None:
    closed, opened = policy("{podSelector: {}}"), policy("{podSelector: {}, ingress: [{}]}", name="m")
    assert codes(CHECKS, PRINCIPAL, AGENT, SERVICE, closed, opened) == []


def test_the_redirections_ports_exist_inside_a_pod_only() -> None:
    spec = "{podSelector: {}, ingress: [{ports: [{port: 15006}, {port: 8443}]}]}"
    (finding,) = findings(CHECKS, PRINCIPAL, policy(spec))
    assert (finding.code, finding.path) == ("MT1811", "spec.ingress[0].ports[0].port")
    unwritten = policy(spec).replace(", namespace: argocd", "")
    assert codes(CHECKS, PRINCIPAL, unwritten) == ["MT1811"]
    assert codes(CHECKS, PRINCIPAL, policy(spec, "elsewhere")) == []


@pytest.mark.parametrize(
    ("egress", "found"),
    [
        ("[]", [Level.ERROR, Level.WARNING]),
        ("[{}]", []),
        ("[{ports: [{port: 8443}]}]", [Level.WARNING]),
        ("[{ports: [{port: 8443}]}, {ports: [{port: 53, protocol: UDP}]}]", []),
        ("[{ports: [{port: 443}, {port: 53, protocol: UDP}]}]", [Level.ERROR]),
        ("[{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: argocd}}}]}]", []),
        ("[{to: [{podSelector: {}}]}]", [Level.ERROR]),
    ],
)
def test_agents_need_a_way_out_to_the_principal_and_to_dns(egress: str, found: list[Level]) -> None:
    spec = f"{{podSelector: {{matchLabels: {{app: agent}}}}, policyTypes: [Egress], egress: {egress}}}"
    told = findings(CHECKS, PRINCIPAL, AGENT, policy(spec, "agents"))
    assert [(each.code, each.level) for each in told] == [("MT1812", level) for level in found]


def test_agents_under_the_same_policies_are_told_one_by_one() -> None:
    agents = [AGENT.replace("name: agent, namespace", f"name: agent-{n}, namespace") for n in range(3)]
    told = findings(
        CHECKS,
        PRINCIPAL,
        *agents,
        policy("{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 53, protocol: UDP}]}]}", "agents"),
    )
    assert len({each.message for each in told}) == 3


def test_what_is_too_much_to_compare_is_said() -> None:
    asked = ", ".join(f"{{key: k{n}, operator: DoesNotExist}}" for n in range(2000))
    agents = [
        AGENT.replace("name: agent, namespace", f"name: agent-{n}, namespace") for n in range(MAX_STEPS // 2000 + 1)
    ]
    spec = f"{{podSelector: {{matchExpressions: [{asked}]}}, policyTypes: [Egress], egress: [{{}}]}}"
    assert codes(CHECKS, "---\n".join([PRINCIPAL, *agents]), policy(spec, "agents")) == ["MT1006"]


def test_an_intents_principal_is_protected_by_a_policy() -> None:
    assert codes(CHECKS, PRINCIPAL, intent=DEFAULT_INTENT) == ["MT1813"]
    assert codes(CHECKS, PRINCIPAL) == []
