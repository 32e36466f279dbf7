"""The codes about kgateway: MT14xx."""

from typing import Final

from mesh.findings.model import Code, Level

CODES: Final[tuple[Code, ...]] = (
    Code(
        code="MT1401",
        level=Level.ERROR,
        title="HTTP options make the gateway speak HTTP/1.1",
        why="commonHttpProtocolOptions for a Service whose ports have no appProtocol of HTTP/2 make kgateway set "
        "explicit HTTP/1.1 towards it, which gRPC cannot be carried by.",
        remedy="Write appProtocol: kubernetes.io/h2c at the Service's port, or leave commonHttpProtocolOptions out.",
    ),
    Code(
        code="MT1402",
        level=Level.WARNING,
        title="HTTP/2 options without effect",
        why="kgateway drops http2ProtocolOptions, with a warning in its own log only, unless the Service's port has "
        "the appProtocol http2, grpc, grpc-web or kubernetes.io/h2c.",
        remedy="Write appProtocol: kubernetes.io/h2c at the Service's port.",
    ),
    Code(
        code="MT1403",
        level=Level.WARNING,
        title="kind or field of another kgateway release",
        why="ListenerPolicy is there since 2.2, its tcpKeepalive and connectionKeepalive of BackendConfigPolicy since "
        "2.4; HTTPListenerPolicy is gone in 2.5. What a release does not know is refused or dropped.",
        remedy="Write a ListenerPolicy, or the fields of your release.",
    ),
    Code(
        code="MT1404",
        level=Level.WARNING,
        title="perPort replaces default",
        why="An entry of perPort replaces the whole of default for its port; nothing is merged. Timers that default "
        "switches off are back at Envoy's values there.",
        remedy="Repeat in perPort every field of default that shall hold there too.",
    ),
    Code(
        code="MT1405",
        level=Level.ERROR,
        title="policy in another namespace than its target",
        why="A targetRef has no namespace: it means the policy's own. A policy elsewhere has no effect, and says so "
        "in its status only.",
        remedy="Put the policy into its target's namespace.",
    ),
    Code(
        code="MT1406",
        level=Level.ERROR,
        title="identity header is not the gateway's word",
        why="The principal believes x-forwarded-client-cert. Envoy removes it unless told otherwise, and then no agent "
        "is known; with ForwardOnly or AlwaysForwardOnly it is the caller who writes it.",
        remedy="Write httpSettings.forwardClientCertDetails: {mode: SanitizeSet, details: {uri: true}} on a listener "
        "that asks for client certificates.",
    ),
    Code(
        code="MT1407",
        level=Level.ERROR,
        title="streams end by age",
        why="A Subscribe stream lives for as long as the agent. A request timeout and a longest duration end it "
        "however much flows, and no heartbeat helps.",
        remedy='Write request: "0s", and leave maxStreamDuration and maxConnectionDuration out.',
    ),
    Code(
        code="MT1408",
        level=Level.WARNING,
        title="Envoy's own timers hold",
        why="kgateway sets no timers by itself, so that Envoy's hold: 15 seconds for a request after the client has "
        "half-closed, and five minutes for a stream on which nothing flows. TCP keepalive and HTTP/2 PINGs reset "
        "neither.",
        remedy='Write a TrafficPolicy for the route with timeouts: {request: "0s", streamIdle: "0s"}.',
    ),
    Code(
        code="MT1409",
        level=Level.ERROR,
        title="gateway sends more PINGs than the principal takes",
        why="The principal ends connections that PING more often than its --keepalive-min-interval, with GOAWAY and "
        "too_many_pings; the gateway carries the streams of all agents on few connections.",
        remedy="Set the interval clearly above --keepalive-min-interval.",
    ),
    Code(
        code="MT1410",
        level=Level.ERROR,
        title="HTTP/1.1 towards the principal",
        why="gRPC needs HTTP/2 on every hop, and kgateway speaks it to a Service whose port has an appProtocol of "
        "http2, grpc, grpc-web or kubernetes.io/h2c only; a port's name says nothing to it.",
        remedy="Write appProtocol: kubernetes.io/h2c at the Service's port.",
    ),
)
