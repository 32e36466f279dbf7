"""TCP keepalive as socket options: level, name and value, the one source of truth for every adapter.

Envoy, Gloo and Istio's EnvoyFilter take raw numbers, which differ by operating system; the proxies run on Linux. The
Linux numbers are from its headers and were tried on 6.18, macOS's from its headers (netinet/tcp.h, sys/socket.h).
"""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

MAX_KEEPALIVE_SECONDS: Final = 32_767
"""What Linux takes for TCP_KEEPIDLE and TCP_KEEPINTVL (MAX_TCP_KEEPIDLE); more is EINVAL, and so is 0."""

MAX_KEEPALIVE_PROBES: Final = 127
"""What Linux takes for TCP_KEEPCNT (MAX_TCP_KEEPCNT); more is EINVAL, and so is 0."""

DEFAULT_TIME: Final = 7200
"""Seconds; Linux's net.ipv4.tcp_keepalive_time, which holds where nothing is set."""

DEFAULT_INTERVAL: Final = 75
"""Seconds; Linux's net.ipv4.tcp_keepalive_intvl."""

DEFAULT_PROBES: Final = 9
"""Linux's net.ipv4.tcp_keepalive_probes."""


class Platform(Enum):
    """Whose numbers."""

    LINUX = "linux"
    MACOS = "macos"


class Setting(StrEnum):
    """What an option sets."""

    ENABLED = "enabled"
    TIME = "time"
    """Seconds of silence before the first probe."""
    INTERVAL = "interval"
    """Seconds between probes."""
    PROBES = "probes"
    """Unanswered probes after which the connection is dead."""


@dataclass(frozen=True, slots=True)
class OptionName:
    """One option of a socket, by number and by name."""

    level: int
    name: int
    level_name: str
    option_name: str
    unit: str
    """`s`, or nothing for a count or a switch."""


@dataclass(frozen=True, slots=True)
class SocketOption:
    """One option with its value, as proxies take it."""

    setting: Setting
    option: OptionName
    value: int
    description: str
    """For people, as in Envoy's `description`."""


TABLES: Final[dict[Platform, dict[Setting, OptionName]]] = {
    Platform.LINUX: {
        Setting.ENABLED: OptionName(1, 9, "SOL_SOCKET", "SO_KEEPALIVE", ""),
        Setting.TIME: OptionName(6, 4, "IPPROTO_TCP", "TCP_KEEPIDLE", "s"),
        Setting.INTERVAL: OptionName(6, 5, "IPPROTO_TCP", "TCP_KEEPINTVL", "s"),
        Setting.PROBES: OptionName(6, 6, "IPPROTO_TCP", "TCP_KEEPCNT", ""),
    },
    Platform.MACOS: {
        Setting.ENABLED: OptionName(0xFFFF, 0x8, "SOL_SOCKET", "SO_KEEPALIVE", ""),
        Setting.TIME: OptionName(6, 0x10, "IPPROTO_TCP", "TCP_KEEPALIVE", "s"),
        Setting.INTERVAL: OptionName(6, 0x101, "IPPROTO_TCP", "TCP_KEEPINTVL", "s"),
        Setting.PROBES: OptionName(6, 0x102, "IPPROTO_TCP", "TCP_KEEPCNT", ""),
    },
}
"""The four options of TCP keepalive by platform, in the order in which they are written."""

_WORDS: Final = {
    Setting.ENABLED: "send keepalive probes",
    Setting.TIME: "seconds of silence before the first probe",
    Setting.INTERVAL: "seconds between probes",
    Setting.PROBES: "unanswered probes before the connection is dead",
}

TCP_USER_TIMEOUT: Final = OptionName(6, 18, "IPPROTO_TCP", "TCP_USER_TIMEOUT", "ms")
"""Linux only: milliseconds for which sent bytes may stay unacknowledged. It also replaces the count of probes."""


def keepalive_options(
    *, time: int, interval: int, probes: int, platform: Platform = Platform.LINUX
) -> tuple[SocketOption, ...]:
    """The options that make a socket send keepalive probes; seconds, seconds and a count.

    ValueError outside what the kernel takes.
    """
    for what, value, top in (
        ("time", time, MAX_KEEPALIVE_SECONDS),
        ("interval", interval, MAX_KEEPALIVE_SECONDS),
        ("probes", probes, MAX_KEEPALIVE_PROBES),
    ):
        if not 1 <= value <= top:
            raise ValueError(f"tcp keepalive {what}: {value} is not from 1 to {top}")
    values = {Setting.ENABLED: 1, Setting.TIME: time, Setting.INTERVAL: interval, Setting.PROBES: probes}
    return tuple(
        SocketOption(setting, option, values[setting], f"{option.option_name}: {_WORDS[setting]}")
        for setting, option in TABLES[platform].items()
    )


def recognise(level: int, name: int, platform: Platform = Platform.LINUX) -> Setting | None:
    """Which setting of TCP keepalive the raw numbers are on `platform`; None for another option."""
    for setting, option in TABLES[platform].items():
        if (option.level, option.name) == (level, name):
            return setting
    return None
