"""Verifying twenty thousand documents, schemas and CEL rules included, against plain YAML parsing of the same files.

Of nine documents, two are Istio's, one kgateway's, one agentgateway's and two the Gateway API's, each with the rules of
its CRD; the rest are a Service, a ConfigMap and a Deployment, as in a real repository. Some have a mistake.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from mesh.schema import Schemas
from mesh.sources.files import read_paths, read_texts
from mesh.verify import verify

DOCUMENTS = 20_000
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
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = _write(folder)
        plain = min(_seconds(lambda: _parse(folder)) for _ in range(2))
        found: list[int] = []
        ours = min(_seconds(lambda: found.append(_verify(folder))) for _ in range(2))
    speed = f"{DOCUMENTS / ours:.0f} documents/s, {size / ours / 1e6:.1f} MB/s"
    note = f"{ours:.1f} s against {plain:.1f} s for {DOCUMENTS} documents; {speed}; {found[0]} findings"
    return [
        ("verify with CRDs and CEL / plain YAML parsing (PyYAML with libyaml)", ours / plain, note),
        ("largest resident memory / size of the documents", _resident() / size, f"{_resident() / 1e6:.0f} MB in all"),
    ]


def _documents() -> Iterator[str]:
    for n in range(DOCUMENTS):
        block = n // len(SHAPES)
        yield SHAPES[n % len(SHAPES)].format(b=block, t=block % 50, time="0s" if n % 100 == 0 else "60s")


def _write(folder: Path) -> int:
    texts = list(_documents())
    for start in range(0, DOCUMENTS, PER_FILE):
        (folder / f"{start:06}.yaml").write_text("---\n".join(texts[start : start + PER_FILE]))
    return sum(map(len, texts))


def _parse(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        for document in yaml.load_all(path.read_text(), yaml.CSafeLoader):
            assert document


def _verify(folder: Path) -> int:
    texts, _ = read_texts([CRDS / name for name in NAMES])
    schemas, _ = Schemas.from_texts(texts)
    loaded = read_paths([str(folder)])
    assert len(loaded.manifests) == DOCUMENTS
    return len(verify(loaded.manifests, schemas=schemas))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _resident() -> int:
    """Bytes of memory that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
