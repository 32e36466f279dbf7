"""Formats of a schema: the ones that the API server checks, by the name in `format:` without dashes.

It leaves out those that no CRD of a mesh has: colours, books, credit cards and social security numbers. A format that
is not here is not checked, as the API server does not check one that it does not know.
"""

import ipaddress
import string
from collections.abc import Callable
from typing import Final

from mesh.durations import DurationError, parse_duration
from mesh.schema.names import is_byte, is_date, is_datetime, is_name_part, is_uri, is_uuid, is_uuid_of

MAX_ADDRESS: Final = 64
"""Characters of an address; IPv6 needs 45."""

MAX_HOSTNAME: Final = 255
MAX_HOST_PART: Final = 63
MAX_LONG_NAME: Final = 253
MAC_LENGTHS: Final = (6, 8, 20)
"""Bytes of a MAC address, an EUI-64 and an InfiniBand address."""

_HEX: Final = frozenset(string.hexdigits)
_DIGITS: Final = frozenset(string.digits)
_UNITS: Final = frozenset("nsmhdwuµμ")
"""First letters of the units of a duration, from nanoseconds to weeks."""


def _is_ip(text: str, version: int) -> bool:
    try:
        return len(text) <= MAX_ADDRESS and "%" not in text and ipaddress.ip_address(text).version == version
    except ValueError:
        return False


def _is_cidr(text: str) -> bool:
    address, slash, bits = text.rpartition("/")
    if not slash or not bits or len(bits) > 3 or not _DIGITS.issuperset(bits):
        return False
    return (_is_ip(address, 4) and int(bits) <= 32) or (_is_ip(address, 6) and int(bits) <= 128)


def _is_mac(text: str) -> bool:
    separator = next((each for each in ":-." if each in text), ":")
    groups, digits = text.split(separator), 4 if separator == "." else 2
    whole = all(len(group) == digits and _HEX.issuperset(group) for group in groups)
    return whole and len(groups) * digits // 2 in MAC_LENGTHS


def _is_duration(text: str) -> bool:
    """Whether it is a duration in Go's form, or numbers with units in words, such as `2 weeks`."""
    try:
        parse_duration(text)
    except DurationError:
        words = text.replace(",", " ").split()
        joined = "".join(words).lower()
        unit = joined.lstrip(string.digits)
        return unit != joined and unit[:1] in _UNITS
    return True


def _is_hostname(text: str) -> bool:
    """Whether it is a host name: parts of letters, digits and dashes, the last without digits if there are several."""
    parts = text.split(".")
    if len(text) > MAX_HOSTNAME or not all(map(_is_host_part, parts)):
        return False
    return len(parts) == 1 or (len(parts[-1]) > 1 and parts[-1].isalpha())


def _is_host_part(part: str) -> bool:
    inner = part.replace("-", "a")
    return 0 < len(part) <= MAX_HOST_PART and inner.isalnum() and part[0] != "-" and part[-1] != "-"


def _is_email(text: str) -> bool:
    address = text.rpartition("<")[2].removesuffix(">") if text.endswith(">") else text
    name, at, host = address.rpartition("@")
    return bool(at and name.strip() and host.strip()) and " " not in address


def _is_long_name(text: str) -> bool:
    return len(text) <= MAX_LONG_NAME and all(is_name_part(part) for part in text.split("."))


FORMATS: Final[dict[str, Callable[[str], bool]]] = {
    "byte": is_byte,
    "cidr": _is_cidr,
    "date": is_date,
    "datetime": is_datetime,
    "duration": _is_duration,
    "email": _is_email,
    "hostname": _is_hostname,
    "ipv4": lambda text: _is_ip(text, 4),
    "ipv6": lambda text: _is_ip(text, 6),
    "k8slongname": lambda text: text == text.lower() and "_" not in text and _is_long_name(text),
    "k8sshortname": lambda text: text == text.lower() and not set("_.") & set(text) and is_name_part(text),
    "mac": _is_mac,
    "uri": is_uri,
    "uuid": is_uuid,
    "uuid3": is_uuid_of("3"),
    "uuid4": is_uuid_of("4"),
    "uuid5": is_uuid_of("5"),
}
"""By name, dashes left out."""
