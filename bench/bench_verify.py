"""Verifying twenty thousand documents, schemas and CEL rules included, against plain YAML parsing of the same files.

Of nine documents, two are Istio's, one kgateway's, one agentgateway's and two the Gateway API's, each with the rules of
its CRD; the rest are a Service, a ConfigMap and a Deployment, as in a real repository. Some have a mistake. Then five
thousand documents of each of these kinds alone, and what each adapter generates for a thousand agents.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import yaml

from mesh.adapters import ADAPTERS, Adapter
from mesh.intent import DEFAULT_INTENT, Intent
from mesh.schema import Schemas
from mesh.sources.files import read_paths, read_texts
from mesh.verify import verify

DOCUMENTS = 20_000
ALONE = 5_000
"""Documents of one kind alone."""

AGENTS = 1_000
PER_FILE = 500
NAMES = (
    "istio/istio-1.30.3.crd-all.gen.yaml",
    "kgateway/gateway.kgateway.dev_backendconfigpolicies.yaml",
    "agentgateway/agentgatewaypolicies-v1.4.1.yaml",
    "gateway-api",
)
"""Of the CRDs, one release of each system."""

CRDS = Path(os.environ.get("MESHTETHER_SHARED", Path(__file__).parents[2] / "shared")) / "crds"
"""Upstream CRDs, beside the project."""

SHAPES = (
    """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: rule-{b}, namespace: team-{t}, labels: {{app: app-{b}}}}}
spec:
  host: app-{b}.team-{t}.svc.cluster.local
  trafficPolicy:
    connectionPool:
      tcp:
        maxConnections: 100
        tcpKeepalive: {{time: {time}, interval: 20s, probes: 3}}
      http: {{idleTimeout: 3600s, h2UpgradePolicy: UPGRADE}}
    tls:
      mode: ISTIO_MUTUAL
      subjectAltNames: ["spiffe://cluster.local/ns/team-{t}/sa/app-{b}"]
""",
    """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: policy-{b}, namespace: team-{t}}}
spec:
  selector: {{matchLabels: {{app: app-{b}}}}}
  action: ALLOW
  rules:
    - from:
        - source: {{principals: [cluster.local/ns/team-{t}/sa/a, cluster.local/ns/team-{t}/sa/b]}}
      to:
        - operation: {{ports: ["8443"], methods: [POST]}}
""",
    """\
apiVersion: gateway.kgateway.dev/v1alpha1
kind: BackendConfigPolicy
metadata: {{name: backend-{b}, namespace: team-{t}}}
spec:
  targetRefs:
    - {{group: "", kind: Service, name: app-{b}}}
  tcpKeepalive: {{keepAliveProbes: 3, keepAliveTime: {time}, keepAliveInterval: 20s}}
  connectTimeout: 5s
""",
    """\
apiVersion: agentgateway.dev/v1alpha1
kind: AgentgatewayPolicy
metadata: {{name: policy-{b}, namespace: team-{t}}}
spec:
  targetRefs:
    - {{group: gateway.networking.k8s.io, kind: Gateway, name: gateway-{b}}}
  frontend:
    tcp: {{keepalive: {{retries: 3, time: {time}, interval: 20s}}}}
    http: {{http2KeepaliveInterval: 30s, http2KeepaliveTimeout: 20s}}
""",
    """\
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {{name: route-{b}, namespace: team-{t}}}
spec:
  parentRefs:
    - {{name: gateway-{b}, sectionName: grpc}}
  hostnames: [app-{b}.example.com]
  rules:
    - matches:
        - method: {{service: eventstreamapi.EventStream}}
      backendRefs:
        - {{name: app-{b}, port: 8443}}
""",
    """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: gateway-{b}, namespace: team-{t}}}
spec:
  gatewayClassName: kgateway
  listeners:
    - {{name: grpc, port: 8443, protocol: HTTP, hostname: app-{b}.example.com}}
    - {{name: http, port: 8080, protocol: HTTP, allowedRoutes: {{namespaces: {{from: Same}}}}}}
""",
    """\
apiVersion: v1
kind: Service
metadata: {{name: app-{b}, namespace: team-{t}, labels: {{app: app-{b}}}}}
spec:
  selector: {{app: app-{b}}}
  ports:
    - {{name: grpc, port: 8443, targetPort: 8443, appProtocol: grpc}}
    - {{name: http-metrics, port: 9090, targetPort: 9090}}
""",
    """\
apiVersion: v1
kind: ConfigMap
metadata: {{name: app-{b}, namespace: team-{t}}}
data:
  log.level: info
  log.format: json
  server.address: app-{b}.team-{t}.svc.cluster.local
  server.port: "8443"
  features: a,b,c
""",
    """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: app-{b}, namespace: team-{t}, labels: {{app: app-{b}}}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: app-{b}}}}}
  template:
    metadata: {{labels: {{app: app-{b}}}}}
    spec:
      serviceAccountName: app-{b}
      containers:
        - name: app
          image: registry.example.com/app:{b}
          ports: [{{name: grpc, containerPort: 8443}}]
          resources: {{requests: {{cpu: 100m, memory: 64Mi}}, limits: {{memory: 128Mi}}}}
          readinessProbe: {{httpGet: {{path: /healthz, port: 8080}}, periodSeconds: 10}}
""",
)
"""What one team has of each."""


def run() -> list[tuple[str, float, str]]:
    if not CRDS.is_dir():
        return [("verify / plain YAML parsing", float("nan"), f"no CRDs in {CRDS}")]
    texts = [_document(SHAPES[n % len(SHAPES)], n // len(SHAPES)) for n in range(DOCUMENTS)]
    rows = [_compared("a mixed repository", texts, _verify)]
    size = sum(map(len, texts))
    rows.append(("largest resident memory / size of the documents", _resident() / size, f"{_resident() / 1e6:.0f} MB"))
    for shape in SHAPES:
        kind = shape.partition("kind: ")[2].partition("\n")[0]
        rows.append(_compared(f"{kind} alone", [_document(shape, n) for n in range(ALONE)], _verify))
    agents = replace(DEFAULT_INTENT.agents, names=tuple(f"agent-{n}" for n in range(AGENTS)))
    intent = replace(DEFAULT_INTENT, agents=agents)
    for name, adapter in ADAPTERS.items():
        generated = [each.yaml for each in adapter.generate(intent)]
        # A plain Envoy's whole configuration is one document for all agents.
        generated *= max(1, AGENTS // len(generated))
        rows.append(_compared(f"{name}, {AGENTS} agents", generated, partial(_against, intent, adapter)))
    return rows


def _compared(what: str, texts: Sequence[str], check: Callable[[Path], int]) -> tuple[str, float, str]:
    """Both ways over the same files, the better of two runs each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for start in range(0, len(texts), PER_FILE):
            (folder / f"{start:06}.yaml").write_text("---\n".join(texts[start : start + PER_FILE]))
        plain = min(_seconds(lambda: _parse(folder)) for _ in range(2))
        found: list[int] = []
        ours = min(_seconds(lambda: found.append(check(folder))) for _ in range(2))
    speed = f"{len(texts) / ours:.0f} documents/s, {sum(map(len, texts)) / ours / 1e6:.1f} MB/s"
    note = f"{ours:.2f} s against {plain:.2f} s for {len(texts)} documents; {speed}; {found[0]} findings"
    return f"verify {what} / plain YAML parsing (PyYAML with libyaml)", ours / plain, note


def _document(shape: str, n: int) -> str:
    return shape.format(b=n, t=n % 50, time="0s" if n % 11 == 0 else "60s")


def _parse(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        for document in yaml.load_all(path.read_text(), yaml.CSafeLoader):
            assert document


def _verify(folder: Path) -> int:
    texts, _ = read_texts([CRDS / name for name in NAMES])
    schemas, _ = Schemas.from_texts(texts)
    loaded = read_paths([str(folder)])
    return len(verify(loaded.manifests, schemas=schemas))


def _against(intent: Intent, adapter: Adapter, folder: Path) -> int:
    loaded = read_paths([str(folder)])
    return len(verify(loaded.manifests, intent=intent, adapters=[adapter]))


def _seconds(work: Callable[[], object]) -> float:
    """Of this process alone: both ways are one thread, and the machine is shared."""
    started = time.process_time()
    work()
    return time.process_time() - started


def _resident() -> int:
    """Bytes of memory that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
