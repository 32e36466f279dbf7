"""Many principals, agents, Services and policies, each of which concerns each other: what is quadratic shows."""

_PARTS = """\
apiVersion: v1
kind: Pod
metadata: {{name: p{k}, namespace: argocd, labels: {{app: principal, sidecar.istio.io/inject: "true"}}}}
spec:
  serviceAccountName: p{k}
  containers:
  - name: principal
    image: meshtether
    args:
    - principal
    - --keepalive-min-interval=5s
    - --insecure-plaintext
    - --auth=identity:x-forwarded-client-cert:spiffe://cluster.local/ns/a/sa/{{{{agent}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: a{k}, namespace: argocd, labels: {{app: agent, sidecar.istio.io/inject: "true"}}}}
spec:
  serviceAccountName: a{k}
  containers:
  - {{name: agent, image: meshtether, args: [agent, --server-address=s{k}, --keep-alive-ping-interval=30s]}}
---
apiVersion: v1
kind: Service
metadata: {{name: s{k}, namespace: argocd}}
spec: {{selector: {{app: principal}}, ports: [{{port: 8443, name: https}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: n{k}, namespace: argocd}}
spec:
  podSelector: {{}}
  policyTypes: [Ingress, Egress]
  ingress: [{{ports: [{{port: 8443}}], from: [{{podSelector: {{matchLabels: {{app: nobody}}}}}}]}}]
  egress: [{{ports: [{{port: 15001}}]}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: d{k}, namespace: argocd}}
spec: {{host: s{k}, trafficPolicy: {{connectionPool: {{http: {{http2KeepAlive: {{interval: 1s, timeout: 1s}}}}}}}}}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: x{k}, namespace: argocd}}
spec: {{action: DENY, rules: [{{from: [{{source: {{namespaces: [argocd]}}}}]}}]}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: y{k}, namespace: argocd}}
spec: {{rules: [{{from: [{{source: {{namespaces: [nobody{k}]}}}}]}}]}}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {{name: x{k}, namespace: argocd}}
spec: {{ingress: [{{port: {{number: 1, protocol: TCP}}}}]}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: x{k}, namespace: argocd}}
spec: {{mtls: {{mode: UNSET}}}}
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {{name: x{k}, namespace: argocd}}
spec:
  configPatches:
  - {{applyTo: LISTENER, patch: {{value: {{tcp_keepalive: {{}}}}}}}}
  - {{applyTo: NETWORK_FILTER, patch: {{value: {{typed_config: {{stream_idle_timeout: 7s}}}}}}}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: x{k}, namespace: argocd}}
spec: {{hosts: [s{k}], http: [{{timeout: 1s}}]}}
"""

EACH = _PARTS.count("\n---\n") + 1
"""Documents of one round."""


def entangled(rounds: int) -> str:
    """EACH documents for each of `rounds`, all in one namespace."""
    return "---\n".join(_PARTS.format(k=k) for k in range(rounds))
