"""The codes about Linkerd: MT12xx."""

from typing import Final

from mesh.findings.model import Code, Level

CODES: Final[tuple[Code, ...]] = (
    Code(
        code="MT1201",
        level=Level.ERROR,
        title="principal on loopback behind Linkerd",
        why="Since Linkerd 2.11 a proxy forwards to the address that was dialled, and refuses ports that are bound on "
        "loopback alone. No setting changes this for one workload: every agent gets `connection refused`.",
        remedy="Bind the pod's own address: the variable ARGOCD_PRINCIPAL_LISTEN_HOST with valueFrom: {fieldRef: "
        "{fieldPath: status.podIP}}, and let the principal tell its proxy apart with --sidecar-uid 2102.",
    ),
    Code(
        code="MT1202",
        level=Level.ERROR,
        title="identity rule on a header that Linkerd does not set",
        why="Linkerd's inbound proxy writes l5d-client-id, and removes what a client wrote there. It knows no other "
        "identity header: x-forwarded-client-cert passes as the client sent it, so that everybody in the mesh can be "
        "any agent.",
        remedy="Write principal.auth: identity:l5d-client-id:"
        "{agent}.NAMESPACE.serviceaccount.identity.linkerd.cluster.local.",
    ),
    Code(
        code="MT1203",
        level=Level.ERROR,
        title="port is not read as gRPC",
        why="On an opaque port the proxies carry bytes. There is mutual TLS, and no l5d-client-id; one that a client "
        "wrote itself reaches the principal unchanged. HTTP/1.1 cannot carry gRPC at all.",
        remedy="Take the port out of config.linkerd.io/opaque-ports, write appProtocol: kubernetes.io/h2c at the "
        "Service's port, and proxyProtocol: gRPC in the Server.",
    ),
    Code(
        code="MT1204",
        level=Level.ERROR,
        title="port goes past the proxy",
        why="Traffic to a skipped port meets no proxy: no mutual TLS, no policy, no identity header but the one that "
        "the client writes.",
        remedy="Take the port out of config.linkerd.io/skip-inbound-ports (at the principal) or "
        "config.linkerd.io/skip-outbound-ports (at the agents).",
    ),
    Code(
        code="MT1205",
        level=Level.ERROR,
        title="no Linkerd proxy in the pod",
        why="Without a proxy in both pods there is no mutual TLS, and nobody writes the identity header. The injector "
        "looks at the annotation linkerd.io/inject of pods and namespaces, when a pod is made; a label of that name "
        "says nothing to it.",
        remedy="Write linkerd.io/inject: enabled into spec.template.metadata.annotations.",
    ),
    Code(
        code="MT1206",
        level=Level.WARNING,
        title="annotation where Linkerd does not look",
        why="The proxy's settings are read from annotations of pods (a Deployment's template) and namespaces, and "
        "opaque-ports of Services too; timeouts and retries of Services and routes. Anywhere else they count for "
        "nothing, without a word.",
        remedy="Move the annotation.",
    ),
    Code(
        code="MT1207",
        level=Level.WARNING,
        title="clients without an identity get in",
        why="Whoever is not in the mesh can then open connections to the principal's port. They have no l5d-client-id, "
        "so that the principal refuses each call; it is one line of defence less.",
        remedy="Write accessPolicy: deny in the Server (or leave it out), and an AuthorizationPolicy that asks for the "
        "agents' identities.",
    ),
    Code(
        code="MT1208",
        level=Level.ERROR,
        title="no policy lets the agents in",
        why="Once a Server is about a port, or the default policy is deny, the proxy refuses whom no policy lets in: "
        "agents get `403` and `unauthorized connection`.",
        remedy="List the agents in a MeshTLSAuthentication, and name it with the Server in an AuthorizationPolicy.",
    ),
    Code(
        code="MT1209",
        level=Level.ERROR,
        title="policy refers to what is not there",
        why="Linkerd ignores an AuthorizationPolicy as long as anything that it refers to is missing, or of a kind "
        "that cannot stand there. A group that is left out means Kubernetes' own kinds.",
        remedy="Correct group, kind and name; the object must be in the policy's namespace unless the reference names "
        "another.",
    ),
    Code(
        code="MT1210",
        level=Level.WARNING,
        title="policy lets in more than the agents",
        why="`*` means everybody in the mesh, and of other meshes with the same trust anchor. Who gets in can be an "
        "agent as soon as the identity rule is wide as well.",
        remedy="List the agents' names, or *.AGENTS-NAMESPACE.serviceaccount.identity.linkerd.cluster.local.",
    ),
    Code(
        code="MT1211",
        level=Level.ERROR,
        title="Server for another port",
        why="A Server's port is the pod's, by number or by a container port's name; not the Service's. About a port "
        "that the pod does not have, it does nothing, and the default policy holds.",
        remedy="Write the port where the principal listens.",
    ),
    Code(
        code="MT1212",
        level=Level.ERROR,
        title="timeout that ends streams",
        why="An agent's stream is one request with one response that never ends. A timeout for either ends it at that "
        "age, whatever flows; heartbeats do not help. Linkerd has no such timeout unless somebody sets one.",
        remedy="Leave timeouts off at the principal's Service, or give the stream a route of its own without one.",
    ),
    Code(
        code="MT1213",
        level=Level.WARNING,
        title="retries of a stream",
        why="A proxy that may have to repeat a request keeps a copy of its body, and gives up at 64 KiB: on a stream "
        "it is work for nothing. retry.linkerd.io/timeout even cancels the request. Agents reconnect by themselves.",
        remedy="Leave retries off at the principal's Service.",
    ),
    Code(
        code="MT1214",
        level=Level.WARNING,
        title="setting without effect",
        why="The setting is written, and nobody acts on it: timeouts and retries by annotation are ignored beside a "
        "ServiceProfile, config.linkerd.io/proxy-additional-env is read from Linkerd 2.20 on, and HTTP/2 PINGs need an "
        "interval and a timeout.",
        remedy="Take it out, or make it count.",
    ),
    Code(
        code="MT1215",
        level=Level.ERROR,
        title="value that Linkerd does not take",
        why="Linkerd's durations are a whole number and one unit (90s, not 1m30s or 1.5m). A timeout that cannot be "
        "read is left out; with a variable that cannot be read, the proxy does not start.",
        remedy="Write a value of the kind that the message names.",
    ),
    Code(
        code="MT1216",
        level=Level.WARNING,
        title="PINGs end connections of slow peers",
        why="A peer that is busy for longer than the time it has for an answer loses the connection, and every stream "
        "on it.",
        remedy="Give PINGs 5 seconds or more for their answers; grpc-go gives 20.",
    ),
    Code(
        code="MT1217",
        level=Level.ERROR,
        title="NetworkPolicy shuts the proxy's port",
        why="From Linkerd 2.18 on what one meshed pod sends to another arrives at the other's proxy, on port 4143, "
        "whatever port was dialled. A NetworkPolicy that opens the application's port alone blocks it all.",
        remedy="Allow port 4143 beside the principal's port.",
    ),
    Code(
        code="MT1218",
        level=Level.ERROR,
        title="principal takes others for its proxy",
        why="On the pod's own address the principal can be reached past the proxy, by whom no header can be believed. "
        "It asks the kernel who opened a connection; Linkerd's proxy runs as user 2102 (1337 is Istio's).",
        remedy="Write --attest=netns and --sidecar-uid=2102.",
    ),
    Code(
        code="MT1219",
        level=Level.ERROR,
        title="every agent is the gateway",
        why="A multicluster gateway of Linkerd's ends mutual TLS and begins it anew: l5d-client-id then names the "
        "gateway, for every agent alike. Who called the gateway is in the header Forwarded, which is looked at behind "
        "gateways that are named as trusted only.",
        remedy="Write --trusted-gateway (meshtether.trusted-gateway): "
        "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local.",
    ),
)
