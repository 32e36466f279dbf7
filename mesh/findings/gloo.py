"""The codes about Gloo Gateway: MT15xx."""

from typing import Final

from mesh.findings.model import Code, Level

CODES: Final[tuple[Code, ...]] = (
    Code(
        code="MT1501",
        level=Level.ERROR,
        title="time as a number",
        why="keepaliveTime and keepaliveInterval of an Upstream are durations: text with a unit. The API server "
        "refuses the numbers that Gloo's own guide shows.",
        remedy='Write keepaliveTime: "60s" and keepaliveInterval: "20s".',
    ),
    Code(
        code="MT1502",
        level=Level.ERROR,
        title="socket option of another system",
        why="Levels and names of socket options are the operating system's numbers. macOS's are other options, or "
        "none, on Linux, where the proxy runs.",
        remedy="Write Linux's: SO_KEEPALIVE is level 1, name 9; TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT are level "
        "6, names 4, 5 and 6.",
    ),
    Code(
        code="MT1503",
        level=Level.ERROR,
        title="socket option set too late",
        why="Since Envoy 1.17 options with STATE_LISTENING do not reach the sockets that a listener accepts.",
        remedy="Write state: STATE_PREBIND.",
    ),
    Code(
        code="MT1504",
        level=Level.ERROR,
        title="keepalive is not switched on",
        why="Times and counts of keepalive do nothing until SO_KEEPALIVE is on.",
        remedy="Add {level: 1, name: 9, intValue: 1, state: STATE_PREBIND}.",
    ),
    Code(
        code="MT1505",
        level=Level.ERROR,
        title="streams end by age",
        why="A Subscribe stream lives for as long as the agent. A route's timeout and a longest duration end it "
        "however much flows, and no heartbeat helps.",
        remedy='Write options: {timeout: "0s"} at the route, and leave the longest durations out.',
    ),
    Code(
        code="MT1506",
        level=Level.ERROR,
        title="identity header is not the gateway's word",
        why="The principal believes x-forwarded-client-cert. Envoy removes it unless told otherwise, and then no agent "
        "is known; with FORWARD_ONLY or ALWAYS_FORWARD_ONLY it is the caller who writes it.",
        remedy="Write forwardClientCertDetails: SANITIZE_SET and setCurrentClientCertDetails: {uri: true}, and let the "
        "VirtualService's Secret have ca.crt.",
    ),
    Code(
        code="MT1507",
        level=Level.WARNING,
        title="Helm value that does not reach a static cluster",
        why="tcpKeepaliveTimeSeconds holds for the chart's own clusters (xds_cluster, rest_xds_cluster, wasm-cache). "
        "Clusters of envoyStaticClusters are written as they are.",
        remedy="Write upstream_connection_options: {tcp_keepalive: {keepalive_time: 60, keepalive_interval: 20, "
        "keepalive_probes: 3}} into the cluster.",
    ),
    Code(
        code="MT1508",
        level=Level.WARNING,
        title="Envoy's own timers hold",
        why="Where nothing is set, Envoy resets a stream on which nothing flows for 5 minutes (only heartbeats help, "
        "not keepalive), and ends a request 15 seconds after the client has half-closed it.",
        remedy='Write options: {timeout: "0s"} at the route, and streamIdleTimeout: 0s in the Gateway\'s '
        "httpConnectionManagerSettings.",
    ),
    Code(
        code="MT1509",
        level=Level.ERROR,
        title="HTTP/1.1 towards the principal",
        why="gRPC needs HTTP/2 on every hop. Gloo's discovery sees it in a port's name; an Upstream that you write "
        "yourself must say it.",
        remedy="Write useHttp2: true.",
    ),
)
