"""From a call's metadata to the one value of an identity header; and what may be the name of an agent."""

import string
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from mesh.identity.element import MAX_XFCC_BYTES
from mesh.identity.errors import IdentityError, shown
from mesh.names import LABEL_RULE, is_dns1123_label

XFCC = "x-forwarded-client-cert"
LINKERD = "l5d-client-id"

MAX_HEADER_BYTES = MAX_XFCC_BYTES
"""Bytes of any identity header; XFCC is the longest of them."""

NAME_CHARACTERS = frozenset(string.ascii_lowercase + string.digits + "-_.")
"""Characters of a gRPC metadata key (gRPC over HTTP/2, "Requests")."""

RULES: Mapping[str, str] = MappingProxyType(
    {
        "header-missing": "the header, written by the sidecar for a caller whose certificate it has verified",
        "header-repeated": "the header once: of several, each reader could believe another",
        "header-length": f"at most {MAX_HEADER_BYTES} bytes",
        "header-character": "printable ASCII",
        "agent-not-a-label": f"an agent's name: {LABEL_RULE}",
    }
)
"""Each rule that refuses a header or the name read from it, with what would be accepted."""


class HeaderError(IdentityError):
    """A header that names nobody; `rule` is one of RULES."""


def one_value(header: str, values: Sequence[str]) -> str:
    """The header's one value; HeaderError when there is none or more than one, or it is too long or unprintable."""
    if not values:
        raise refusal("header-missing", f"the call has no header {header}")
    if len(values) > 1:
        raise refusal("header-repeated", f"the call has the header {header} {len(values)} times")
    value = values[0]
    if len(value) > MAX_HEADER_BYTES:
        raise refusal("header-length", f"the header has {len(value)} bytes")
    if not (value.isascii() and value.isprintable()):
        raise refusal("header-character", f"the header is {shown(value)}")
    return value


def agent_name(text: str) -> str:
    """`text` as an agent's name; HeaderError when it is no DNS-1123 label."""
    if not is_dns1123_label(text):
        raise refusal("agent-not-a-label", f"the name would be {shown(text)}")
    return text


def refusal(rule: str, fault: str) -> HeaderError:
    """The error of `rule`, saying what was wrong (`fault`) and what would be accepted."""
    return HeaderError(rule, f"{fault}; accepted: {RULES[rule]}")
