"""Every timer of an Envoy sidecar that can end a stream or a connection, as one value.

Three kinds of absence are told apart: a number is set as given, `0` switches the timer off where Envoy allows that, and
`None` leaves the field out, so that Envoy's own default holds. The defaults here are what an Istio sidecar has: no
stream idle timer and no route timeout, the rest as Envoy ships it.
"""

import math
from dataclasses import dataclass, fields

MAX_KEEPALIVE_SECONDS = 32_767
"""What Linux takes for TCP_KEEPIDLE and TCP_KEEPINTVL (seconds)."""

MAX_KEEPALIVE_PROBES = 127
"""What Linux takes for TCP_KEEPCNT."""

LEAST = 0.001
"""Seconds. Envoy counts whole milliseconds: less would be cut to 0, which means off."""

_NOT_OFF = {
    "connect": "Envoy refuses it",
    "max_connection_duration": "Envoy closes every connection at once",
    "cluster_max_connection_duration": "Envoy would keep no connection",
    "tcp_max_connection_duration": "Envoy refuses it",
}
"""Timer -> what a zero does, where it does not mean off."""


class TimerError(ValueError):
    """A timer has a value that Envoy or the kernel would refuse; the message names the field and the range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpKeepalive:
    """Kernel keepalive of one socket. Envoy takes whole seconds; a zero anywhere would switch keepalive off."""

    time: int
    """Seconds of silence before the first probe."""
    interval: int
    """Seconds between probes."""
    probes: int
    """Unanswered probes after which the connection is dead."""

    def __post_init__(self) -> None:
        for name, top in (
            ("time", MAX_KEEPALIVE_SECONDS),
            ("interval", MAX_KEEPALIVE_SECONDS),
            ("probes", MAX_KEEPALIVE_PROBES),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= top:
                raise TimerError(f"tcp keepalive {name}: {value!r} is not a whole number from 1 to {top}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Http2Keepalive:
    """HTTP/2 PINGs that Envoy sends on a connection, and how long it waits for the ack (seconds)."""

    interval: float
    timeout: float

    def __post_init__(self) -> None:
        for name in ("interval", "timeout"):
            _check(f"http2 keepalive {name}", getattr(self, name))
            if getattr(self, name) == 0:
                raise TimerError(f"http2 keepalive {name}: 0 is not accepted by Envoy; {LEAST} s is the least")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """The timers of one sidecar, in seconds."""

    stream_idle: float | None = 0.0
    """No headers and no DATA in either direction on a stream. Envoy's default: 300."""
    connection_idle: float | None = None
    """No active request on a downstream connection. Envoy's default: 3600."""
    request: float | None = None
    """The whole request must have arrived, or the response begun. Envoy's default: off."""
    request_headers: float | None = None
    """The request's headers must have arrived. Envoy's default: off."""
    max_stream_duration: float | None = None
    """A stream's age, whatever flows on it. Envoy's default: off."""
    max_connection_duration: float | None = None
    """A downstream connection's age; it is drained first. Envoy's default: off."""
    drain: float | None = None
    """From the first to the last GOAWAY of a drain. Envoy's default: 5."""
    route: float | None = 0.0
    """From the end of the request to the end of the response: an open bidirectional stream never starts it. Envoy's
    default: 15."""
    route_idle: float | None = None
    """Replaces `stream_idle` for the route. Envoy's default: what `stream_idle` says."""
    route_max_stream_duration: float | None = None
    """Replaces `max_stream_duration` for the route."""
    per_try: float | None = None
    """One attempt of a retried request. Setting it gives the route a retry policy (as Istio's: connect failures)."""
    per_try_idle: float | None = None
    """Silence of one attempt. Setting it gives the route a retry policy."""
    cluster_idle: float | None = None
    """No active request on an upstream connection (Istio's `http.idleTimeout`). Envoy's default: 3600."""
    cluster_max_stream_duration: float | None = None
    """A stream's age, counted by the cluster. Envoy's default: off."""
    cluster_max_connection_duration: float | None = None
    """An upstream connection's age; it drains and waits for its streams. Envoy's default: off."""
    connect: float | None = None
    """A new upstream connection, TLS included. Envoy's default: 5."""
    tcp_idle: float | None = None
    """No byte in either direction, where the port is opaque (`tcp_proxy`). Envoy's default: 3600."""
    tcp_max_connection_duration: float | None = None
    """A connection's age, where the port is opaque. Envoy's default: off."""
    downstream_keepalive: TcpKeepalive | None = None
    """TCP keepalive on accepted sockets (`Listener.tcp_keepalive`, Envoy 1.37 or later)."""
    upstream_keepalive: TcpKeepalive | None = None
    """TCP keepalive on sockets that Envoy opens (Istio's `tcpKeepalive`)."""
    upstream_user_timeout: float | None = None
    """TCP_USER_TIMEOUT on sockets that Envoy opens: how long sent bytes may stay unacknowledged."""
    downstream_pings: Http2Keepalive | None = None
    """HTTP/2 PINGs towards whoever opened the connection."""
    upstream_pings: Http2Keepalive | None = None
    """HTTP/2 PINGs on connections that Envoy opens (Istio's `http2KeepAlive`)."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int | float):
                _check(field.name, value)
        for name, meaning in _NOT_OFF.items():
            if getattr(self, name) == 0:
                raise TimerError(f"{name}: 0 does not switch it off ({meaning}); leave it out")


def _check(name: str, value: float) -> None:
    """Refuse what is no length of time."""
    if isinstance(value, bool) or not math.isfinite(value) or (value != 0 and value < LEAST):
        raise TimerError(
            f"{name}: {value!r} is not a number of seconds: 0, or {LEAST} and more; None leaves the default"
        )
