"""Forms of names and texts that Kubernetes knows by name, without regular expressions."""

import base64
import string
from collections.abc import Callable
from functools import partial
from typing import Final

from mesh.names import MAX_LABEL, MAX_SUBDOMAIN, is_dns1123_label, is_dns1123_subdomain
from mesh.schema.cel.readable import is_readable
from mesh.schema.cel.times import read_date, read_timestamp
from mesh.schema.cel.urls import read_url

_LOWER: Final = frozenset(string.ascii_lowercase)
_HEX: Final = frozenset(string.hexdigits)
_ALPHANUMERIC: Final = frozenset(string.ascii_letters + string.digits)
_NAME: Final = _ALPHANUMERIC | frozenset("-_.")
_UUID: Final = (8, 4, 4, 4, 12)
"""Hexadecimal digits of the groups."""


def is_dns1035_label(text: str) -> bool:
    """A label that begins with a letter."""
    return is_dns1123_label(text) and text[0] in _LOWER


def _is_prefix(is_name: Callable[[str], bool]) -> Callable[[str], bool]:
    """Whether a text may begin a generated name: what is added ends in a letter or digit."""
    return lambda text: is_name(f"{text[:-1]}a" if text.endswith("-") else text)


def is_name_part(text: str) -> bool:
    """Letters, digits and `-_.`, beginning and ending with a letter or digit, 63 at most."""
    ends = text[:1] in _ALPHANUMERIC and text[-1:] in _ALPHANUMERIC
    return 0 < len(text) <= MAX_LABEL and ends and _NAME.issuperset(text)


def is_label_value(text: str) -> bool:
    """What a label may have as its value."""
    return not text or is_name_part(text)


def is_qualified_name(text: str) -> bool:
    """What a label may have as its key: a name, perhaps behind a domain and a slash."""
    prefix, slash, name = text.rpartition("/")
    return is_name_part(name) and (not slash or (len(prefix) <= MAX_SUBDOMAIN and is_dns1123_subdomain(prefix)))


def is_byte(text: str) -> bool:
    """Base64 with its padding."""
    return is_readable(partial(base64.b64decode, validate=True), "".join(text.split("\n")))


def is_date(text: str) -> bool:
    """A day, `YYYY-MM-DD`."""
    return is_readable(read_date, text)


def is_datetime(text: str) -> bool:
    """A moment in RFC 3339; `t` and `z` may be small."""
    return is_readable(read_timestamp, text.upper())


def is_uri(text: str) -> bool:
    """What Go's url.ParseRequestURI takes."""
    return is_readable(read_url, text)


def is_uuid(text: str) -> bool:
    """Thirty-two hexadecimal digits, with or without a dash between each group and the next."""
    at = 0
    for number, length in enumerate(_UUID):
        at += number > 0 and text[at : at + 1] == "-"
        group = text[at : at + length]
        if len(group) != length or not _HEX.issuperset(group):
            return False
        at += length
    return at == len(text)


def is_uuid_of(version: str) -> Callable[[str], bool]:
    """Whether a text is a UUID of the version, a digit; from version 4 on the variant counts as well."""

    def check(text: str) -> bool:
        digits = text.replace("-", "")
        return is_uuid(text) and digits[12] == version and (version == "3" or digits[16].lower() in "89ab")

    return check


NAMED: Final[dict[str, Callable[[str], bool]]] = {
    "dns1123Label": is_dns1123_label,
    "dns1123Subdomain": is_dns1123_subdomain,
    "dns1035Label": is_dns1035_label,
    "qualifiedName": is_qualified_name,
    "dns1123LabelPrefix": _is_prefix(is_dns1123_label),
    "dns1123SubdomainPrefix": _is_prefix(is_dns1123_subdomain),
    "dns1035LabelPrefix": _is_prefix(is_dns1035_label),
    "labelValue": is_label_value,
    "uri": is_uri,
    "uuid": is_uuid,
    "byte": is_byte,
    "date": is_date,
    "datetime": is_datetime,
}
"""By the names that CEL's `format.named` knows."""
