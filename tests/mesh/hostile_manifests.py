"""Many principals, agents, Services and policies, each of which concerns each other: what is quadratic shows."""

from collections.abc import Callable
from typing import Final

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


def _object(api: str, kind: str, name: str, spec: str, namespace: str = "argocd") -> str:
    return f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"


def _list(count: int, member: str) -> str:
    return f"[{', '.join(member % number for number in range(count))}]"


def _agents(count: int) -> list[str]:
    args = "args: [agent, '--creds=header:', --server-address=argocd-agent-principal, --server-port=9]"
    return [
        _object(
            "v1",
            "Pod",
            f"a{n}",
            f"{{serviceAccountName: a{n}, containers: [{{name: agent, image: meshtether, {args}}}]}}",
        )
        for n in range(count)
    ]


_PRINCIPAL = """\
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: argocd, labels: {app: hub}, annotations: {linkerd.io/inject: enabled}}
spec:
  containers:
  - name: principal
    image: meshtether
    ports: %s
    args: [principal, --insecure-plaintext, "--auth=identity:x-forwarded-client-cert:spiffe://c/ns/a/sa/{agent}"]
"""
_KGATEWAY = "gateway.kgateway.dev/v1alpha1"
_LINKERD = "policy.linkerd.io/v1alpha1"
_GATEWAY = "{group: gateway.networking.k8s.io, kind: Gateway, name: g}"


def fat_network_policies(count: int) -> list[str]:
    """Agents under a policy with as many conditions, and one with as many rules."""
    conditions = _list(20 * count, "{key: k%d, operator: DoesNotExist}")
    rules = _list(20 * count, "{ports: [{port: %d}]}")
    selecting = f"{{policyTypes: [Egress], podSelector: {{matchExpressions: {conditions}}}}}"
    ruling = f"{{policyTypes: [Ingress, Egress], podSelector: {{}}, ingress: {rules}, egress: {rules}}}"
    policies = [("selecting", selecting), ("ruling", ruling)]
    return [
        _PRINCIPAL % "[]",
        *_agents(count),
        *(_object("networking.k8s.io/v1", "NetworkPolicy", name, spec) for name, spec in policies),
    ]


def fat_authorization_policies(count: int) -> list[str]:
    """Agents before a policy with as many patterns, and one with as many rules that deny."""
    patterns = _list(20 * count, '"*x%d"')
    rules = _list(20 * count, "{from: [{source: {namespaces: [n%d]}}]}")
    return [
        _PRINCIPAL % "[]",
        *_agents(count),
        _object(
            "security.istio.io/v1",
            "AuthorizationPolicy",
            "x",
            f"{{rules: [{{from: [{{source: {{principals: {patterns}}}}}]}}]}}",
        ),
        _object("security.istio.io/v1", "AuthorizationPolicy", "y", f"{{action: DENY, rules: {rules}}}"),
    ]


def fat_services(count: int) -> list[str]:
    """A Service and a pod with as many ports, and as many policies about that Service."""
    ports = _list(10 * count, "{port: %d, targetPort: n0}")
    target = "targetRefs: [{group: '', kind: Service, name: argocd-agent-principal}]"
    pings = "http2KeepAlive: {interval: 1s, timeout: 1s}"
    rule = f"{{host: argocd-agent-principal, trafficPolicy: {{connectionPool: {{http: {{{pings}}}}}}}}}"
    return [
        _PRINCIPAL % _list(10 * count, "{name: n%d, containerPort: 1}"),
        _object("v1", "Service", "argocd-agent-principal", f"{{selector: {{app: hub}}, ports: {ports}}}"),
        *(
            _object(_KGATEWAY, "BackendConfigPolicy", f"b{n}", f"{{{target}, http2ProtocolOptions: {{}}}}")
            for n in range(count)
        ),
        *(_object("networking.istio.io/v1", "DestinationRule", f"r{n}", rule) for n in range(count)),
    ]


def linkerd_policies(count: int) -> list[str]:
    """As many agents, Servers, policies and authentications, each about the principal's port."""
    found = [_PRINCIPAL % "[]", *_agents(count)]
    for n in range(count):
        found.append(_object("policy.linkerd.io/v1beta3", "Server", f"s{n}", "{podSelector: {}, port: 8443}"))
        target = f"{{group: policy.linkerd.io, kind: Server, name: s{n}}}"
        refs = f"[{{kind: MeshTLSAuthentication, group: policy.linkerd.io, name: m{n}}}]"
        found.append(
            _object(
                _LINKERD, "AuthorizationPolicy", f"z{n}", f"{{targetRef: {target}, requiredAuthenticationRefs: {refs}}}"
            )
        )
        found.append(_object(_LINKERD, "MeshTLSAuthentication", f"m{n}", f"{{identities: ['*.x{n}']}}"))
    return found


def gateway_policies(count: int) -> list[str]:
    """Gateways of one name in as many namespaces, and as many routes and policies that mean one of them."""
    found = []
    for n in range(count):
        found.append(_object("gateway.networking.k8s.io/v1", "Gateway", "g", "{gatewayClassName: kgateway}", f"n{n}"))
        found.append(_object("gateway.networking.k8s.io/v1", "GRPCRoute", f"r{n}", "{parentRefs: [{name: g}]}", "z"))
        route = f"{{targetRefs: [{{kind: GRPCRoute, name: x{n}}}], timeouts: {{request: 1s}}}}"
        found.append(_object(_KGATEWAY, "TrafficPolicy", f"t{n}", route, "z"))
        found.append(_object(_KGATEWAY, "ListenerPolicy", f"l{n}", f"{{targetRefs: [{_GATEWAY}]}}", "z"))
        policy = f"{{targetRefs: [{_GATEWAY}], frontend: {{tcp: {{}}}}}}"
        found.append(_object("agentgateway.dev/v1alpha1", "AgentgatewayPolicy", f"a{n}", policy, "z"))
    return found


SHAPES: Final[dict[str, Callable[[int], list[str]]]] = {
    "network policies": fat_network_policies,
    "authorization policies": fat_authorization_policies,
    "services": fat_services,
    "linkerd's policies": linkerd_policies,
    "gateways' policies": gateway_policies,
}
"""What is quadratic when everything is compared with everything, by the kinds that it is about."""
