"""The codes about agentgateway: MT16xx."""

from typing import Final

from mesh.findings.model import Code, Level

CODES: Final[tuple[Code, ...]] = (
    Code(
        code="MT1601",
        level=Level.ERROR,
        title="policy in another namespace than its Gateway",
        why="A targetRef has no namespace: it means the policy's own. A policy beside the application, for a Gateway "
        "in agentgateway-system, is for a Gateway that does not exist, and nothing of it takes effect. The proxy's "
        "config_dump shows the policy's namespace as gatewayNamespace then.",
        remedy="Put the policy into the Gateway's namespace.",
    ),
    Code(
        code="MT1602",
        level=Level.ERROR,
        title="policy for a target that it can't have",
        why="The API server refuses it: targetRefs or targetSelectors, of one kind; frontend for a Gateway only, and "
        "its tcp, http and tls for the whole Gateway (or, from 1.4 on, a port), not for a listener's sectionName.",
        remedy="Write one policy for each kind of target, and frontend for the Gateway without sectionName.",
    ),
    Code(
        code="MT1603",
        level=Level.WARNING,
        title="PING fields the wrong way round",
        why="http2KeepaliveTimeout is not the silence before the first PING. It is how long an answer may take before "
        "the connection is closed; PINGs go every http2KeepaliveInterval whatever flows. They are HTTP/2 frames of "
        "the proxy, not the kernel's probes, and reset no stream timer.",
        remedy="Write http2KeepaliveInterval: 30s for how often, and http2KeepaliveTimeout: 20s for the answer.",
    ),
    Code(
        code="MT1604",
        level=Level.WARNING,
        title="PING timeout without PINGs",
        why="Without http2KeepaliveInterval no PING is sent, and http2KeepaliveTimeout does nothing.",
        remedy="Write http2KeepaliveInterval as well, or leave both out.",
    ),
    Code(
        code="MT1605",
        level=Level.ERROR,
        title="field of another agentgateway release",
        why="A target's port, maxConnectionDuration, http1HeaderCase and http2MaxHeaderSize are there since 1.4; an "
        "older release refuses or drops them.",
        remedy="Leave the field out, or state the release that you have as mesh.agentgateway.",
    ),
    Code(
        code="MT1606",
        level=Level.ERROR,
        title="streams end by age",
        why="A Subscribe stream is one request that lives for as long as the agent. A request timeout or a longest "
        "duration of connections ends it however much flows, and no heartbeat helps.",
        remedy="Leave request timeouts and maxConnectionDuration out for the principal's route.",
    ),
    Code(
        code="MT1607",
        level=Level.ERROR,
        title="HTTP/1.1 towards the principal",
        why="gRPC needs HTTP/2 on every hop.",
        remedy="Write backend.http.version: HTTP2, or leave it out and write appProtocol at the Service's port.",
    ),
    Code(
        code="MT1608",
        level=Level.ERROR,
        title="field spelt as in the other kind of configuration",
        why="TCP keepalive is `keepalive` in an AgentgatewayPolicy and `keepalives` in a standalone file. Unknown "
        "fields are refused there, and dropped or refused here.",
        remedy="Write keepalives in a standalone file, keepalive in a policy.",
    ),
    Code(
        code="MT1609",
        level=Level.WARNING,
        title="accepted connections are not probed",
        why="Towards servers agentgateway probes by itself (180s, 180s, 9); connections that it accepts are probed "
        "only where a policy says so. Agents that vanish stay connected.",
        remedy="Write frontend.tcp.keepalive: {time: 60s, interval: 20s, retries: 3}.",
    ),
    Code(
        code="MT1610",
        level=Level.WARNING,
        title="field that agentgateway does not know",
        why="Without its controller agentgateway refuses a file with any field that it does not know, and goes on with "
        "what it had, or does not start. The names are those of release 1.4: a later one may know more.",
        remedy="Correct the name.",
    ),
    Code(
        code="MT1611",
        level=Level.WARNING,
        title="running proxy has something else",
        why="What counts is what the proxy has in memory. A policy that is not there was refused, is for another "
        "Gateway, or has not arrived; see its status.ancestors. (Some releases do not show updates of keepalive "
        "policies in config_dump.)",
        remedy="Compare kubectl get agentgatewaypolicy -o yaml with the proxy's log, and state the release that runs "
        "as mesh.agentgateway.",
    ),
    Code(
        code="MT1612",
        level=Level.ERROR,
        title="identity header is the caller's own",
        why="agentgateway passes x-forwarded-client-cert on as it came: an agent, or whoever has a certificate, can "
        "write any name into it. Only `set` replaces what the caller sent; `add` stands behind it.",
        remedy="Write an AgentgatewayPolicy for the route with traffic.transformation.request.set: "
        "[{name: x-forwarded-client-cert, value: ...}] from source.identity, as meshtether mesh generate agentgateway "
        "does.",
    ),
)
