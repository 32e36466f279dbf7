"""Networks whose peers' identity headers may be believed: read strictly, and judged by how wide they are. Pure."""

import ipaddress
from collections.abc import Iterable
from typing import Final

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_TEXT: Final = 64
"""Characters of one network; the longest, an IPv6 address with its prefix, has 43."""

MAX_NETWORKS: Final = 64
"""Networks in one list; each is compared with every call's peer."""

LEAST_PREFIX: Final = {4: 8, 6: 7}
"""Bits of the widest private ranges, 10.0.0.0/8 and fc00::/7. Whatever is wider is no cluster's network."""

PRIVATE: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
"""Ranges that clusters take pods' addresses from: private ones (RFC 1918, RFC 4193), and those that providers share
with their customers (RFC 6598)."""

ACCEPTED: Final = (
    "networks as ADDRESS/BITS, separated by commas, such as 10.42.0.0/16; at least 8 bits in IPv4 and 7 in IPv6"
)
"""What a list of networks looks like, for messages."""


def parse_network(text: str) -> Network:
    """One network, or one address alone; ValueError with the reason, which does not repeat `text`."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"{len(text)} characters: at most {MAX_TEXT} are read")
    address, slash, bits = text.partition("/")
    if slash and not (bits.isascii() and bits.isdecimal() and (bits == "0" or not bits.startswith("0"))):
        raise ValueError("behind the slash belongs a number of bits")
    if "%" in address:
        raise ValueError("an address with a zone is this machine's own matter")
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError("no network, and no address") from None
    if str(network.network_address) != str(ipaddress.ip_address(address)):
        raise ValueError(f"bits are set behind the prefix; that network is {network}")
    _refuse_useless(network)
    return network


def _refuse_useless(network: Network) -> None:
    least = LEAST_PREFIX[network.version]
    if network.prefixlen < least:
        raise ValueError(f"too wide: everybody there could claim to be any agent; at least {least} bits are needed")
    if network.is_loopback:
        raise ValueError("loopback is this pod itself, where the kernel tells who calls")
    if isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped is not None:
        raise ValueError("an IPv4 network is written as such")
    if network.is_multicast or network.is_unspecified:
        raise ValueError("nobody calls from there")


def parse_networks(text: str) -> tuple[Network, ...]:
    """The networks of a list with commas, each once; empty for an empty text. ValueError names the member."""
    members = [each.strip() for each in text.split(",")] if text.strip() else []
    if len(members) > MAX_NETWORKS:
        raise ValueError(f"{len(members)} networks: at most {MAX_NETWORKS} are taken")
    found = []
    for member in members:
        try:
            found.append(parse_network(member))
        except ValueError as error:
            raise ValueError(f"{member[:MAX_TEXT]!r}: {error}") from None
    return tuple(dict.fromkeys(found))


def is_private(network: Network) -> bool:
    """Whether nobody outside an organisation has an address of `network`."""
    return any(within(network, private) for private in PRIVATE)


def contains(networks: Iterable[Network], address: Address) -> bool:
    """Whether `address` is in one of `networks`."""
    return any(address in network for network in networks)


def shown(networks: Iterable[Network]) -> str:
    """`networks` as they are written, separated by commas."""
    return ",".join(map(str, networks))


def within(network: Network, other: Network) -> bool:
    """Whether every address of `network` is in `other`."""
    if isinstance(network, ipaddress.IPv4Network):
        return isinstance(other, ipaddress.IPv4Network) and network.subnet_of(other)
    return isinstance(other, ipaddress.IPv6Network) and network.subnet_of(other)
