"""Keepalive as variables of Linkerd's proxies: what an intent comes to, and how a value is read.

The kernel's silence before the first probe is all of TCP keepalive that a proxy sets; interval and count stay the
node's. A user timeout ends a connection at the first probe behind it, and one on which sent bytes stay unanswered.
"""

from typing import Final

from mesh.durations import SECOND
from mesh.intent import Intent

PREFIX: Final = "LINKERD2_PROXY_"

ACCEPT_KEEPALIVE: Final = f"{PREFIX}INBOUND_ACCEPT_KEEPALIVE"
CONNECT_KEEPALIVE: Final = f"{PREFIX}OUTBOUND_CONNECT_KEEPALIVE"
ACCEPT_USER_TIMEOUT: Final = f"{PREFIX}INBOUND_ACCEPT_USER_TIMEOUT"
CONNECT_USER_TIMEOUT: Final = f"{PREFIX}OUTBOUND_CONNECT_USER_TIMEOUT"
PING_INTERVAL: Final = f"{PREFIX}INBOUND_SERVER_HTTP2_KEEP_ALIVE_INTERVAL"
PING_TIMEOUT: Final = f"{PREFIX}INBOUND_SERVER_HTTP2_KEEP_ALIVE_TIMEOUT"

TIMES: Final = (
    "_KEEPALIVE",
    "_USER_TIMEOUT",
    "_KEEP_ALIVE_INTERVAL",
    "_KEEP_ALIVE_TIMEOUT",
    "_CONNECT_TIMEOUT",
    "_MAX_CONNECTION_AGE",
)
"""How the names of variables end that hold durations; the proxy does not start with one that it cannot read."""

KEEPALIVES: Final = (
    (f"{PREFIX}INBOUND_SERVER_HTTP2_KEEP_ALIVE", "towards whoever calls the pod"),
    (f"{PREFIX}OUTBOUND_SERVER_HTTP2_KEEP_ALIVE", "towards the pod's own application"),
)
"""Settings of HTTP/2 PINGs that count only with both an interval and a timeout."""

MAX_USER_TIMEOUT: Final = (2**31 - 1) // 1000
"""Seconds; Linux keeps TCP_USER_TIMEOUT as an int of milliseconds."""


def principal_variables(intent: Intent) -> dict[str, str]:
    """Of the principal's proxy: probes and PINGs on the connections that it accepts."""
    keepalive = intent.keepalive
    pings = {}
    if keepalive.ping:
        pings = {PING_INTERVAL: _seconds(keepalive.ping), PING_TIMEOUT: _seconds(keepalive.ping_timeout)}
    return {
        ACCEPT_KEEPALIVE: _seconds(keepalive.tcp.time),
        ACCEPT_USER_TIMEOUT: f"{user_timeout(intent)}s",
        **pings,
    }


def agent_variables(intent: Intent) -> dict[str, str]:
    """Of an agent's proxy: probes on the connections that it opens. Whom it PINGs the control plane decides."""
    return {
        CONNECT_KEEPALIVE: _seconds(intent.keepalive.tcp.time),
        CONNECT_USER_TIMEOUT: f"{user_timeout(intent)}s",
    }


def user_timeout(intent: Intent) -> int:
    """Seconds from the first unanswered probe to the end of a connection, by the intent's interval and count."""
    tcp = intent.keepalive.tcp
    return min(tcp.interval_seconds * tcp.probes, MAX_USER_TIMEOUT)


def _seconds(ns: int) -> str:
    return f"{ns // SECOND}s"
