"""The principal's options about what its kernel does for a connection whose peer is gone."""

from typing import Final

from mesh.durations import MILLISECOND, SECOND
from mesh.socketopts import MAX_KEEPALIVE_PROBES, MAX_KEEPALIVE_SECONDS
from meshtether.options import own
from meshtether.options.kinds import duration, whole
from meshtether.options.model import Option

MAX_USER_TIMEOUT: Final = (2**31 - 1) * MILLISECOND
"""Nanoseconds; the kernel keeps milliseconds in a C int."""

_MOST: Final = MAX_KEEPALIVE_SECONDS * SECOND

SOCKETS: Final = (
    Option(
        name="tcp-keepalive-time",
        kind=duration(least=SECOND, most=_MOST, step=SECOND, zero="no probes"),
        theme=own.STAY_ALIVE,
        help="Let the kernel ask whether the peer is there when a connection was silent for so long. It finds dead "
        "peers and keeps NATs and load balancers awake; it resets no proxy's timer.",
        default="30s",
        env="MESHTETHER_TCP_KEEPALIVE_TIME",
        keys=("meshtether.tcp-keepalive-time",),
    ),
    Option(
        name="tcp-keepalive-interval",
        kind=duration(least=SECOND, most=_MOST, step=SECOND, zero="the kernel's own, mostly 1m15s"),
        theme=own.STAY_ALIVE,
        help="Ask again after so long where there was no answer.",
        default="10s",
        env="MESHTETHER_TCP_KEEPALIVE_INTERVAL",
        keys=("meshtether.tcp-keepalive-interval",),
    ),
    Option(
        name="tcp-keepalive-probes",
        kind=whole("N", 0, MAX_KEEPALIVE_PROBES, note="0: the kernel's own, mostly 9"),
        theme=own.STAY_ALIVE,
        help="Take a silent connection for dead after so many unanswered questions. The user timeout, unless it is 0, "
        "decides instead.",
        default="3",
        env="MESHTETHER_TCP_KEEPALIVE_PROBES",
        keys=("meshtether.tcp-keepalive-probes",),
    ),
    Option(
        name="tcp-user-timeout",
        kind=duration(least=MILLISECOND, most=MAX_USER_TIMEOUT, zero="the kernel's own, some 15m"),
        theme=own.STAY_ALIVE,
        help="Take a connection for dead when what was sent stays unacknowledged for so long: while data is under way "
        "the kernel asks nothing. Best tcp-keepalive-time + interval x probes, so that both take equally long.",
        default="1m0s",
        env="MESHTETHER_TCP_USER_TIMEOUT",
        keys=("meshtether.tcp-user-timeout",),
    ),
)
