"""agentgateway's adapter, beyond the contract: its guide's samples, standalone files, releases, its overlay."""

from dataclasses import replace

import pytest

from mesh.adapters import ADAPTERS
from mesh.intent import DEFAULT_INTENT, Keepalive, Tcp
from tests.mesh.adapters.gateways import KUBECTL, assert_overlay_is_clean, codes, findings

ADAPTER = ADAPTERS["agentgateway"]

HEAD = """\
apiVersion: agentgateway.dev/v1alpha1
kind: AgentgatewayPolicy
metadata:
  name: httpbin-keepalive
  namespace: httpbin
spec:
  targetRefs:
    - kind: Gateway
      name: agentgateway-proxy
      group: gateway.networking.k8s.io
"""
TCP = f"""{HEAD}  frontend:
    tcp:
      keepalive:
        retries: 3
        time: 30s
        interval: 5s
"""
HTTP = f"""{HEAD}  frontend:
    http:
      http2KeepaliveInterval: 5s
      http2KeepaliveTimeout: 30s
"""

FLAT_HEAD = (
    "apiVersion: agentgateway.dev/v1alpha1 kind: AgentgatewayPolicy metadata: name: httpbin-keepalive namespace: "
    "httpbin spec: targetRefs: - kind: Gateway name: agentgateway-proxy group: gateway.networking.k8s.io frontend: "
)
FLAT_TCP = FLAT_HEAD + "tcp: keepalive: retries: 3 time: 30s interval: 5s"
FLAT_HTTP = FLAT_HEAD + "http: http2KeepaliveInterval: 5s http2KeepaliveTimeout: 30s"
"""The guide's samples as its page has them, without their line breaks."""

PROXY = """\
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: agentgateway-proxy
  namespace: agentgateway-system
spec:
  gatewayClassName: agentgateway
  listeners: []
"""

STANDALONE = """\
frontendPolicies:
  tcp:
    keepalives:
      enabled: true
      time: 60s
      interval: 20s
      retries: 3
  http:
    http2KeepaliveInterval: 30s
    http2KeepaliveTimeout: 20s
"""


@pytest.mark.parametrize(
    ("sample", "flat", "expected"),
    [(TCP, FLAT_TCP, {"MT1601"}), (HTTP, FLAT_HTTP, {"MT1601", "MT1603"})],
)
def test_the_guides_samples_are_refused_for_their_traps(sample: str, flat: str, expected: set[str]) -> None:
    assert " ".join(sample.split()) == flat
    assert codes("agentgateway", sample) == expected


def test_the_gateway_elsewhere_is_named() -> None:
    (found,) = (each for each in findings("agentgateway", TCP + PROXY) if each.code == "MT1601")
    assert found.level == "error"
    assert "agentgateway-system" in found.message


def test_a_standalone_file_is_read() -> None:
    assert codes("agentgateway", STANDALONE) == set()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("keepalives:", "keepalive:", "MT1608"),
        ("frontendPolicies:", "frontendPolicy: {}\nfrontendPolicies:", "MT1608"),
        ("enabled: true", "enabled: false", "MT1609"),
        ("http2KeepaliveInterval: 30s", "http2KeepaliveInterval: 5s", "MT1603"),
        ("    http2KeepaliveInterval: 30s\n", "", "MT1604"),
        ("time: 60s", "time: 2h", "MT1918"),
    ],
)
def test_mistakes_in_a_standalone_file_are_found(old: str, new: str, code: str) -> None:
    assert old in STANDALONE
    assert code in {each.code for each in findings("agentgateway", STANDALONE.replace(old, new))}


def test_more_probes_than_the_crd_takes_are_capped() -> None:
    intent = replace(DEFAULT_INTENT, keepalive=Keepalive(tcp=Tcp(probes=127)))
    generated = ADAPTER.generate(intent)
    assert ADAPTER.verify(intent, generated) == []
    assert "retries: 64" in "".join(each.yaml for each in generated)


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")
def test_the_overlay_renders_and_is_clean() -> None:
    assert_overlay_is_clean("agentgateway")
