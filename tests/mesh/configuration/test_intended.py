from dataclasses import replace

import pytest

from mesh.adapters.istio.generating import wiring
from mesh.configuration.intended import CHECKS, MAX_PATTERNS
from mesh.intent import DEFAULT_INTENT
from tests.mesh.texts import codes, pod

WIRING = wiring(DEFAULT_INTENT)
PRINCIPAL = {
    "listen-host": "127.0.0.1",
    "listen-port": "8443",
    "insecure-plaintext": "true",
    "auth": WIRING.auth,
    "keepalive-min-interval": "10s",
    "namespace": "argocd",
    "allowed-namespaces": "agent-a",
    "own-identity": "spiffe://cluster.local/ns/argocd/sa/argocd-agent-principal",
}


def found(**changes: str) -> list[str]:
    options = {**PRINCIPAL, **{key.replace("_", "-"): value for key, value in changes.items()}}
    text = pod("principal", *(f"--{key}={value}" for key, value in options.items()))
    return codes(CHECKS, text, intent=DEFAULT_INTENT, wiring=WIRING)


@pytest.mark.parametrize(
    ("option", "same", "other"),
    [
        ("keepalive_min_interval", "10000ms", "11s"),
        ("insecure_plaintext", "1", "false"),
        ("allowed_namespaces", "agent-*, other", "agent-b"),
        ("allowed_namespaces", "*", "*-b"),
        ("allowed_namespaces", "a*t-a", "a*x*a"),
        ("listen_port", "8443", "8444"),
    ],
)
def test_values_are_compared_by_what_they_mean(option: str, same: str, other: str) -> None:
    assert found(**{option: same}) == []
    assert found(**{option: other}) == ["MT1915"]


@pytest.mark.parametrize(
    ("address", "namespace", "told"),
    [
        ("argocd-agent-principal.argocd.svc.cluster.local", "x", False),
        ("argocd-agent-principal.argocd", "x", False),
        ("argocd-agent-principal", "argocd", False),
        ("argocd-agent-principal", "x", True),
        ("other", "argocd", True),
    ],
)
def test_an_address_may_be_shorter_where_it_is_dialled(address: str, namespace: str, told: bool) -> None:
    intent = DEFAULT_INTENT
    text = pod("agent", f"--server-address={address}", "--server-port=8443", namespace=namespace)
    told_codes = codes(CHECKS, text, intent=intent, wiring=WIRING)
    base = codes(CHECKS, text.replace(f"={address}", f"={intent.principal.host}"), intent=intent, wiring=WIRING)
    assert len(told_codes) == len(base) + told


def test_only_so_many_patterns_are_compared() -> None:
    patterns = ",".join(f"x{n}*" for n in range(MAX_PATTERNS * 50))
    assert found(allowed_namespaces=patterns) == ["MT1915"]


def test_a_mesh_that_leads_to_the_pods_address_wants_it_bound() -> None:
    open_wiring = replace(WIRING, listen_host=None)
    text = pod("principal", *(f"--{key}={value}" for key, value in PRINCIPAL.items()))
    assert codes(CHECKS, text, intent=DEFAULT_INTENT, wiring=open_wiring) == ["MT1915"]
    bound = text.replace("'--listen-host=127.0.0.1', ", "").replace(
        "containers: [{",
        "containers: [{env: [{name: ARGOCD_PRINCIPAL_LISTEN_HOST, valueFrom: {fieldRef: {fieldPath: status.podIP}}}],",
    )
    assert codes(CHECKS, bound, intent=DEFAULT_INTENT, wiring=open_wiring) == []


def test_without_an_intent_nothing_differs() -> None:
    assert codes(CHECKS, pod("principal", "--listen-port=1")) == []
