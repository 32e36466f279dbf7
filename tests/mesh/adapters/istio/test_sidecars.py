import pytest

from mesh.adapters.istio.sidecars import CHECKS
from mesh.intent import DEFAULT_INTENT
from tests.mesh.adapters.istio.edits import codes, edited, findings, generated

ENDPOINT = "defaultEndpoint: 127.0.0.1:8443"
HOST = "principal.listen.host: 127.0.0.1"
LABELS = "workloadSelector:\n    labels:\n      app.kubernetes.io/name: argocd-agent-principal"


def test_what_is_generated_leads_to_loopback() -> None:
    assert codes(CHECKS, generated()) == []
    assert codes(CHECKS, generated(), DEFAULT_INTENT) == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (ENDPOINT, "defaultEndpoint: 127.0.0.1:9443", ["MT1102"]),
        (ENDPOINT, "defaultEndpoint: 10.0.0.1:8443", ["MT1102"]),
        (ENDPOINT, "defaultEndpoint: 0.0.0.0:8443", ["MT1102"]),
        (ENDPOINT, 'defaultEndpoint: "[::1]:8443"', ["MT1102"]),
        (ENDPOINT, "defaultEndpoint: unix:///run/principal.sock", []),
        (ENDPOINT, "bind: 0.0.0.0", ["MT1102"]),
        (ENDPOINT, f"{ENDPOINT}\n    captureMode: NONE", ["MT1102"]),
        ("protocol: GRPC", "protocol: TCP", ["MT1102"]),
        ("protocol: GRPC", "protocol: http2", []),
        ("number: 8443\n      protocol", "number: 9443\n      protocol", ["MT1102"]),
        (LABELS, "workloadSelector:\n    labels: {app: another}", ["MT1101"]),
        (LABELS, "workloadSelector:\n    matchLabels: {app: another}", ["MT1102"]),
        (HOST, 'principal.listen.host: "::1"', ["MT1102"]),
        (HOST, 'principal.listen.host: "0.0.0.0"', []),
    ],
)
def test_the_way_from_the_sidecar_to_the_principal_is_followed(old: str, new: str, found: list[str]) -> None:
    assert codes(CHECKS, edited((old, new))) == found


def test_the_remedy_for_a_missing_sidecar_has_the_very_endpoint() -> None:
    (finding,) = findings(CHECKS, edited(("kind: Sidecar", "kind: ServiceEntry")))
    assert finding.code == "MT1101"
    assert '{number: 8443, protocol: GRPC, name: grpc}, defaultEndpoint: "127.0.0.1:8443"' in finding.remedy


def test_other_ports_of_the_service_that_the_sidecar_hides_are_named() -> None:
    ports = "ports:\n  # The protocol stands before"
    more = "".join(f"  - {{name: p{n}, port: {n}}}\n" for n in range(9000, 9020))
    (finding,) = findings(CHECKS, edited((ports, f"ports:\n{more}  # The protocol stands before")))
    assert finding.code == "MT1103"
    assert "9000, 9001" in finding.message
    assert "9010" not in finding.message
