import pytest

from mesh.configuration.reading import CHECKS
from mesh.findings import Level
from mesh.intent import DEFAULT_INTENT
from tests.mesh.texts import codes, findings, pod

ENV = "env: [{name: %s, valueFrom: {configMapKeyRef: {name: params, key: %s}}}],"
MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: params, namespace: argocd}, data: {%s}}"


@pytest.mark.parametrize(
    ("arg", "found"),
    [
        ("--listen-port=8443", []),
        ("--listen-port=0", ["MT1911"]),
        ("--listen-port=65536", ["MT1911"]),
        ("--listen-port=x", ["MT1911"]),
        ("--keepalive-min-interval=10", ["MT1911"]),
        ("--keepalive-min-interval=-1s", ["MT1911"]),
        ("--keepalive-min-interval=0", []),
        ("--insecure-plaintext=maybe", ["MT1911"]),
        ("--insecure-plaintext=T", []),
    ],
)
def test_a_text_that_is_no_value_of_its_option_is_told(arg: str, found: list[str]) -> None:
    assert codes(CHECKS, pod("principal", arg)) == found


@pytest.mark.parametrize("value", ["[1]", "{a: b}", "true"])
def test_a_config_map_has_texts_only(value: str) -> None:
    env = ENV % ("ARGOCD_PRINCIPAL_LISTEN_PORT", "principal.listen.port")
    text = MAP % f"principal.listen.port: {value}"
    assert codes(CHECKS, pod("principal", container=env), text) == ["MT1911"]


def test_a_variable_that_points_nowhere_is_told() -> None:
    env = ENV % ("ARGOCD_PRINCIPAL_LISTEN_PORT", "principal.listen.port")
    text = pod("principal", container=env)
    assert codes(CHECKS, text, MAP % 'principal.listen.port: "8443"') == []
    assert codes(CHECKS, text, MAP % "") == ["MT1814"]
    assert [each.level for each in findings(CHECKS, text)] == [Level.INFO]
    assert [each.level for each in findings(CHECKS, text, intent=DEFAULT_INTENT)] == [Level.WARNING]


def test_a_variable_that_takes_the_key_of_another_is_told() -> None:
    env = ENV % ("ARGOCD_PRINCIPAL_LISTEN_PORT", "principal.listen.host")
    (finding,) = findings(CHECKS, pod("principal", container=env), MAP % 'principal.listen.host: "1"')
    assert finding.code == "MT1921"
    assert "ARGOCD_PRINCIPAL_LISTEN_HOST" in finding.message
