from dataclasses import replace

import pytest

from mesh.adapters.istio.rules import CHECKS
from mesh.intent import DEFAULT_INTENT
from tests.mesh.adapters.istio.edits import codes, edited, findings, generated

HOST = "host: argocd-agent-principal.argocd.svc.cluster.local"
PINNED = "- spiffe://cluster.local/ns/argocd/sa/argocd-agent-principal\n    connectionPool"
IDLE = "idleTimeout: 3600s"
OFF = replace(DEFAULT_INTENT, keepalive=replace(DEFAULT_INTENT.keepalive, idle_timeout=0))


@pytest.mark.parametrize("intent", [DEFAULT_INTENT, OFF], ids=["idle", "never"])
def test_what_is_generated_is_accepted(intent: object) -> None:
    assert intent in (DEFAULT_INTENT, OFF)
    assert codes(CHECKS, generated(intent)) == []  # type: ignore[arg-type]
    assert codes(CHECKS, generated(intent), intent) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("mode: ISTIO_MUTUAL", "mode: SIMPLE", ["MT1106"]),
        ("mode: ISTIO_MUTUAL", "credentialName: x", ["MT1106"]),
        (PINNED, PINNED.replace("sa/argocd-agent-principal", "sa/other"), ["MT1107"]),
        (PINNED, PINNED.replace("cluster.local", "corp.example"), []),
        (IDLE, "idleTimeout: 300s", ["MT1105"]),
        (IDLE, "idleTimeout: 2h", []),
        (IDLE, "idleTimeout: 0s", ["MT1118"]),
        (IDLE, "idleTimeout: 3600", ["MT1118"]),
        ("tcpKeepalive:", "idleTimeout: 1h\n        tcpKeepalive:", ["MT1119"]),
        ("tcpKeepalive:", "maxConnectionDuration: 1h\n        tcpKeepalive:", ["MT1120"]),
        ("time: 60s", "time: 0s", ["MT1919"]),
    ],
)
def test_a_setting_that_ends_streams_or_comes_to_nothing_is_told(old: str, new: str, found: list[str]) -> None:
    assert codes(CHECKS, edited((old, new))) == found


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (PINNED, PINNED.replace("cluster.local", "corp.example"), "MT1107"),
        (IDLE, "idleTimeout: 2h", "MT1817"),
        ("probes: 3", "probes: 4", "MT1920"),
        (HOST, "host: another.argocd.svc.cluster.local", "MT1816"),
    ],
)
def test_what_differs_from_the_intent_is_told(old: str, new: str, code: str) -> None:
    assert codes(CHECKS, edited((old, new)), DEFAULT_INTENT) == [code]


def test_a_policy_for_one_port_is_read_as_the_whole_one() -> None:
    ports = "portLevelSettings: [{port: {number: 8443}, tls: {mode: SIMPLE}}]\n    tls:"
    (finding,) = findings(CHECKS, edited(("tls:\n      mode", f"{ports}\n      mode")))
    assert (finding.code, finding.path) == ("MT1106", "spec.trafficPolicy.portLevelSettings[0].tls.mode")


def test_a_rule_where_no_agent_looks_is_told() -> None:
    rule = "kind: DestinationRule\nmetadata:\n  name: argocd-agent-principal\n  namespace: "
    assert codes(CHECKS, edited((f"{rule}argocd", f"{rule}elsewhere"))) == ["MT1108"]
    for fitting in ("argocd-agents", "istio-system", "argocd"):
        assert codes(CHECKS, edited((f"{rule}argocd", f"{rule}{fitting}"))) == []
