"""What principal and agents are set to for an intent, by option; and what to say about it in the ConfigMaps."""

from mesh.configuration.options import Side
from mesh.durations import format_duration
from mesh.intent import Intent
from mesh.wiring import Wiring


def settings_of(intent: Intent, wiring: Wiring) -> dict[Side, dict[str, str]]:
    """The options of either side with their texts."""
    return {"principal": principal_settings(intent, wiring), "agent": agent_settings(intent, wiring)}


def principal_settings(intent: Intent, wiring: Wiring) -> dict[str, str]:
    """The principal's options with their texts, in the order in which they are written."""
    listen = {"listen-host": wiring.listen_host} if wiring.listen_host is not None else {}
    return {
        **listen,
        "listen-port": str(intent.principal.port),
        "insecure-plaintext": "true",
        "auth": wiring.auth,
        "keepalive-min-interval": format_duration(intent.keepalive.min_interval),
        "namespace": intent.principal.namespace,
        "allowed-namespaces": ",".join(intent.agents.names) or "*",
        **wiring.extra_principal,
    }


def agent_settings(intent: Intent, wiring: Wiring) -> dict[str, str]:
    """The agents' options with their texts, in the order in which they are written."""
    return {
        "server-address": wiring.server_address,
        "server-port": str(wiring.server_port),
        "insecure-plaintext": "true" if wiring.agent_plaintext else "false",
        "creds": "header:",
        "agent-mode": intent.agents.mode,
        "namespace": intent.agents.namespace,
        "heartbeat-interval": format_duration(intent.keepalive.heartbeat),
        "keep-alive-ping-interval": format_duration(intent.keepalive.ping),
        **wiring.extra_agent,
    }


def setting_notes(intent: Intent, wiring: Wiring, side: Side) -> dict[str, str]:
    """Comments by option, where a reader would wonder."""
    return _principal_notes(wiring) if side == "principal" else _agent_notes(intent)


def _principal_notes(wiring: Wiring) -> dict[str, str]:
    loopback = wiring.listen_host in {"127.0.0.1", "::1"}
    return {
        "listen-host": "Loopback: whoever gets past the proxy, or a pod without one, reaches nobody."
        if loopback
        else "Every interface: whoever gets past the proxy is answered.",
        "insecure-plaintext": "The proxy in front ends TLS.",
        "auth": "The whole identity must be equal, but for the one segment that is the agent's name. A regex that "
        "looks at the last part only takes anybody's service account of that name for the agent.",
        "keepalive-min-interval": "HTTP/2 PINGs more often than this end a connection. Clearly less than any ping "
        "interval on the way, or the two race.",
        "allowed-namespaces": "An agent's objects are in the namespace of its name.",
        "own-identity": "What the principal's own sidecar must call itself in the header (By): a header that another "
        "proxy wrote is refused.",
        "trusted-gateway": "Gateways that end mTLS: who called them is looked for behind them.",
    }


def _agent_notes(intent: Intent) -> dict[str, str]:
    keepalive = intent.keepalive
    return {
        "insecure-plaintext": "The proxy beside the agent does TLS. (agent.tls.client.insecure would be TLS without "
        "verification: something else.)",
        "creds": "Who the agent is, is told by the mesh.",
        "heartbeat-interval": "A message on the stream: it resets every stream timer on the way, and its answer proves "
        "that the way back works."
        if keepalive.heartbeat
        else "Off: nothing resets a stream timer on the way.",
        "keep-alive-ping-interval": "HTTP/2 PINGs end at the next proxy: they notice its death, and keep no stream "
        "alive behind it.",
    }
