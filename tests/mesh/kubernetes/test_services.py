import pytest

from mesh.intent import DEFAULT_INTENT
from mesh.kubernetes.services import CHECKS, principal_ports, principal_services
from tests.mesh.texts import codes, findings, pod, world

PRINCIPAL = pod("principal", labels="{app: hub}", container="ports: [{name: grpc, containerPort: 8443}],")


def service(spec: str, name: str = "hub", namespace: str = "argocd") -> str:
    return f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"


LEADING = service("{selector: {app: hub}, ports: [{port: 443, targetPort: grpc}]}")


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("{selector: {app: hub}, ports: [{port: 443, targetPort: grpc}]}", []),
        ("{selector: {app: hub}, ports: [{port: 443}]}", ["MT1805"]),
        ("{selector: {app: hub}, ports: [{port: 443, targetPort: http}]}", ["MT1805"]),
        ("{selector: {app: hub}, ports: [{port: 80}, {port: 8443}]}", []),
    ],
)
def test_a_port_of_the_service_leads_to_where_the_principal_listens(spec: str, found: list[str]) -> None:
    assert codes(CHECKS, PRINCIPAL, service(spec)) == found


def test_a_message_names_a_few_of_many_ports() -> None:
    ports = ", ".join(f"{{port: {n}}}" for n in range(9000, 9500))
    (finding,) = findings(CHECKS, PRINCIPAL, service(f"{{selector: {{app: hub}}, ports: [{ports}]}}"))
    assert finding.code == "MT1805"
    assert len(finding.message) < 300


def test_a_service_of_the_principals_name_that_selects_other_pods_is_told() -> None:
    other = service("{selector: {app: other}, ports: [{port: 8443}]}", "argocd-agent-principal")
    assert "MT1803" in codes(CHECKS, PRINCIPAL, other)


@pytest.mark.parametrize(
    ("address", "port", "found"),
    [
        ("hub.argocd", 443, []),
        ("hub.argocd", 8443, ["MT1804"]),
        ("hub.argocd.svc.cluster.local.", 8443, ["MT1804"]),
        ("hub", 8443, []),
        ("hub.argocd.corp.example", 8443, []),
    ],
)
def test_agents_dial_a_port_that_the_service_has(address: str, port: int, found: list[str]) -> None:
    agent = pod("agent", f"--server-address={address}", f"--server-port={port}", namespace="agents")
    assert codes(CHECKS, PRINCIPAL, LEADING, agent) == found


def test_a_pod_without_a_written_namespace_may_dial_by_the_short_name() -> None:
    agent = pod("agent", "--server-address=hub", "--server-port=1").replace(", namespace: argocd", "")
    assert codes(CHECKS, PRINCIPAL, LEADING, agent) == ["MT1804"]


def test_services_are_the_principals_by_labels_and_by_the_intents_name() -> None:
    named = service("{ports: [{port: 1}]}", "argocd-agent-principal")
    known = world(PRINCIPAL, LEADING, named, service("{selector: {app: x}}", "other"), intent=DEFAULT_INTENT)
    assert [each.name for each in principal_services(known)] == ["hub", "argocd-agent-principal"]
    assert principal_services(known) is principal_services(known)


def test_ports_that_lead_elsewhere_are_none_of_the_principals() -> None:
    both = service("{selector: {app: hub}, ports: [{port: 443, targetPort: grpc}, {port: 9090}]}")
    assert [port.at("port").number for _, port in principal_ports(world(PRINCIPAL, both))] == [443]
    unknown = service("{ports: [{port: 443}, {port: 9090}]}", "argocd-agent-principal")
    assert [port.at("port").number for _, port in principal_ports(world(unknown))] == [443, 9090]


def test_an_intents_service_is_missed() -> None:
    assert "MT1816" in codes(CHECKS, PRINCIPAL, intent=DEFAULT_INTENT)
