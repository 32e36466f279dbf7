"""What the options about the principal's sockets come to, and what gRPC's server can't do, refused by name."""

from typing import Final, NamedTuple

from mesh.durations import SECOND, format_duration
from mesh.socketopts import DEFAULT_INTERVAL, DEFAULT_PROBES
from meshtether.options.checks import Checks
from meshtether.options.model import Notice, Resolved

TRANSPORT: Final = "server-transport"
OWN: Final = "own"
GRPCIO: Final = "grpcio"

TCP: Final = ("tcp-keepalive-time", "tcp-keepalive-interval", "tcp-keepalive-probes", "tcp-user-timeout")

CHOOSE_OWN: Final = f"--{TRANSPORT}={OWN}"
"""What offers all that gRPC's server has no argument for."""


class TcpSettings(NamedTuple):
    """Seconds and a count, as in principal.door.sockets.TcpOptions."""

    keepalive_time: float
    keepalive_interval: float
    keepalive_probes: int
    user_timeout: float


def is_own(resolved: Resolved) -> bool:
    """Whether the principal's own door carries the streams."""
    return resolved.text(TRANSPORT) == OWN


def tcp_settings(resolved: Resolved, checks: Checks) -> TcpSettings:
    """The timers of TCP; refused where nobody could set them."""
    if not is_own(resolved):
        for name in TCP:
            if resolved.given(name):
                checks.refuse(name, "gRPC's server keeps its sockets to itself", f"leave it out, or set {CHOOSE_OWN}")
    return TcpSettings(
        resolved.seconds("tcp-keepalive-time"),
        resolved.seconds("tcp-keepalive-interval"),
        resolved.number("tcp-keepalive-probes"),
        resolved.seconds("tcp-user-timeout"),
    )


def socket_notices(resolved: Resolved) -> list[Notice]:
    """What an operator should know of the sockets with these settings."""
    if not is_own(resolved):
        if not resolved.flag("enable-websocket"):
            return []
        because = f"gRPC's server speaks HTTP/2 only; {CHOOSE_OWN} takes both"
        return [Notice("option without effect", {"option": "--enable-websocket", "because": because})]
    given = [f"--{name}" for name in TCP if resolved.given(name)]
    time = resolved.seconds("tcp-keepalive-time")
    if resolved.text("listen-host").startswith("unix:"):
        because = "a unix socket knows no TCP"
        return [Notice("options without effect", {"options": ", ".join(given), "because": because})] * bool(given)
    interval = resolved.seconds("tcp-keepalive-interval") or DEFAULT_INTERVAL
    by_probes = time + interval * (resolved.number("tcp-keepalive-probes") or DEFAULT_PROBES)
    by_timeout = _dead_after(time, interval, resolved.seconds("tcp-user-timeout"))
    if not given or not time or by_timeout in (0.0, by_probes):
        return []
    facts = {"dead_after": _shown(by_timeout), "by_probes": _shown(by_probes), "because": "the user timeout decides"}
    return [Notice("the number of TCP keepalive probes does not count", facts)]


def _dead_after(time: float, interval: float, user_timeout: float) -> float:
    """Seconds after which Linux gives a silent dead peer up by the user timeout; 0 where it does not decide.

    At the first probe's tick that is not before the timeout, and not at the first probe itself (measured, Linux 6.18).
    """
    if not user_timeout:
        return 0.0
    ticks = max(1, -(-(user_timeout - time) // interval))
    return time + ticks * interval


def _shown(seconds: float) -> str:
    return format_duration(round(seconds * SECOND))
