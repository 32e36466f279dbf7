"""The agent's options that do something today."""

from typing import Final

from mesh.durations import MILLISECOND, SECOND
from meshtether.options import own
from meshtether.options.kinds import BOOL, FILE, HOST, LOG_LEVELS, PORT, TEXT, choice, duration
from meshtether.options.model import Option
from meshtether.options.principal_table import MESSAGE_SIZE

MIN_HEARTBEAT: Final = 100 * MILLISECOND
"""Nanoseconds; the shortest timer of a proxy counts seconds, and every beat is a message on the wire."""

MIN_DEADLINE: Final = 100 * MILLISECOND
"""Nanoseconds; less is the noise of a busy machine, and would end streams that live."""

MIN_PING: Final = 1 * SECOND
"""Nanoseconds; proxies count faster pings as abuse (Envoy's and gRPC's guards against floods)."""

BUILT: Final = (
    Option(
        name="server-address",
        kind=HOST,
        theme=own.CONNECTION,
        help="Host name or address of the principal, without a port.",
        env="ARGOCD_AGENT_REMOTE_SERVER",
        keys=("agent.server.address",),
    ),
    Option(
        name="server-port",
        kind=PORT,
        theme=own.CONNECTION,
        help="TCP port of the principal.",
        default="443",
        env="ARGOCD_AGENT_REMOTE_PORT",
        keys=("agent.server.port",),
    ),
    Option(
        name="insecure-plaintext",
        kind=BOOL,
        theme=own.CONNECTION,
        help="Speak without TLS, to a sidecar that does it. With `--creds=header:` that is so unless this is set to "
        "false or a CA or certificate is given.",
        default="false",
        env="ARGOCD_AGENT_INSECURE_PLAINTEXT",
        keys=("agent.tls.insecure-plaintext",),
    ),
    Option(
        name="enable-compression",
        kind=BOOL,
        theme=own.CONNECTION,
        help="Send gRPC messages gzipped; the principal answers in kind.",
        default="false",
        env="ARGOCD_AGENT_ENABLE_COMPRESSION",
        keys=("agent.compression.enable", "agent.compression.enabled"),
    ),
    Option(
        name="grpc-max-message-size",
        kind=MESSAGE_SIZE,
        theme=own.CONNECTION,
        help="Bytes that one gRPC message may have, either way.",
        default="209715200",
        env="ARGOCD_AGENT_GRPC_MAX_MESSAGE_SIZE",
    ),
    Option(
        name="creds",
        kind=TEXT,
        theme=own.IDENTITY,
        help="How the agent proves who it is: `header:` (the mesh says it), `userpass:<file>` whose first line is "
        "`name:secret`, or `mtls:` (its client certificate does).",
        env="ARGOCD_AGENT_CREDS",
        keys=("agent.creds",),
    ),
    Option(
        name="principal-identity",
        kind=TEXT,
        theme=own.IDENTITY,
        help="Who the principal must be. With TLS, the SPIFFE ID in its certificate; in plaintext, a Linkerd name or "
        "SPIFFE ID that a Linkerd sidecar is asked to demand (Istio's is told by its DestinationRule).",
        env="MESHTETHER_PRINCIPAL_IDENTITY",
        keys=("meshtether.principal-identity",),
    ),
    Option(
        name="agent-mode",
        kind=choice("managed", "autonomous"),
        theme=own.SYNC,
        help="managed: Applications come from the principal. autonomous: they are the agent's own; in this release "
        "such an agent connects and keeps its stream, and syncs nothing.",
        default="autonomous",
        env="ARGOCD_AGENT_MODE",
        keys=("agent.mode",),
    ),
    Option(
        name="namespace",
        short="n",
        kind=TEXT,
        theme=own.SYNC,
        help="The agent's own namespace, where its Applications live.",
        default="argocd",
        env="ARGOCD_AGENT_NAMESPACE",
        keys=("agent.namespace",),
    ),
    Option(
        name="heartbeat-interval",
        kind=duration(least=MIN_HEARTBEAT, zero="no heartbeats", reason="far below any proxy's idle timer"),
        theme=own.STAY_ALIVE,
        help="Send a heartbeat this often, so that no proxy takes the stream for idle; half of the shortest idle timer "
        "on the path is a good choice. 0 sends none.",
        default="0s",
        env="ARGOCD_AGENT_HEARTBEAT_INTERVAL",
        keys=("agent.heartbeat.interval",),
    ),
    Option(
        name="heartbeat-deadline",
        kind=duration(least=MIN_DEADLINE, reason="a machine's noise"),
        theme=own.STAY_ALIVE,
        help="Take the stream for dead, and reconnect, when a heartbeat is unanswered for so long.",
        default="10s",
        env="MESHTETHER_HEARTBEAT_DEADLINE",
        keys=("meshtether.heartbeat-deadline",),
    ),
    Option(
        name="keep-alive-ping-interval",
        kind=duration(least=MIN_PING, zero="no pings", reason="which proxies take for a flood"),
        theme=own.STAY_ALIVE,
        help="Send an HTTP/2 ping when nothing was received for so long. It finds dead TCP connections as far as the "
        "next proxy; it keeps no proxy's stream alive. 0 sends none.",
        default="0s",
        env="ARGOCD_AGENT_KEEP_ALIVE_PING_INTERVAL",
        keys=("agent.keep-alive.interval",),
    ),
    Option(
        name="log-level",
        kind=LOG_LEVELS,
        theme=own.LOGS,
        help="Least level to log: trace, debug, info, warn, error, fatal or panic; NAME=LEVEL for one component.",
        default="info",
        env="ARGOCD_AGENT_LOG_LEVEL",
        keys=("agent.log.level",),
    ),
    Option(
        name="log-format",
        kind=choice("text", "json"),
        theme=own.LOGS,
        help="How log lines look: text is logfmt.",
        default="text",
        env="ARGOCD_AGENT_LOG_FORMAT",
        keys=("agent.log.format",),
    ),
    Option(
        name="insecure-tls",
        kind=BOOL,
        theme=own.TLS,
        help="With TLS, do not check who the server is.",
        default="false",
        env="ARGOCD_AGENT_TLS_INSECURE",
        keys=("agent.tls.client.insecure",),
    ),
    Option(
        name="root-ca-path",
        kind=FILE,
        theme=own.TLS,
        help="PEM file of the authorities that may sign the server's certificate.",
        env="ARGOCD_AGENT_TLS_ROOT_CA_PATH",
        keys=("agent.tls.root-ca-path",),
    ),
    Option(
        name="tls-client-cert",
        kind=FILE,
        theme=own.TLS,
        help="PEM file of the agent's certificate chain.",
        env="ARGOCD_AGENT_TLS_CLIENT_CERT_PATH",
        keys=("agent.tls.client.cert-path",),
    ),
    Option(
        name="tls-client-key",
        kind=FILE,
        theme=own.TLS,
        help="PEM file of the private key of that certificate.",
        env="ARGOCD_AGENT_TLS_CLIENT_KEY_PATH",
        keys=("agent.tls.client.key-path",),
    ),
)
