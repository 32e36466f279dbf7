"""The principal's options that do something today."""

from typing import Final

from mesh.durations import MILLISECOND
from meshtether.options import own
from meshtether.options.kinds import (
    BOOL,
    COUNT,
    FILE,
    FOLDER,
    HOST,
    LIST,
    LOG_LEVELS,
    NETWORKS,
    PORT_OR_ANY,
    TEXT,
    UIDS,
    choice,
    duration,
    whole,
)
from meshtether.options.model import Option

MIN_MESSAGE: Final = 1024
"""Bytes; a login alone, with its tokens, takes more than that."""

MAX_MESSAGE: Final = 2**31 - 1
"""Bytes; gRPC keeps message sizes in 32 bits with a sign."""

MIN_TIMEOUT: Final = 100 * MILLISECOND
"""Nanoseconds; a busy machine is late by that much without being dead."""

MESSAGE_SIZE: Final = whole("BYTES", MIN_MESSAGE, MAX_MESSAGE)

BUILT: Final = (
    Option(
        name="listen-host",
        kind=HOST,
        theme=own.CONNECTION,
        help="Address that agents connect to, or `unix:/PATH` of a socket; empty is every interface. Behind a sidecar: "
        "127.0.0.1 where it forwards to loopback, else the pod's own address.",
        env="ARGOCD_PRINCIPAL_LISTEN_HOST",
        keys=("principal.listen.host",),
    ),
    Option(
        name="listen-port",
        kind=PORT_OR_ANY,
        theme=own.CONNECTION,
        help="TCP port that agents connect to.",
        default="8443",
        env="ARGOCD_PRINCIPAL_LISTEN_PORT",
        keys=("principal.listen.port",),
    ),
    Option(
        name="insecure-plaintext",
        kind=BOOL,
        theme=own.CONNECTION,
        help="Serve without TLS, since the sidecar in front does it.",
        default="false",
        env="ARGOCD_PRINCIPAL_INSECURE_PLAINTEXT",
        keys=("principal.tls.insecure-plaintext",),
    ),
    Option(
        name="grpc-max-message-size",
        kind=MESSAGE_SIZE,
        theme=own.CONNECTION,
        help="Bytes that one gRPC message may have, either way.",
        default="209715200",
        env="ARGOCD_PRINCIPAL_GRPC_MAX_MESSAGE_SIZE",
    ),
    Option(
        name="server-transport",
        kind=choice("own", "grpcio"),
        theme=own.CONNECTION,
        help="Which server carries the streams: the principal's own door, or gRPC's server, which knows no TCP timers, "
        "no WebSocket, no choice of TLS and not who opened a unix socket.",
        default="own",
        env="MESHTETHER_SERVER_TRANSPORT",
        keys=("meshtether.server-transport",),
    ),
    Option(
        name="enable-websocket",
        kind=BOOL,
        theme=own.CONNECTION,
        help="Take agents that come by WebSocket, too, on the same port. Not with --server-transport=grpcio.",
        default="false",
        env="ARGOCD_PRINCIPAL_ENABLE_WEBSOCKET",
        keys=("principal.websocket.enable",),
    ),
    Option(
        name="auth",
        kind=TEXT,
        theme=own.IDENTITY,
        help="How agents are recognised. Behind a sidecar: `header:<name>:<regex>`, whose (RE2) regex's first group "
        "is the agent's name, or `identity:<header>:<template>`, where all but the one segment `{agent}` must be "
        "equal. With TLS of our own: `mtls:subject:<regex>` or `mtls:uri:<regex>`. With either: `userpass:<file>`.",
        env="ARGOCD_PRINCIPAL_AUTH",
        keys=("principal.auth",),
    ),
    Option(
        name="attest",
        kind=choice("netns", "off"),
        theme=own.IDENTITY,
        help="Ask the kernel who opened each connection. netns: somebody of this network namespace (pod), else refuse. "
        "off: believe whoever reaches the port. Only for methods that believe a header.",
        default="netns",
        env="MESHTETHER_ATTEST",
        keys=("meshtether.attest",),
    ),
    Option(
        name="sidecar-uid",
        kind=UIDS,
        theme=own.IDENTITY,
        help="Take only connections that the sidecar's user opened, by the kernel's word: 1337 is Istio's, 2102 "
        "Linkerd's. Empty takes every user of the pod; on a unix socket, whoever may open its file.",
        env="MESHTETHER_SIDECAR_UID",
        keys=("meshtether.sidecar-uid",),
    ),
    Option(
        name="header-peers",
        kind=NETWORKS,
        theme=own.IDENTITY,
        help="Networks whose peers' identity headers are believed although they are not of this pod: a gateway in pods "
        "of its own. Whoever reaches the port from there is believed, so keep them narrow, and let a NetworkPolicy say "
        "who reaches the port. Empty believes nobody beyond this pod.",
        env="MESHTETHER_HEADER_PEERS",
        keys=("meshtether.header-peers",),
    ),
    Option(
        name="max-sessions",
        kind=COUNT,
        theme=own.CONNECTION,
        help="Streams to serve at once; more are told to come back later.",
        default="20000",
        env="MESHTETHER_MAX_SESSIONS",
        keys=("meshtether.max-sessions",),
    ),
    Option(
        name="max-streams-per-identity",
        kind=COUNT,
        theme=own.IDENTITY,
        help="Streams that one identity may have open, the one that a newer is just replacing included.",
        default="2",
        env="MESHTETHER_MAX_STREAMS_PER_IDENTITY",
        keys=("meshtether.max-streams-per-identity",),
    ),
    Option(
        name="max-logins-per-second",
        kind=COUNT,
        theme=own.IDENTITY,
        help="Logins of one identity a second, after a first burst of ten; more are told to wait.",
        default="2",
        env="MESHTETHER_MAX_LOGINS_PER_SECOND",
        keys=("meshtether.max-logins-per-second",),
    ),
    Option(
        name="jwt-key",
        kind=FILE,
        theme=own.IDENTITY,
        help="PEM file with the RSA key that signs agents' tokens. Of several keys in it, the first signs and all are "
        "accepted; it is read again when it changes.",
        env="ARGOCD_PRINCIPAL_JWT_KEY_PATH",
        keys=("principal.jwt.key-path",),
    ),
    Option(
        name="insecure-jwt-generate",
        kind=BOOL,
        theme=own.IDENTITY,
        help="Sign tokens with a key made at start; agents authenticate again after a restart. Without --jwt-key this "
        "release does so in any case.",
        default="false",
        env="ARGOCD_PRINCIPAL_JWT_ALLOW_GENERATE",
        keys=("principal.jwt.allow-generate",),
    ),
    Option(
        name="keepalive-min-interval",
        kind=duration(),
        theme=own.STAY_ALIVE,
        help="Close connections that send HTTP/2 pings more often than this; 0 is no limit (in argocd-agent: 5m).",
        default="0s",
        env="ARGOCD_PRINCIPAL_KEEP_ALIVE_MIN_INTERVAL",
        keys=("principal.keep-alive.min-interval",),
    ),
    Option(
        name="session-timeout",
        kind=duration(least=MIN_TIMEOUT, zero="three times the gap that each stream shows", reason="a machine's noise"),
        theme=own.STAY_ALIVE,
        help="End a session whose heartbeats stay away for so long; 0 is three times the gap that its heartbeats have "
        "shown. Agents that send none are left alone.",
        default="0s",
        env="MESHTETHER_SESSION_TIMEOUT",
        keys=("meshtether.session-timeout",),
    ),
    Option(
        name="namespace",
        short="n",
        kind=TEXT,
        theme=own.SYNC,
        help="The principal's own namespace; no agent may bear its name. Empty is argocd.",
        env="ARGOCD_PRINCIPAL_NAMESPACE",
        keys=("principal.namespace",),
    ),
    Option(
        name="allowed-namespaces",
        kind=LIST,
        theme=own.SYNC,
        help="Namespaces whose resources are synced: names, globs, or `/regex/` (RE2). Empty allows all.",
        env="ARGOCD_PRINCIPAL_ALLOWED_NAMESPACES",
        keys=("principal.allowed-namespaces",),
    ),
    Option(
        name="log-level",
        kind=LOG_LEVELS,
        theme=own.LOGS,
        help="Least level to log: trace, debug, info, warn, error, fatal or panic; NAME=LEVEL for one component.",
        default="info",
        env="ARGOCD_PRINCIPAL_LOG_LEVEL",
        keys=("principal.log.level",),
    ),
    Option(
        name="log-format",
        kind=choice("text", "json"),
        theme=own.LOGS,
        help="How log lines look: text is logfmt.",
        default="text",
        env="ARGOCD_PRINCIPAL_LOG_FORMAT",
        keys=("principal.log.format",),
    ),
    Option(
        name="podinfo",
        kind=FOLDER,
        theme=own.WATCHING,
        help="Folder of a downward API volume with the files `labels` and `annotations` of the principal's own pod, "
        "which it verifies at start. Nothing happens where there is none; empty does not look.",
        default="/etc/podinfo",
        env="MESHTETHER_PODINFO",
        keys=("meshtether.podinfo",),
    ),
    Option(
        name="admin-port",
        kind=PORT_OR_ANY,
        theme=own.WATCHING,
        help="TCP port of the admin API, on 127.0.0.1.",
        default="8090",
        env="MESHTETHER_ADMIN_PORT",
        keys=("meshtether.admin.port",),
    ),
)
