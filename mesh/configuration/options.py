"""The options that checks speak of: their flags, environment variables and ConfigMap keys.

They are argocd-agent's, which meshtether shares, and a few of meshtether's own. An option that no check reads is not
here; the whole table is the command line's.
"""

from dataclasses import dataclass
from typing import Final, Literal

Side = Literal["principal", "agent"]
"""Which of the two programs."""

Kind = Literal["text", "duration", "switch", "port", "list"]
"""How an option's value is read."""


@dataclass(frozen=True, slots=True)
class Row:
    """One option of one side."""

    side: Side
    name: str
    """As a flag, without the dashes."""
    env: str
    keys: tuple[str, ...]
    """Of the ConfigMap; the first is the one that is written."""
    kind: Kind
    default: str = ""
    """What holds when nothing is set, in meshtether and in argocd-agent."""


PRINCIPAL: Final = (
    Row("principal", "listen-host", "ARGOCD_PRINCIPAL_LISTEN_HOST", ("principal.listen.host",), "text"),
    Row("principal", "listen-port", "ARGOCD_PRINCIPAL_LISTEN_PORT", ("principal.listen.port",), "port", "8443"),
    Row(
        "principal",
        "insecure-plaintext",
        "ARGOCD_PRINCIPAL_INSECURE_PLAINTEXT",
        ("principal.tls.insecure-plaintext",),
        "switch",
        "false",
    ),
    Row("principal", "auth", "ARGOCD_PRINCIPAL_AUTH", ("principal.auth",), "text"),
    Row(
        "principal",
        "keepalive-min-interval",
        "ARGOCD_PRINCIPAL_KEEP_ALIVE_MIN_INTERVAL",
        ("principal.keep-alive.min-interval",),
        "duration",
        "0",
    ),
    Row(
        "principal",
        "enable-websocket",
        "ARGOCD_PRINCIPAL_ENABLE_WEBSOCKET",
        ("principal.websocket.enable",),
        "switch",
        "false",
    ),
    Row("principal", "namespace", "ARGOCD_PRINCIPAL_NAMESPACE", ("principal.namespace",), "text"),
    Row(
        "principal",
        "allowed-namespaces",
        "ARGOCD_PRINCIPAL_ALLOWED_NAMESPACES",
        ("principal.allowed-namespaces",),
        "list",
    ),
    Row("principal", "own-identity", "MESHTETHER_OWN_IDENTITY", ("meshtether.own-identity",), "text"),
    Row("principal", "trusted-gateway", "MESHTETHER_TRUSTED_GATEWAY", ("meshtether.trusted-gateway",), "list"),
    Row("principal", "attest", "MESHTETHER_ATTEST", ("meshtether.attest",), "text", "netns"),
    Row("principal", "header-peers", "MESHTETHER_HEADER_PEERS", ("meshtether.header-peers",), "list"),
)
"""The principal's."""

AGENT: Final = (
    Row("agent", "server-address", "ARGOCD_AGENT_REMOTE_SERVER", ("agent.server.address",), "text"),
    Row("agent", "server-port", "ARGOCD_AGENT_REMOTE_PORT", ("agent.server.port",), "port", "443"),
    Row("agent", "insecure-tls", "ARGOCD_AGENT_TLS_INSECURE", ("agent.tls.client.insecure",), "switch", "false"),
    Row(
        "agent",
        "insecure-plaintext",
        "ARGOCD_AGENT_INSECURE_PLAINTEXT",
        ("agent.tls.insecure-plaintext",),
        "switch",
        "false",
    ),
    Row("agent", "creds", "ARGOCD_AGENT_CREDS", ("agent.creds",), "text"),
    Row("agent", "agent-mode", "ARGOCD_AGENT_MODE", ("agent.mode",), "text", "autonomous"),
    Row("agent", "namespace", "ARGOCD_AGENT_NAMESPACE", ("agent.namespace",), "text", "argocd"),
    Row(
        "agent",
        "heartbeat-interval",
        "ARGOCD_AGENT_HEARTBEAT_INTERVAL",
        ("agent.heartbeat.interval",),
        "duration",
        "0",
    ),
    Row(
        "agent",
        "keep-alive-ping-interval",
        "ARGOCD_AGENT_KEEP_ALIVE_PING_INTERVAL",
        ("agent.keep-alive.interval",),
        "duration",
        "0",
    ),
    Row(
        "agent",
        "enable-websocket",
        "ARGOCD_AGENT_ENABLE_WEBSOCKET",
        ("agent.websocket.enable", "agent.websocket.enabled"),
        "switch",
        "false",
    ),
)
"""The agent's."""

ROWS: Final[dict[Side, dict[str, Row]]] = {
    "principal": {row.name: row for row in PRINCIPAL},
    "agent": {row.name: row for row in AGENT},
}
"""Every option by side and name."""

ENVIRONMENT: Final[dict[Side, dict[str, Row]]] = {
    side: {row.env: row for row in rows.values()} for side, rows in ROWS.items()
}
"""Every option by side and environment variable."""

KEYS: Final[dict[Side, dict[str, Row]]] = {
    side: {key: row for row in rows.values() for key in row.keys} for side, rows in ROWS.items()
}
"""Every option by side and ConfigMap key."""

PREFIXES: Final[dict[Side, str]] = {"principal": "principal.", "agent": "agent."}
"""How the ConfigMap keys of a side begin."""

TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
"""What Go's strconv.ParseBool takes, and so every switch."""
