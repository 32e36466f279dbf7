"""The codes about the principal's and the agents' configuration, and about keepalive: MT19xx."""

from typing import Final

from mesh.findings.model import Code, Level

CODES: Final[tuple[Code, ...]] = (
    Code(
        code="MT1901",
        level=Level.ERROR,
        title="skipping verification taken for plaintext",
        why="`agent.tls.client.insecure` (ARGOCD_AGENT_TLS_INSECURE, --insecure-tls) means TLS without verification. "
        "It is still TLS: against a plaintext principal the handshake fails, and a sidecar that sees TLS forwards "
        "bytes and injects no identity header.",
        remedy='Write agent.tls.insecure-plaintext: "true" (ARGOCD_AGENT_INSECURE_PLAINTEXT, --insecure-plaintext) '
        "instead.",
    ),
    Code(
        code="MT1902",
        level=Level.ERROR,
        title="TLS meets plaintext",
        why="One side speaks TLS where the other expects plaintext. Behind a mesh both speak plaintext to their own "
        "proxies, which do the TLS between them; with an identity header the principal takes plaintext only.",
        remedy='Set principal.tls.insecure-plaintext and agent.tls.insecure-plaintext to "true".',
    ),
    Code(
        code="MT1903",
        level=Level.ERROR,
        title="identity rule takes others for an agent",
        why="The regex looks at a part of the identity only, or at the header's text without its structure, so that "
        "somebody else (another namespace, another trust domain, a gateway, an element that the caller wrote) is taken "
        "for the agent.",
        remedy="Compare the whole identity: "
        "identity:x-forwarded-client-cert:spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/{agent} for Istio, "
        "identity:l5d-client-id:{agent}.NAMESPACE.serviceaccount.identity.linkerd.cluster.local for Linkerd.",
    ),
    Code(
        code="MT1904",
        level=Level.ERROR,
        title="identity rule cannot be used",
        why="The principal ends at start with such a rule, or refuses every agent.",
        remedy="Write header:<name>:<regex with one group> or identity:<header>:<template with {agent}>.",
    ),
    Code(
        code="MT1905",
        level=Level.ERROR,
        title="pings as often as the principal's limit",
        why="The principal ends connections that PING more often than --keepalive-min-interval. With a limit that is "
        "not clearly below the agents' interval the two race: after three early PINGs the connection ends with "
        "`too_many_pings`.",
        remedy="Set principal.keep-alive.min-interval well below agent.keep-alive.interval, such as to half of it.",
    ),
    Code(
        code="MT1906",
        level=Level.WARNING,
        title="pings where heartbeats are needed",
        why="An HTTP/2 PING ends at the next proxy and is no data on a stream: it keeps no stream alive, and notices "
        "nothing behind that proxy.",
        remedy="Set --heartbeat-interval (ARGOCD_AGENT_HEARTBEAT_INTERVAL), such as to 30s.",
    ),
    Code(
        code="MT1907",
        level=Level.INFO,
        title="ping interval is raised to 10 seconds",
        why="grpc-go, with which argocd-agent is built, takes no client ping interval below 10s and uses 10s instead.",
        remedy="Set --keep-alive-ping-interval to 10s or more.",
    ),
    Code(
        code="MT1908",
        level=Level.WARNING,
        title="no limit means five minutes",
        why="In argocd-agent --keepalive-min-interval=0 leaves grpc-go's own limit of 5 minutes: agents that PING more "
        "often lose their connections to `too_many_pings`. In meshtether 0 is no limit.",
        remedy="Set principal.keep-alive.min-interval well below the agents' ping interval.",
    ),
    Code(
        code="MT1909",
        level=Level.WARNING,
        title="no heartbeats",
        why="--heartbeat-interval is off unless it is set. Nothing then resets a stream timer on a quiet stream, and "
        "nobody notices a stream that is dead behind a living proxy.",
        remedy="Set --heartbeat-interval (ARGOCD_AGENT_HEARTBEAT_INTERVAL), such as to 30s.",
    ),
    Code(
        code="MT1910",
        level=Level.WARNING,
        title="heartbeat does not fit the timer that it must reset",
        why="A stream timer ends the stream when nothing flows for so long. A heartbeat at 50 to 75 percent of it "
        "leaves room for one that is late; one that is slower than the timer does not help at all.",
        remedy="Set the heartbeat to 50 to 75 percent of the timer, or switch the timer off.",
    ),
    Code(
        code="MT1911",
        level=Level.ERROR,
        title="value that cannot be read",
        why="The program ends at start when a duration has no unit, a switch is neither true nor false, or a port is "
        "no port.",
        remedy='Write durations with units ("30s"), switches as "true" or "false", ports as numbers from 1 to 65535.',
    ),
    Code(
        code="MT1912",
        level=Level.WARNING,
        title="plaintext on every interface",
        why="A principal that believes an identity header, on an address that others than its proxy reach, takes "
        "anybody's forged header as soon as the sidecar is missing or is got past. Bound to loopback it fails closed.",
        remedy='Set principal.listen.host to "127.0.0.1" where the mesh can be told to lead there (Istio: a Sidecar '
        "with defaultEndpoint), or let the principal tell its proxy apart (--sidecar-uid).",
    ),
    Code(
        code="MT1913",
        level=Level.INFO,
        title="pings have no effect over WebSocket",
        why="With --enable-websocket the agent's gRPC runs in a WebSocket, where HTTP/2 PINGs of its client do not "
        "exist.",
        remedy="Use heartbeats.",
    ),
    Code(
        code="MT1914",
        level=Level.ERROR,
        title="agents prove themselves otherwise than the principal asks",
        why="A principal with a `header` or `identity` rule takes agents with `--creds header:` only, and one with "
        "`mtls` or `userpass` takes those of that method.",
        remedy='Write agent.creds: "header:" where the principal reads a header.',
    ),
    Code(
        code="MT1915",
        level=Level.WARNING,
        title="setting differs from the intent",
        why="The configuration says something else than the intent.",
        remedy="Correct the configuration, or the intent.",
    ),
    Code(
        code="MT1916",
        level=Level.INFO,
        title="TCP keepalive falls back on the kernel's values",
        why="What a proxy's TCP keepalive leaves out holds as the kernel has it: 7200 seconds of silence before the "
        "first probe, 75 seconds between probes, 9 probes. A dead peer is then noticed after more than two hours.",
        remedy="Set time, interval and probes.",
    ),
    Code(
        code="MT1917",
        level=Level.WARNING,
        title="TCP keepalive gives up too soon",
        why="On a slow or lossy network a few lost probes end a connection that is alive, and every stream on it.",
        remedy="Let probes times interval be ten seconds or more, and allow three probes at least.",
    ),
    Code(
        code="MT1918",
        level=Level.WARNING,
        title="TCP keepalive notices too late",
        why="Load balancers and NAT forget silent connections (AWS's NLB after 350 seconds, Azure's after 240); a peer "
        "that is gone should be noticed in minutes, not hours.",
        remedy="Set time below 240 seconds, and time + interval x probes below ten minutes.",
    ),
    Code(
        code="MT1919",
        level=Level.ERROR,
        title="TCP keepalive value that the kernel does not take",
        why="Linux takes 1 to 32767 seconds and 1 to 127 probes. Envoy switches keepalive off when any value is 0; "
        "parts of a second are cut off (Istio, kgateway) or rounded up (Gloo), so that 500ms becomes 0.",
        remedy="Write whole seconds from 1 to 32767, and 1 to 127 probes.",
    ),
    Code(
        code="MT1920",
        level=Level.WARNING,
        title="TCP keepalive differs from the intent",
        why="The manifests say something else than the intent.",
        remedy="Correct the manifest, or the intent.",
    ),
    Code(
        code="MT1921",
        level=Level.WARNING,
        title="variable takes another option's key",
        why="A variable that points at the ConfigMap key of another option sets the one to the other's value, and "
        "leaves the other unset. A variable whose name is misspelt sets nothing.",
        remedy="Give each variable the key of its own option.",
    ),
    Code(
        code="MT1922",
        level=Level.ERROR,
        title="principal that does not start, for its attestation",
        why="meshtether's principal ends at start, with exit status 2, where it would believe anybody's identity "
        "header (--attest=off on an address that others reach), or where --header-peers could mean nothing.",
        remedy="Leave --attest out. For a gateway in pods of its own set --header-peers to the networks that its pods "
        "are in.",
    ),
    Code(
        code="MT1923",
        level=Level.WARNING,
        title="identity headers believed from too many",
        why="Whoever reaches the port from the networks of --header-peers can claim to be any agent. The principal "
        "refuses networks wider than the widest private range at start; in public ones strangers have addresses.",
        remedy='Write the network of the gateway\'s pods alone, such as meshtether.header-peers: "10.42.0.0/16".',
    ),
    Code(
        code="MT1924",
        level=Level.WARNING,
        title="gateway that the principal refuses",
        why="A gateway in pods of its own calls from another network namespace. Unless its network is in "
        "--header-peers, the principal takes it for anybody and answers UNAUTHENTICATED.",
        remedy='Write the network of the gateway\'s pods, such as meshtether.header-peers: "10.42.0.0/16", or put the '
        "principal behind a sidecar.",
    ),
)
