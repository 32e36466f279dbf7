"""From a call's metadata to the one value of an identity header, and from there to the caller's identity."""

import string
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from mesh.identity.element import MAX_XFCC_BYTES, XfccElement
from mesh.identity.errors import IdentityError, shown
from mesh.identity.linkerd import LinkerdId, parse_client_id
from mesh.identity.spiffe import SpiffeId
from mesh.identity.verdict import Trail
from mesh.identity.xfcc import parse_xfcc
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
        "several-elements": "exactly one element: with more, somebody in front of the own sidecar wrote some of them",
        "no-uri": "an element with one URI; the proxy must be told to write it (set_current_client_cert_details.uri)",
        "empty-uri": "a client certificate with a SPIFFE ID",
        "several-uris": "a client certificate with one URI name, as an X.509-SVID has it",
        "uri-after-dns": "URI before DNS, as Envoy writes them: DNS names are written raw and could hold ';URI='",
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


def choose_element(elements: Sequence[XfccElement]) -> XfccElement:
    """The element whose word counts: the only one. HeaderError when there are more."""
    if len(elements) != 1:
        raise refusal("several-elements", f"the header has {len(elements)} elements")
    return elements[0]


def element_identity(element: XfccElement) -> SpiffeId:
    """The SPIFFE ID of the client in `element`: its one URI. HeaderError or SpiffeIdError otherwise."""
    uris = element.uri
    if len(uris) != 1:
        rule, fault = ("several-uris", f"it has {len(uris)}") if uris else ("no-uri", "it has no URI")
        raise refusal(rule, fault)
    keys = [key for key, _ in element.pairs]
    if "DNS" in keys[: keys.index("URI")]:
        raise refusal("uri-after-dns", "a URI follows a DNS name")
    if not uris[0]:
        raise refusal("empty-uri", "the element's URI is empty: the client certificate has none")
    return SpiffeId.parse(uris[0])


def read_identity(header: str, value: str, trail: Trail) -> SpiffeId | LinkerdId:
    """Who `value` of `header` is, noted on `trail`; IdentityError when nobody, by the broken rule."""
    identity = _from_xfcc(value, trail) if header == XFCC else parse_client_id(value)
    trail.identity = str(identity)
    trail.note("identity", str(identity))
    return identity


def agent_name(text: str) -> str:
    """`text` as an agent's name; HeaderError when it is no DNS-1123 label."""
    if not is_dns1123_label(text):
        raise refusal("agent-not-a-label", f"the name would be {shown(text)}")
    return text


def refusal(rule: str, fault: str) -> HeaderError:
    """The error of `rule`, saying what was wrong (`fault`) and what would be accepted."""
    return HeaderError(rule, f"{fault}; accepted: {RULES[rule]}")


def _from_xfcc(value: str, trail: Trail) -> SpiffeId:
    elements = parse_xfcc(value)
    for place, element in enumerate(elements, start=1):
        trail.note(f"element {place} of {len(elements)}", describe(element))
    return element_identity(choose_element(elements))


def describe(element: XfccElement) -> str:
    """`element` for people: its names, and of certificates only that they are there."""
    parts = (f"{key}={'(present)' if key in {'Cert', 'Chain'} else shown(value)}" for key, value in element.pairs)
    return "; ".join(parts)
