"""The users' own samples, as they stand: what their CRDs take, and what they refuse."""

import pytest

from mesh.manifests import read_documents
from mesh.schema import Schemas
from tests.conftest import missing
from tests.mesh.schema.vectors import CRDS, SHARED

GUIDE = SHARED / "seeds" / "argocd-agent-networking-and-service-mesh.md"
ISTIO = sorted((CRDS / "istio").glob("*.yaml"))

UPSTREAM = """\
apiVersion: gloo.solo.io/v1
kind: Upstream
metadata: {name: u, namespace: gloo-system}
spec:
  connectionConfig:
    tcpKeepalive:
      keepaliveInterval: 20 # seconds
      keepaliveProbes: 2 # number of probes
      keepaliveTime: 60 # seconds
"""


def codes(schemas, text):
    manifests, faults = read_documents(text, "sample.yaml")
    assert faults == []
    return [(finding.code, finding.line) for each in manifests for finding in schemas.validate(each)]


def known(*paths):
    schemas, faults = Schemas.from_texts((path.name, path.read_text("utf-8")) for path in paths)
    assert faults == []
    return schemas


@pytest.fixture(autouse=True)
def _there():
    if not GUIDE.is_file() or not ISTIO:
        missing("the users' samples and the upstream CRDs beside the project")


def samples(text):
    """The YAML blocks of a Markdown text."""
    parts = text.split("```")
    return [part.removeprefix("yaml") for part in parts[1::2] if part.startswith("yaml")]


@pytest.mark.parametrize("path", ISTIO, ids=lambda path: path.name)
def test_the_guides_istio_objects_are_taken_by_every_release(path):
    schemas = known(path)
    taken = [text for text in samples(GUIDE.read_text("utf-8")) if "istio.io/" in text]
    assert len(taken) >= 2
    for text in taken:
        assert codes(schemas, text) == []


def test_gloos_sample_with_whole_numbers_is_refused_at_both_lines():
    schemas = known(CRDS / "gloo" / "gloo.solo.io_v1_Upstream.yaml")
    assert codes(schemas, UPSTREAM) == [("MT1701", 7), ("MT1701", 9)]
    assert codes(schemas, UPSTREAM.replace("20 #", "20s #").replace("60 #", "60s #")) == []


def test_gloos_socket_options_are_taken():
    sample = """\
apiVersion: gateway.solo.io/v1
kind: Gateway
metadata: {name: g, namespace: gloo-system}
spec:
  bindAddress: '::'
  bindPort: 8080
  options:
    socketOptions:
    - {description: enable keepalive, level: 1, name: 9, intValue: 1, state: STATE_PREBIND}
    - {description: idle time, level: 6, name: 4, intValue: 60, state: STATE_PREBIND}
"""
    assert codes(known(CRDS / "gloo" / "gateway.solo.io_v1_Gateway.yaml"), sample) == []


BACKEND = """\
kind: BackendConfigPolicy
apiVersion: gateway.kgateway.dev/v1alpha1
metadata: {name: httpbin-keepalive, namespace: httpbin}
spec:
  targetRefs:
  - {name: httpbin, group: "", kind: Service}
  tcpKeepalive: {keepAliveProbes: 3, keepAliveTime: 30s, keepAliveInterval: 5s}
"""
FRONTEND = """\
kind: AgentgatewayPolicy
apiVersion: agentgateway.dev/v1alpha1
metadata: {name: httpbin-keepalive, namespace: httpbin}
spec:
  targetRefs:
  - {kind: Gateway, name: agentgateway-proxy, group: gateway.networking.k8s.io}
  frontend:
    %s
"""
TCP = FRONTEND % "tcp: {keepalive: {retries: 3, time: 30s, interval: 5s}}"
HTTP = FRONTEND % "http: {http2KeepaliveInterval: 5s, http2KeepaliveTimeout: 30s}"


@pytest.mark.parametrize(("folder", "sample"), [("kgateway", BACKEND), ("agentgateway", TCP), ("agentgateway", HTTP)])
def test_the_gateways_samples_are_taken_by_every_release(folder, sample):
    kind = sample.partition("\n")[0]
    checked = [path for path in sorted((CRDS / folder).rglob("*.yaml")) if f"    {kind}\n" in path.read_text("utf-8")]
    assert checked
    for path in checked:
        assert codes(known(path), sample) == [], path
