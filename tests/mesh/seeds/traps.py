"""The traps of the user's documents, as the project's specification of meshes numbers them (§0), and what shows each.

A trap that a manifest can show has an example and the codes that name it. One that it cannot show has the reason.
"""

from dataclasses import dataclass
from typing import Final

from tests.mesh.texts import pod

XFCC: Final = "x-forwarded-client-cert"
EXACT: Final = f"--auth=identity:{XFCC}:spiffe://cluster.local/ns/agents/sa/{{agent}}"
INJECTED: Final = '{sidecar.istio.io/inject: "true", app: hub}'


@dataclass(frozen=True, kw_only=True)
class Trap:
    """One row."""

    number: int
    codes: frozenset[str] = frozenset()
    example: str = ""
    """Manifests in which every one of `codes` is found without an intent."""
    adapters: tuple[str, ...] = ()
    """Those that are asked; none: those that the example is about."""
    unseen: str = ""
    """Why no manifest shows it, or which part of it none shows."""


def _trap(number: int, codes: str = "", example: str = "", *, adapters: str = "", unseen: str = "") -> Trap:
    return Trap(
        number=number,
        codes=frozenset(codes.split()),
        example=example,
        adapters=tuple(adapters.split()),
        unseen=unseen,
    )


def _object(api: str, kind: str, spec: str, *, name: str = "x", namespace: str = "argocd") -> str:
    return f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"


def _principal(*args: str, labels: str = INJECTED) -> str:
    return pod("principal", "--insecure-plaintext", *args, labels=labels, spec="serviceAccountName: hub,")


def _all(*texts: str) -> str:
    return "---\n".join(texts)


_SERVICE: Final = "{selector: {app: hub}, ports: [{name: %s, port: 8443}]}"
_LINKERD: Final = "{app: hub}, annotations: {linkerd.io/inject: enabled}"
_REGEX: Final = f"--auth=header:{XFCC}:^.*URI=spiffe://[^/]+/ns/[^/]+/sa/([^,;]+)"
_CLIENT_ID: Final = "--auth=header:l5d-client-id:^([^.]+)\\..*"
_GATEWAY: Final = "{group: gateway.networking.k8s.io, kind: Gateway, name: g}"

TRAPS: Final = (
    _trap(1, "MT1101", _principal(EXACT, "--listen-host=127.0.0.1")),
    _trap(2, "MT1201", _principal(_CLIENT_ID, "--listen-host=127.0.0.1", labels=_LINKERD)),
    _trap(
        3,
        "MT1105",
        _object(
            "networking.istio.io/v1",
            "DestinationRule",
            "{host: hub, trafficPolicy: {connectionPool: {http: {idleTimeout: 300s}}}}",
        ),
    ),
    _trap(
        4, unseen="a code on the wire; the log tells it (the agent's causes of death), and MT1910 the timers behind it"
    ),
    _trap(5, unseen="a quotation in a document"),
    _trap(6, unseen="what the principal answers is its release's; agents ask it, and measure the answer"),
    _trap(7, "MT1901", pod("agent", "--creds=header:", "--insecure-tls", spec="serviceAccountName: a,")),
    _trap(
        8,
        "MT1804",
        pod(
            "agent",
            "--server-address=argocd-agent-principal.argocd.svc.cluster.local",
            "--server-port=8443",
            image="argocd-agent",
        ),
    ),
    _trap(9, "MT1104", _all(_principal(EXACT), _object("v1", "Service", _SERVICE % "https"))),
    _trap(10, "MT1903", _principal(_REGEX)),
    _trap(11, "MT1806", pod("agent", "--creds=header:", "--insecure-plaintext")),
    _trap(
        12,
        "MT1801 MT1803",
        _object(
            "apps/v1",
            "Deployment",
            "{template: {metadata: {labels: {app: argocd-agent-principal}}, spec: {containers: "
            "[{name: principal, image: argocd-agent, args: [principal]}]}}}",
        ),
    ),
    _trap(13, unseen="a shell command in a document"),
    _trap(14, unseen="what to look for in a proxy's dump; docs/mesh/istio.md has the words that are there"),
    _trap(
        15,
        "MT1811",
        _all(
            _principal(EXACT),
            _object(
                "networking.k8s.io/v1",
                "NetworkPolicy",
                "{podSelector: {}, ingress: [{ports: [{port: 15001}, {port: 8443}]}]}",
            ),
        ),
    ),
    _trap(
        16,
        "MT1122",
        _principal(EXACT).replace(
            "name: principal, namespace",
            "annotations: {proxy.istio.io/config: '{proxyHeaders: {forwardedClientCert: FORWARD_ONLY}}'}, "
            "name: principal, namespace",
            1,
        ),
        unseen="that the default appends; the principal reads the last element, and its own sidecar's only",
    ),
    _trap(
        17,
        "MT1905",
        _all(
            pod("principal", "--keepalive-min-interval=30s"),
            pod("agent", "--keep-alive-ping-interval=30s", "--heartbeat-interval=30s"),
        ),
    ),
    _trap(18, "MT1903", _principal(_CLIENT_ID, labels=_LINKERD)),
    _trap(
        19,
        "MT1108",
        _all(
            _principal(EXACT),
            _object("v1", "Service", _SERVICE % "grpc", name="hub"),
            _object(
                "networking.istio.io/v1",
                "DestinationRule",
                "{host: hub.argocd.svc.cluster.local}",
                namespace="elsewhere",
            ),
        ),
        unseen="which istiod reads a rule; MT1108 sees the namespaces only",
    ),
    _trap(20, "MT1110", _object("security.istio.io/v1", "PeerAuthentication", "{mtls: {mode: STRICT}}")),
    _trap(
        21,
        "MT1603",
        _object(
            "agentgateway.dev/v1alpha1",
            "AgentgatewayPolicy",
            f"{{targetRefs: [{_GATEWAY}], "
            "frontend: {http: {http2KeepaliveInterval: 5s, http2KeepaliveTimeout: 30s}}}",
        ),
    ),
    _trap(22, unseen="words about who sends a probe; the fields that they lead astray are MT1603's and MT1604's"),
    _trap(23, unseen="a running proxy's dump, which is no manifest; verify reads both spellings and says MT1611"),
    _trap(
        24,
        "MT1601",
        _all(
            _object(
                "gateway.networking.k8s.io/v1",
                "Gateway",
                "{gatewayClassName: agentgateway}",
                name="g",
                namespace="system",
            ),
            _object(
                "agentgateway.dev/v1alpha1",
                "AgentgatewayPolicy",
                f"{{targetRefs: [{_GATEWAY}], frontend: {{tcp: {{}}}}}}",
            ),
        ),
    ),
    _trap(
        25,
        "MT1501",
        _object(
            "gloo.solo.io/v1",
            "Upstream",
            "{connectionConfig: {tcpKeepalive: {keepaliveInterval: 20, keepaliveTime: 60}}}",
        ),
    ),
    _trap(
        26,
        "MT1121",
        _object(
            "networking.istio.io/v1alpha3",
            "EnvoyFilter",
            "{configPatches: [{applyTo: LISTENER, match: {context: SIDECAR_INBOUND}, patch: {operation: MERGE, value: "
            "{socket_options: [{level: 1, name: 9, int_value: 1, state: STATE_LISTENING}]}}}]}",
        ),
        unseen="the claim itself; generate writes tcp_keepalive for releases that have it, and MT1312 tells older ones",
    ),
    _trap(
        27,
        "MT1507",
        "gloo: {gatewayProxies: {gatewayProxy: {tcpKeepaliveTimeSeconds: 60, envoyStaticClusters: [{name: c}]}}}\n",
        adapters="gloo",
    ),
    _trap(
        28, "MT1403", _object("gateway.kgateway.dev/v1alpha1", "HTTPListenerPolicy", f"{{targetRefs: [{_GATEWAY}]}}")
    ),
    _trap(
        29,
        "MT1919",
        _object(
            "networking.istio.io/v1",
            "DestinationRule",
            "{host: hub, trafficPolicy: "
            "{connectionPool: {tcp: {tcpKeepalive: {time: 500ms, interval: 20s, probes: 0}}}}}",
        ),
    ),
    _trap(
        30, unseen="a belief about a value that is sound; the timers that end streams have codes of their own (MT1910)"
    ),
)
"""All thirty, in their order."""
