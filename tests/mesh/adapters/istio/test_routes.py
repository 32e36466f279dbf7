import pytest

from mesh.adapters.istio.routes import CHECKS
from tests.mesh.adapters.istio.edits import codes, findings, generated

ROUTE = """\
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v, namespace: %s}
spec: {hosts: [%s], http: [%s]}
"""


@pytest.mark.parametrize(
    ("namespace", "host"),
    [
        ("argocd", "argocd-agent-principal"),
        ("anywhere", "argocd-agent-principal.argocd"),
        ("anywhere", "argocd-agent-principal.argocd.svc.cluster.local"),
    ],
)
def test_a_timeout_is_told_for_every_name_of_the_principals_service(namespace: str, host: str) -> None:
    (finding,) = findings(CHECKS, generated() + ROUTE % (namespace, host, "{timeout: 10s}"))
    assert (finding.code, finding.path) == ("MT1120", "spec.http[0].timeout")


def test_a_route_that_leads_to_the_service_counts_too() -> None:
    http = "{timeout: 10s, route: [{destination: {host: argocd-agent-principal.argocd.svc.cluster.local}}]}"
    assert codes(CHECKS, generated() + ROUTE % ("argocd", "other.example", http)) == ["MT1120"]


@pytest.mark.parametrize(
    ("namespace", "host", "http"),
    [
        ("argocd", "argocd-agent-principal", "{}"),
        ("argocd", "argocd-agent-principal", "{timeout: 0s}"),
        ("elsewhere", "argocd-agent-principal", "{timeout: 10s}"),
        ("argocd", "other", "{timeout: 10s}"),
        ("argocd", "7", "{timeout: 10s, route: x}"),
    ],
)
def test_other_routes_and_routes_without_a_timeout_are_left_alone(namespace: str, host: str, http: str) -> None:
    assert codes(CHECKS, generated() + ROUTE % (namespace, host, http)) == []
