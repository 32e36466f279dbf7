"""What is known of Envoy's releases, defaults and API, in one place."""

from typing import Final

from mesh.durations import MINUTE, SECOND
from mesh.intent import Version

LISTENER_KEEPALIVE: Final = Version(1, 37)
"""Since when a listener has tcp_keepalive; before, raw socket options do the same."""

STREAM_LIMIT: Final = Version(1, 36)
"""Since when HTTP/2 connections carry 1024 streams at most, unless told otherwise."""

DEFAULT_STREAM_IDLE: Final = 5 * MINUTE
"""Nanoseconds; a connection manager's stream_idle_timeout where nothing is set."""

DEFAULT_ROUTE_TIMEOUT: Final = 15 * SECOND
"""Nanoseconds; a route's timeout where nothing is set."""

DEFAULT_LIMIT: Final = 1024
"""A circuit breaker's thresholds, and (since 1.36) the streams of an HTTP/2 connection, where nothing is set."""

MAX_STREAMS: Final = 2**31 - 1
"""What max_concurrent_streams may be (RFC 9113 section 6.5.2)."""

MAX_UINT32: Final = 2**32 - 1

TYPE: Final = "@type"
TYPES: Final = "type.googleapis.com/"
MANAGER: Final = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
TCP_PROXY: Final = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
ROUTER: Final = "envoy.extensions.filters.http.router.v3.Router"
SERVER_TLS: Final = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
CLIENT_TLS: Final = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
SECRET: Final = "envoy.extensions.transport_sockets.tls.v3.Secret"  # noqa: S105 - a type's name
FILE_LOG: Final = "envoy.extensions.access_loggers.file.v3.FileAccessLog"
UPSTREAM_HTTP: Final = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

VOUCHING: Final = frozenset({"SANITIZE_SET", "APPEND_FORWARD"})
"""Modes of x-forwarded-client-cert in which Envoy writes who called."""

MODES: Final = ("SANITIZE", "FORWARD_ONLY", "APPEND_FORWARD", "SANITIZE_SET", "ALWAYS_FORWARD_ONLY")
"""All of them, by their numbers."""

PREBIND: Final = "STATE_PREBIND"
STATES: Final = (PREBIND, "STATE_BOUND", "STATE_LISTENING")
"""When a socket option is set, by their numbers."""

CALLS: Final = ("/authapi.Authentication/", "/versionapi.Version/", "/eventstreamapi.EventStream/")
"""How the paths of an agent's calls begin."""


def duration(text: str | None) -> int | None:
    """Nanoseconds of a duration as protobuf's JSON has it (`300s`, `0.5s`); None when the text is none."""
    if text is None or not text.endswith("s"):
        return None
    whole, dot, part = text[:-1].removeprefix("-").partition(".")
    digits = (whole, part) if dot else (whole,)
    if not all(each.isascii() and each.isdecimal() for each in digits) or len(whole) > 12 or len(part) > 9:
        return None
    ns = int(whole) * SECOND + int(part.ljust(9, "0") if part else 0)
    return -ns if text.startswith("-") else ns
