"""The codes about Envoy bootstraps: MT13xx."""

from typing import Final

from mesh.findings.model import Code, Level

CODES: Final[tuple[Code, ...]] = (
    Code(
        code="MT1301",
        level=Level.WARNING,
        title="stream idle timer is left at five minutes",
        why="A connection manager resets a stream on which no headers and no data flow for stream_idle_timeout, which "
        "is 5 minutes where nothing is set. HTTP/2 PINGs and TCP keepalive do not count. (Istio's sidecars switch it "
        "off; plain Envoys and gateways do not.) Agents see RST_STREAM: NO_ERROR up to Envoy 1.36, INTERNAL_ERROR from "
        "1.37 on.",
        remedy="Write stream_idle_timeout: 0s, or a time of which heartbeats are 50 to 75 percent.",
    ),
    Code(
        code="MT1302",
        level=Level.ERROR,
        title="value that Envoy refuses",
        why="Envoy does not start with such a bootstrap. In protobuf's JSON and YAML a duration is a number of seconds "
        "with an s: 300s or 0.5s, never 5m or 1m30s.",
        remedy="Write a value of the kind that the message names, and try it with envoy --mode validate.",
    ),
    Code(
        code="MT1303",
        level=Level.ERROR,
        title="timer that ends every stream at some age",
        why="max_stream_duration counts from the beginning of a stream, whatever flows on it: no heartbeat helps.",
        remedy="Leave max_stream_duration out for the principal's calls.",
    ),
    Code(
        code="MT1304",
        level=Level.WARNING,
        title="timer for whole requests",
        why="A route's timeout (15 seconds where nothing is set) counts from the end of a request: it never ends an "
        "open bidirectional stream, and ends one whose client has finished sending. request_timeout ends a stream to "
        "which the principal has not answered by then.",
        remedy="Write timeout: 0s at the route, and leave request_timeout out.",
    ),
    Code(
        code="MT1305",
        level=Level.ERROR,
        title="callers need no certificate",
        why="Without require_client_certificate a caller may show none. It has no name then, and Envoy writes no "
        "header about it.",
        remedy="Write require_client_certificate: true.",
    ),
    Code(
        code="MT1306",
        level=Level.ERROR,
        title="peers are believed whatever they are called",
        why="A certificate of the right authority is what every workload has. Without a list of names anybody in the "
        "mesh can call the principal, or answer in its place.",
        remedy="Write match_typed_subject_alt_names: [{san_type: URI, matcher: {prefix: "
        "spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/}}] for callers, and {exact: THE-PRINCIPAL'S-ID} for the principal.",
    ),
    Code(
        code="MT1307",
        level=Level.ERROR,
        title="identity header is not written, or is the caller's own",
        why="SANITIZE (what holds where nothing is set) removes x-forwarded-client-cert, FORWARD_ONLY and "
        "ALWAYS_FORWARD_ONLY leave what the caller wrote, so that every caller is whoever it likes. SANITIZE_SET "
        "writes who called, and the SPIFFE ID only with uri: true.",
        remedy="Write forward_client_cert_details: SANITIZE_SET (behind a gateway APPEND_FORWARD) and "
        "set_current_client_cert_details: {uri: true}.",
    ),
    Code(
        code="MT1308",
        level=Level.ERROR,
        title="no HTTP/2",
        why="gRPC needs HTTP/2 all the way. A cluster speaks HTTP/1.1 unless it is told otherwise, and a TLS "
        "connection what its ends agree on by ALPN.",
        remedy="Write typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3.HttpProtocolOptions: "
        "{explicit_http_config: {http2_protocol_options: {}}}} at the cluster, and alpn_protocols: [h2] in TLS.",
    ),
    Code(
        code="MT1309",
        level=Level.ERROR,
        title="bytes are forwarded, not calls",
        why="tcp_proxy reads no HTTP. No identity header is written, and one that a caller writes itself reaches the "
        "principal unchanged, mutual TLS or not.",
        remedy="Use the HTTP connection manager instead of tcp_proxy.",
    ),
    Code(
        code="MT1310",
        level=Level.WARNING,
        title="no TCP keepalive between machines",
        why="Envoy sends no keepalive probes unless it is told to. Load balancers and NAT forget silent connections, "
        "and a peer that is gone is not noticed until something is sent.",
        remedy="Write tcp_keepalive: {keepalive_time: 60, keepalive_interval: 20, keepalive_probes: 3}: at a cluster "
        "in upstream_connection_options, at a listener itself (before Envoy 1.37 as socket_options).",
    ),
    Code(
        code="MT1311",
        level=Level.ERROR,
        title="socket option without effect",
        why="Accepted sockets inherit what is set on a listener before it listens; STATE_LISTENING comes too late "
        "(since Envoy 1.17). Times and counts do nothing while SO_KEEPALIVE is off. The numbers are the operating "
        "system's: macOS's mean something else on Linux.",
        remedy="Write level 1, name 9, int_value 1 (SO_KEEPALIVE) and level 6, names 4, 5 and 6 (time, interval, "
        "probes), each with state: STATE_PREBIND.",
    ),
    Code(
        code="MT1312",
        level=Level.ERROR,
        title="listener keepalive before Envoy 1.37",
        why="Envoy's listeners have tcp_keepalive from 1.37 on. Earlier ones do not know the field, and do not start.",
        remedy="Write socket_options instead, or take Envoy 1.37.",
    ),
    Code(
        code="MT1313",
        level=Level.ERROR,
        title="PINGs that the principal takes for an attack",
        why="The principal ends a connection with too many PINGs, and every agent's stream on it: agents share the "
        "connection of the Envoy in front. What counts is the interval of that Envoy, not the agents'.",
        remedy="Leave connection_keepalive out at the cluster of the principal, or set its interval clearly above "
        "--keepalive-min-interval.",
    ),
    Code(
        code="MT1314",
        level=Level.WARNING,
        title="limit on how many agents fit",
        why="Each agent's stream is a request that never ends. A cluster takes 1024 at once where its circuit breaker "
        "says nothing, and an HTTP/2 connection 1024 streams (since Envoy 1.36); the next agent gets 503, or waits.",
        remedy="Set max_requests (and max_connections, max_pending_requests) in circuit_breakers.thresholds, and "
        "max_concurrent_streams in http2_protocol_options.",
    ),
    Code(
        code="MT1315",
        level=Level.ERROR,
        title="calls lead nowhere",
        why="A call needs a filter that forwards it, a virtual host and a route that take it, a cluster of the name "
        "that the route has, and an endpoint there.",
        remedy="Correct what the message names.",
    ),
    Code(
        code="MT1316",
        level=Level.ERROR,
        title="administration that others reach",
        why="Whoever reaches Envoy's administration can read its certificates' names, drain its listeners and end it, "
        "without a password.",
        remedy="Bind it to 127.0.0.1.",
    ),
    Code(
        code="MT1317",
        level=Level.WARNING,
        title="certificate that is read once",
        why="SVIDs live for hours. One that is in the bootstrap, or in a file that nobody watches, is read when Envoy "
        "starts: from the day it expires on every new connection is refused, while open ones go on.",
        remedy="Look it up: tls_certificate_sds_secret_configs with sds_config: {path_config_source: {path: FILE}}, "
        "and in that file a Secret with watched_directory.",
    ),
    Code(
        code="MT1318",
        level=Level.ERROR,
        title="secret that is not in its file",
        why="Envoy finds a secret by its name. Until it does, the listener does not open and the cluster refuses every "
        "call.",
        remedy="Give the secret in the file the name that the bootstrap asks for.",
    ),
    Code(
        code="MT1319",
        level=Level.ERROR,
        title="plaintext between machines",
        why="Plaintext belongs on loopback, between a process and its own Envoy. Anywhere else, everybody on the way "
        "reads it, and whoever reaches the port is taken for the process that should be there.",
        remedy="Bind the listener to 127.0.0.1, and give what leads to other machines a transport_socket with TLS.",
    ),
)
