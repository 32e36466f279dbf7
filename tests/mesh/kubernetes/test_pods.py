import pytest

from mesh.bundle import Field
from mesh.kubernetes.pods import CHECKS, container_port, runs_without
from mesh.manifests import read_documents
from tests.mesh.texts import codes, findings, pod, world

QUIET = "enableServiceLinks: false,"
DEPLOYMENT = (
    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: argocd}, spec: {%s template: {metadata: "
    "{labels: {app: a}}, spec: {enableServiceLinks: false, "
    "containers: [{name: agent, image: meshtether, args: [agent]}]}}}}"
)


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("", ["MT1801"]),
        ("selector: {},", ["MT1801"]),
        ("selector: {matchLabels: {app: b}},", ["MT1802"]),
        ("selector: {matchLabels: {app: a}},", []),
        ("selector: {matchExpressions: [{key: app, operator: In, values: [a, b]}]},", []),
        ("selector: {matchExpressions: [{key: app, operator: DoesNotExist}]},", ["MT1802"]),
        ("selector: [app],", ["MT1801"]),
    ],
)
def test_a_deployment_selects_the_pods_that_it_makes(selector: str, found: list[str]) -> None:
    assert codes(CHECKS, DEPLOYMENT % selector) == found


def test_the_remedy_for_a_missing_selector_has_the_templates_own_label() -> None:
    (finding,) = findings(CHECKS, DEPLOYMENT % "")
    assert "{selector: {matchLabels: {app: a}}}" in finding.remedy


def test_variables_for_every_service_are_told_unless_switched_off() -> None:
    assert codes(CHECKS, pod("agent")) == ["MT1808"]
    assert codes(CHECKS, pod("agent", spec=QUIET)) == []


@pytest.mark.parametrize(
    ("spec", "container", "found"),
    [
        ("securityContext: {runAsUser: 1337},", "", ["MT1809"]),
        ("", "securityContext: {runAsUser: 2102},", ["MT1809"]),
        ("securityContext: {runAsUser: 1337},", "securityContext: {runAsUser: 10001},", []),
        ("securityContext: {runAsUser: '1337'},", "", []),
        ("hostNetwork: true,", "", ["MT1818"]),
        ("hostNetwork: 'true',", "", []),
    ],
)
def test_pods_past_the_mesh_are_told(spec: str, container: str, found: list[str]) -> None:
    assert codes(CHECKS, pod("principal", spec=f"{QUIET} {spec}", container=container)) == found


@pytest.mark.parametrize(
    ("port", "number"),
    [
        ("{port: 443}", 443),
        ("{port: 443, targetPort: 8443}", 8443),
        ("{port: 443, targetPort: grpc}", 8443),
        ("{port: 443, targetPort: twice}", 1),
        ("{port: 443, targetPort: none}", None),
        ("{port: 443, targetPort: [8443]}", None),
        ("{port: 443, targetPort: ''}", None),
    ],
)
def test_a_services_port_leads_to_a_number_or_to_the_first_port_of_a_name(port: str, number: int | None) -> None:
    ports = (
        "ports: [{name: grpc, containerPort: 8443}, {name: twice, containerPort: 1}, {name: twice, containerPort: 2}],"
    )
    known = world(pod("principal", container=ports))
    assert container_port(known, known.principals[0], Field.root(read_documents(port, "x")[0][0])) == number


def test_only_a_pod_that_runs_is_known_to_lack_a_container() -> None:
    text = pod("principal")
    (written,) = world(text).workloads
    (running,) = world(f"{text}status: {{phase: Running}}\n").workloads
    assert [runs_without(each, "istio-proxy") for each in (written, running)] == [False, True]
    assert not runs_without(running, "principal")
