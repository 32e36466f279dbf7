"""The codes about Istio: MT11xx."""

from typing import Final

from mesh.findings.model import Code, Level

CODES: Final[tuple[Code, ...]] = (
    Code(
        code="MT1101",
        level=Level.ERROR,
        title="principal on loopback, and no Sidecar leads there",
        why="Since Istio 1.10 a sidecar forwards inbound connections to the pod's own address, not to loopback. A "
        "principal that listens on 127.0.0.1 is not there: agents get `connection refused` from its sidecar.",
        remedy="Write a Sidecar for the principal's pods with spec: {ingress: [{port: {number: 8443, protocol: GRPC, "
        'name: grpc}, defaultEndpoint: "127.0.0.1:8443"}]}. Binding 0.0.0.0 instead works too, and gives up that a '
        "pod without a sidecar is reached by nobody.",
    ),
    Code(
        code="MT1102",
        level=Level.ERROR,
        title="Sidecar leads to where the principal does not listen",
        why="An ingress entry replaces the listeners that Services make for these pods: what it says is the only way "
        "in. port.number is the port in the pod, and defaultEndpoint where the sidecar forwards to.",
        remedy="Give the entry the principal's port, its address as defaultEndpoint, and the protocol GRPC.",
    ),
    Code(
        code="MT1103",
        level=Level.INFO,
        title="Sidecar hides other ports",
        why="Any ingress entry replaces all listeners that Services make for these pods. Other ports are then "
        "forwarded as they are to the pod's address: with mTLS, and without Istio knowing their protocol.",
        remedy="Add an ingress entry for every port that is meant to have one.",
    ),
    Code(
        code="MT1104",
        level=Level.ERROR,
        title="port's protocol leaves no identity header",
        why="Istio takes a port's protocol from appProtocol, else from what stands before the dash in its name. On "
        "`https`, `tls` or `tcp` it forwards bytes: no x-forwarded-client-cert is set, and one that the caller sent "
        "passes untouched. On `http` it speaks HTTP/1.1, which gRPC cannot. A protocol that is not declared is guessed "
        "for each connection.",
        remedy="Write appProtocol: grpc at the Service's port, and name it grpc or grpc-something.",
    ),
    Code(
        code="MT1105",
        level=Level.WARNING,
        title="idle timeout lowered, and not what ends streams",
        why="http.idleTimeout is 1h unless it is set, so that less lowers it. It counts only while a connection has no "
        "active request, and an open Subscribe stream is one: on a connection that carries a stream it never fires. "
        "Streams are ended by stream timers, which Istio's sidecars do not have.",
        remedy="Leave http.idleTimeout out, or write 1h or more. `tcp: {idleTimeout: 0s}` without http.idleTimeout "
        "switches it off (Istio 1.21 and later).",
    ),
    Code(
        code="MT1106",
        level=Level.ERROR,
        title="client's TLS is not the mesh's",
        why="Only ISTIO_MUTUAL (or nothing, which Istio works out by itself) presents the agent's mesh certificate. "
        "DISABLE sends plaintext, which STRICT refuses; SIMPLE and MUTUAL use other certificates, or none.",
        remedy="Write trafficPolicy.tls.mode: ISTIO_MUTUAL.",
    ),
    Code(
        code="MT1107",
        level=Level.ERROR,
        title="pinned name is not the principal's",
        why="subjectAltNames is who the server may be. When the principal runs as another service account, every agent "
        "refuses it.",
        remedy="Write spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT of the principal.",
    ),
    Code(
        code="MT1108",
        level=Level.INFO,
        title="DestinationRule that no agent's sidecar reads",
        why="A sidecar looks for a DestinationRule in its own namespace, then in the Service's, then in the root "
        "namespace. One that is anywhere else holds for nobody.",
        remedy="Put it into the Service's namespace; agents in another cluster need it there too.",
    ),
    Code(
        code="MT1109",
        level=Level.WARNING,
        title="mutual TLS is not enforced",
        why="Without STRICT, callers without a sidecar reach the principal in plaintext. Their header is taken away, "
        "so that they are nobody; but whatever else the principal answers, it answers to them.",
        remedy="Write a PeerAuthentication with a selector for the principal's pods and mtls: {mode: STRICT}.",
    ),
    Code(
        code="MT1110",
        level=Level.WARNING,
        title="STRICT for a whole namespace",
        why="Argo CD's own pods in the principal's namespace often have no sidecar. With STRICT for the namespace they "
        "can no longer call the principal's resource proxy (9090) and Redis proxy (6379), nor one another's injected "
        "pods.",
        remedy="Add spec.selector.matchLabels with the principal's labels.",
    ),
    Code(
        code="MT1111",
        level=Level.ERROR,
        title="AuthorizationPolicy keeps agents out",
        why="Once an ALLOW policy selects a pod, only what some rule allows gets in. principals are SPIFFE IDs without "
        "`spiffe://`, and ports are the pod's.",
        remedy="Add the agents' principals, and the port where the principal listens.",
    ),
    Code(
        code="MT1112",
        level=Level.WARNING,
        title="AuthorizationPolicy lets in more than agents",
        why="A sidecar appends to x-forwarded-client-cert what it saw, behind what the caller sent. Whoever has any "
        "certificate of the mesh and gets past its own sidecar can put elements in front; a policy that names the "
        "agents keeps everybody else out.",
        remedy="Name the agents' principals one by one, or by their namespace.",
    ),
    Code(
        code="MT1113",
        level=Level.ERROR,
        title="principal with a scheme never matches",
        why="In an AuthorizationPolicy a principal is written without `spiffe://`; with it, it equals nobody's.",
        remedy="Leave spiffe:// out.",
    ),
    Code(
        code="MT1114",
        level=Level.ERROR,
        title="pod without a sidecar",
        why="Without a sidecar an agent has no identity, and a principal no header: the one is refused, the other "
        "believes whoever writes one. Both pods need one.",
        remedy='Give the pods the label sidecar.istio.io/inject: "true", or their namespace istio-injection: enabled.',
    ),
    Code(
        code="MT1115",
        level=Level.ERROR,
        title="traffic goes past the sidecar",
        why="A port that is excluded from the redirection is reached without mTLS and without an identity header, and "
        "a header that the caller wrote passes untouched.",
        remedy="Take the port out of the annotation.",
    ),
    Code(
        code="MT1116",
        level=Level.ERROR,
        title="ambient mode gives no identity header",
        why="ztunnel works below HTTP and injects nothing. A waypoint injects x-forwarded-client-cert only with the "
        "annotation ambient.istio.io/xfcc-include-client-identity (Istio 1.30 and later).",
        remedy="Give the principal's pods a sidecar, or put a waypoint with that annotation in front.",
    ),
    Code(
        code="MT1117",
        level=Level.ERROR,
        title="sidecar pings more often than the principal allows",
        why="connectionPool holds for the principal's own sidecar as well, so that http2KeepAlive makes it PING the "
        "principal. More often than --keepalive-min-interval (in argocd-agent 5m unless set), and it is ended with "
        "`too_many_pings`, for all agents at once.",
        remedy="Set principal.keep-alive.min-interval well below http2KeepAlive.interval.",
    ),
    Code(
        code="MT1118",
        level=Level.ERROR,
        title="istiod refuses the value",
        why="istiod's webhook checks more than the CRD: http.idleTimeout takes no 0s, http2KeepAlive needs interval "
        "and timeout, durations are whole milliseconds.",
        remedy="Write a value that it takes.",
    ),
    Code(
        code="MT1119",
        level=Level.INFO,
        title="setting without effect",
        why="istiod reads the field, and nothing comes of it for these connections.",
        remedy="Take it out, or set what it was meant for.",
    ),
    Code(
        code="MT1120",
        level=Level.WARNING,
        title="age ends connections or streams",
        why="However much flows on it, a stream or its connection ends when it is old enough; all agents that "
        "connected together come back together.",
        remedy="Leave it out for the principal.",
    ),
    Code(
        code="MT1121",
        level=Level.ERROR,
        title="keepalive by EnvoyFilter that does not apply",
        why="Socket options are raw numbers of Linux, set on the listening socket before it is bound; accepted sockets "
        "inherit them. With other numbers, in another state, or on a listener that accepts no agents, nothing happens, "
        "and Envoy says nothing.",
        remedy="Patch the listener virtualInbound (context SIDECAR_INBOUND) with level 1 name 9 and level 6 names 4, 5 "
        "and 6, state STATE_PREBIND; from Envoy 1.37 (Istio 1.29) with tcp_keepalive.",
    ),
    Code(
        code="MT1122",
        level=Level.ERROR,
        title="sidecar does not vouch for the identity header",
        why="FORWARD_ONLY and ALWAYS_FORWARD_ONLY pass on what the caller wrote, SANITIZE sets nothing. Only "
        "SANITIZE_SET and APPEND_FORWARD have the sidecar write who called.",
        remedy="Write forwardedClientCert: SANITIZE_SET, or leave it out.",
    ),
    Code(
        code="MT1123",
        level=Level.ERROR,
        title="identity rule reads a header that Istio does not set",
        why="Istio's sidecar tells the caller in x-forwarded-client-cert. Any other header is what the caller wrote.",
        remedy="Write principal.auth: "
        '"identity:x-forwarded-client-cert:spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/{agent}".',
    ),
)
