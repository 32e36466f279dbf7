"""Kubernetes' `ip(…)` and `cidr(…)`, without zones and without IPv4 written as IPv6."""

import ipaddress
from dataclasses import dataclass
from typing import Any, Final

from mesh.schema.cel.budget import Budget
from mesh.schema.cel.function import Function, typed, untyped
from mesh.schema.cel.readable import is_readable
from mesh.schema.cel.values import CelError, no_overload

MAX_ADDRESS: Final = 64
"""Characters of an address; IPv6 needs 45."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Ip:
    """An address."""

    address: _Address

    @property
    def cel_text(self) -> str:
        """As it is written in canonical form."""
        return str(self.address)


@dataclass(frozen=True, slots=True)
class Cidr:
    """An address and how many of its bits name the network."""

    address: _Address
    prefix: int

    @property
    def cel_text(self) -> str:
        """As it is written in canonical form."""
        return f"{self.address}/{self.prefix}"

    @property
    def network(self) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
        """The addresses that it covers."""
        return ipaddress.ip_network((self.address, self.prefix), strict=False)


def read_ip(text: str) -> Ip:
    """Return the address `text`; ValueError."""
    if len(text) > MAX_ADDRESS or "%" in text or "/" in text:
        raise ValueError("no plain address")
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        raise ValueError("IPv4 written as IPv6")
    return Ip(address)


def read_cidr(text: str) -> Cidr:
    """Return the network `text`; ValueError."""
    address, slash, bits = text.rpartition("/")
    found = read_ip(address)
    if not slash or not bits.isascii() or not bits.isdecimal() or len(bits) > 3 or (bits[0] == "0" and bits != "0"):
        raise ValueError("no prefix length")
    if int(bits) > found.address.max_prefixlen:
        raise ValueError("a prefix longer than the address")
    return Cidr(found.address, int(bits))


def _ip(_: Budget, text: str) -> Ip:
    try:
        return read_ip(text)
    except ValueError:
        raise CelError(f'IP Address "{text[:MAX_ADDRESS]}" parse error during conversion from string') from None


def _cidr(_: Budget, text: str) -> Cidr:
    try:
        return read_cidr(text)
    except ValueError:
        raise CelError("network address parse error during conversion from string") from None


def _is_ip(_: Budget, text: str) -> bool:
    return is_readable(read_ip, text)


def _is_cidr(_: Budget, text: str) -> bool:
    return is_readable(read_cidr, text)


def _is_canonical(budget: Budget, text: str) -> bool:
    return _ip(budget, text).cel_text == text


def _contains_ip(budget: Budget, cidr: Any, other: Any) -> bool:
    if type(cidr) is not Cidr or type(other) not in (str, Ip):
        raise no_overload()
    found = _ip(budget, other) if type(other) is str else other
    return found.address in cidr.network


def _contains_cidr(budget: Budget, cidr: Any, other: Any) -> bool:
    if type(cidr) is not Cidr or type(other) not in (str, Cidr):
        raise no_overload()
    found = _cidr(budget, other) if type(other) is str else other
    return found.address in cidr.network and found.prefix >= cidr.prefix


def _masked(_: Budget, cidr: Cidr) -> Cidr:
    return Cidr(cidr.network.network_address, cidr.prefix)


def _is_global_unicast(_: Budget, ip: Ip) -> bool:
    address = ip.address
    excluded = address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local
    return not excluded and str(address) != "255.255.255.255"


def _is_link_local_multicast(_: Budget, ip: Ip) -> bool:
    scope = "224.0.0.0/24" if ip.address.version == 4 else "ff02::/16"
    return ip.address in ipaddress.ip_network(scope)


GLOBALS: Final[dict[str, Function]] = {
    "ip": typed(_ip, str),
    "isIP": typed(_is_ip, str),
    "cidr": typed(_cidr, str),
    "isCIDR": typed(_is_cidr, str),
}
NAMESPACES: Final[dict[str, Function]] = {"ip.isCanonical": typed(_is_canonical, str)}
METHODS: Final[dict[str, Function]] = {
    "family": typed(lambda _, ip: ip.address.version, Ip),
    "isUnspecified": typed(lambda _, ip: ip.address.is_unspecified, Ip),
    "isLoopback": typed(lambda _, ip: ip.address.is_loopback, Ip),
    "isLinkLocalUnicast": typed(lambda _, ip: ip.address.is_link_local, Ip),
    "isLinkLocalMulticast": typed(_is_link_local_multicast, Ip),
    "isGlobalUnicast": typed(_is_global_unicast, Ip),
    "containsIP": untyped(_contains_ip, 2),
    "containsCIDR": untyped(_contains_cidr, 2),
    "ip": typed(lambda _, cidr: Ip(cidr.address), Cidr),
    "prefixLength": typed(lambda _, cidr: cidr.prefix, Cidr),
    "masked": typed(_masked, Cidr),
}
