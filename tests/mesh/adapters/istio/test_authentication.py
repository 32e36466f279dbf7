import pytest

from mesh.adapters.istio.authentication import CHECKS
from mesh.findings import Level
from mesh.intent import DEFAULT_INTENT
from tests.mesh.adapters.istio.edits import codes, edited, findings, generated

STRICT = "mtls:\n    mode: STRICT"
SELECTOR = "selector:\n    matchLabels:\n      app.kubernetes.io/name: argocd-agent-principal\n  mtls:"


def policy(name: str, namespace: str, spec: str) -> str:
    head = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication"
    return f"---\n{head}\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"


def test_what_is_generated_is_strict_and_about_the_principal_alone() -> None:
    assert codes(CHECKS, generated()) == []
    assert codes(CHECKS, generated(), DEFAULT_INTENT) == []


@pytest.mark.parametrize(("mode", "level"), [("PERMISSIVE", Level.WARNING), ("DISABLE", Level.ERROR)])
def test_callers_without_a_certificate_are_told_with_the_mode_that_lets_them_in(mode: str, level: Level) -> None:
    (finding,) = findings(CHECKS, edited((STRICT, f"mtls:\n    mode: {mode}")))
    assert (finding.code, finding.level, finding.path) == ("MT1109", level, "spec.mtls.mode")
    assert mode in finding.message


def test_a_ports_own_mode_wins_over_the_pods() -> None:
    levels = f"{STRICT}\n  portLevelMtls:\n    8443: {{mode: PERMISSIVE}}"
    (finding,) = findings(CHECKS, edited((STRICT, levels)))
    assert (finding.code, finding.path) == ("MT1109", "spec.portLevelMtls.8443.mode")


def test_unset_leaves_the_decision_to_the_namespace_and_then_to_the_mesh() -> None:
    unset = edited((STRICT, "mtls:\n    mode: UNSET"))
    assert codes(CHECKS, unset, DEFAULT_INTENT) == ["MT1109"]
    assert codes(CHECKS, unset + policy("all", "istio-system", "{mtls: {mode: STRICT}}"), DEFAULT_INTENT) == []
    both = policy("all", "istio-system", "{mtls: {mode: STRICT}}") + policy("own", "argocd", "{mtls: {mode: DISABLE}}")
    assert codes(CHECKS, unset + both) == ["MT1109"]


def test_strict_for_a_whole_namespace_cuts_off_argo_cds_own_pods() -> None:
    assert codes(CHECKS, edited((SELECTOR, "mtls:"))) == ["MT1110"]


def test_what_istiod_ignores_is_told() -> None:
    rooted = policy("r", "istio-system", "{selector: {matchLabels: {a: b}}, mtls: {mode: STRICT}}")
    assert codes(CHECKS, generated() + rooted) == ["MT1119"]
    services_port = f"{STRICT}\n  portLevelMtls:\n    443: {{mode: STRICT}}"
    assert codes(CHECKS, edited((STRICT, services_port))) == ["MT1119"]
