import pytest

from mesh.adapters.istio.injection import CHECKS
from mesh.findings import Level
from mesh.intent import DEFAULT_INTENT
from tests.mesh.adapters.istio.edits import codes, edited, findings, generated

INJECT = '        sidecar.istio.io/inject: "true"\n'
LABELS = f"{INJECT}    spec:"
NAMESPACES = (
    "---\n{apiVersion: v1, kind: Namespace, metadata: {name: argocd%s}}\n---\n{apiVersion: v1, kind: Namespace, "
)
NAMESPACES += "metadata: {name: argocd-agents%s}}\n"


def with_annotations(text: str) -> str:
    return edited((LABELS, f"{INJECT}      annotations: {{{text}}}\n    spec:"))


def test_what_is_generated_asks_for_sidecars() -> None:
    assert codes(CHECKS, generated()) == []
    assert codes(CHECKS, generated(), DEFAULT_INTENT) == []


def test_pods_that_ask_for_no_sidecar_are_told_and_surely_so_where_the_namespace_is_known() -> None:
    bare = edited((INJECT, ""))
    assert [(each.code, each.level) for each in findings(CHECKS, bare)] == [("MT1114", Level.WARNING)] * 2
    known = findings(CHECKS, bare + NAMESPACES % ("", ""))
    assert [(each.code, each.level) for each in known] == [("MT1114", Level.ERROR)] * 2
    labelled = ", labels: {istio-injection: enabled}"
    assert codes(CHECKS, bare + NAMESPACES % (labelled, labelled)) == []


@pytest.mark.parametrize("value", ['"false"', "[]", '"yes"'])
def test_a_label_with_another_value_asks_for_none(value: str) -> None:
    assert codes(CHECKS, edited((INJECT, INJECT.replace('"true"', value)))) == ["MT1114"] * 2


def test_ambient_pods_have_no_sidecar() -> None:
    ambient = edited((INJECT, "        istio.io/dataplane-mode: ambient\n"))
    assert codes(CHECKS, ambient) == ["MT1116"] * 2


@pytest.mark.parametrize(
    ("annotation", "found"),
    [
        ('traffic.sidecar.istio.io/excludeInboundPorts: "8443"', ["MT1115"]),
        ('traffic.sidecar.istio.io/excludeInboundPorts: "80,8000-9000"', ["MT1115"]),
        ('traffic.sidecar.istio.io/excludeInboundPorts: "9000-8000,x,84433333"', []),
        ('traffic.sidecar.istio.io/includeInboundPorts: "80"', ["MT1115"]),
        ('traffic.sidecar.istio.io/includeInboundPorts: "*"', []),
        ("sidecar.istio.io/interceptionMode: NONE", ["MT1115", "MT1115"]),
    ],
)
def test_traffic_that_goes_past_the_sidecar_is_told(annotation: str, found: list[str]) -> None:
    assert codes(CHECKS, with_annotations(annotation)) == found


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ("{proxyHeaders: {forwardedClientCert: SANITIZE_SET}}", []),
        ("{proxyHeaders: {forwardedClientCert: SANITIZE}}", ["MT1122"]),
        ("{gatewayTopology: {forwardClientCertDetails: SANITIZE_SET}}", ["MT1119"]),
        ("{{{", []),
    ],
)
def test_a_proxys_own_configuration_is_read(config: str, found: list[str]) -> None:
    text = with_annotations(f'proxy.istio.io/config: "{config}"')
    assert [each for each in codes(CHECKS, text) if each in {"MT1119", "MT1122"}] == found


def test_egress_policies_must_leave_the_way_to_istiod() -> None:
    text = (
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: out, namespace: argocd-agents}\n"
    )
    text += "spec: {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: %d}]}]}\n"
    assert codes(CHECKS, generated() + text % 8443) == ["MT1812"]
    assert codes(CHECKS, generated() + text % 15012) == []
