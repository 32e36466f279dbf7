import pytest

from mesh.adapters.istio.meshconfig import leads_to_loopback, mesh_configs
from mesh.bundle import Bundle
from tests.mesh.adapters.istio.edits import read

CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: %s, namespace: %s}
data: {mesh: "%s"}
"""
LOCALHOST = "{inboundTrafficPolicy: {mode: LOCALHOST}}"


@pytest.mark.parametrize(
    ("name", "namespace", "mesh", "local"),
    [
        ("istio", "istio-system", LOCALHOST, True),
        ("istio-1-30", "istio-system", LOCALHOST, True),
        ("istio", "istio-system", "{inboundTrafficPolicy: {mode: PASSTHROUGH}}", False),
        ("istio", "istio-system", "{}", False),
        ("istio", "istio-system", "[not, {a: mapping", False),
        ("istio", "argocd", LOCALHOST, False),
        ("other", "istio-system", LOCALHOST, False),
    ],
)
def test_the_meshs_configuration_is_read_where_istiod_reads_it(
    name: str, namespace: str, mesh: str, local: bool
) -> None:
    assert leads_to_loopback(Bundle(read(CONFIG % (name, namespace, mesh)))) is local


def test_an_operators_configuration_counts_too() -> None:
    text = "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: x}\n"
    assert leads_to_loopback(Bundle(read(f"{text}spec: {{meshConfig: {LOCALHOST}}}")))


def test_it_is_read_once() -> None:
    bundle = Bundle(read(CONFIG % ("istio", "istio-system", LOCALHOST)))
    assert mesh_configs(bundle) is mesh_configs(bundle)
