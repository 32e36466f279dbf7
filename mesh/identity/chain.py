"""Which element of `x-forwarded-client-cert` describes the caller, and who that is.

The header is believed from its right end, for only there it is known who wrote: the principal's own sidecar wrote the
last element. If that names a trusted gateway, the gateway wrote the one before it, and so on. What stands in front of
the caller's element came from the caller, so that the header is refused: an honest caller's sidecar sends none.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from mesh.identity.element import XfccElement
from mesh.identity.errors import IdentityError, shown
from mesh.identity.options import IdentityOptions
from mesh.identity.proof import check_certificate
from mesh.identity.spiffe import SpiffeId
from mesh.identity.verdict import Trail

RULES: Mapping[str, str] = MappingProxyType(
    {
        "several-elements": "exactly one element: with more, somebody in front of the own sidecar wrote some of them; "
        "or a gateway did, which --trusted-gateway names",
        "gateway-untrusted": "as the last of several elements, one of a gateway that --trusted-gateway names",
        "gateway-chain": "one element in front of the trusted gateways': the caller's",
        "gateway-alone": "who called the trusted gateway; the gateway itself is nobody's agent",
        "gateway-by": "in the element that a gateway wrote, By equal to the gateway's SPIFFE ID, or none",
        "no-by": "an element with By, as every sidecar with a SPIFFE ID writes it",
        "other-by": "one By, equal to --own-identity",
        "no-uri": "an element with one URI; the proxy must be told to write it (set_current_client_cert_details.uri)",
        "empty-uri": "a client certificate with a SPIFFE ID",
        "several-uris": "a client certificate with one URI name, as an X.509-SVID has it",
        "uri-after-dns": "URI before DNS, as Envoy writes them: DNS names are written raw and could hold ';URI='",
    }
)
"""Each rule that refuses a header that could be read, with what would be accepted."""


class ChainError(IdentityError):
    """Elements of which none surely describes the caller; `rule` is one of RULES."""


def find_caller(
    elements: Sequence[XfccElement], options: IdentityOptions, trail: Trail
) -> tuple[XfccElement, SpiffeId]:
    """The element that describes the caller, and the SPIFFE ID in it; IdentityError when there is none for sure."""
    gateways = options.trusted_gateways
    if len(elements) > 1 and not gateways:
        raise _refusal("several-elements", f"the header has {len(elements)} elements")
    _check_own(elements[-1], options, trail)
    for place in range(len(elements), 0, -1):
        element = elements[place - 1]
        identity = element_identity(element)
        if identity not in gateways:
            _check_front(place, len(elements), identity)
            if element.cert is not None:
                trail.note("certificate", "its one URI name is the element's URI")
            return element, identity
        trail.note("gateway", f"{identity} is trusted to say who called it")
        if place > 1:
            _check_gateway(elements[place - 2], identity, options)
    raise _refusal("gateway-alone", "the header names gateways only")


def element_identity(element: XfccElement) -> SpiffeId:
    """The SPIFFE ID of the client in `element`: its one URI, which its certificate has if there is one.

    ChainError, ProofError, SvidError or SpiffeIdError otherwise.
    """
    uris = element.uri
    if len(uris) != 1:
        rule, fault = ("several-uris", f"it has {len(uris)}") if uris else ("no-uri", "it has no URI")
        raise _refusal(rule, fault)
    keys = [key for key, _ in element.pairs]
    if "DNS" in keys[: keys.index("URI")]:
        raise _refusal("uri-after-dns", "a URI follows a DNS name")
    if not uris[0]:
        raise _refusal("empty-uri", "the element's URI is empty: the client certificate has none")
    identity = SpiffeId.parse(uris[0])
    check_certificate(element, identity)
    return identity


def describe(element: XfccElement) -> str:
    """`element` for people: its names, and of certificates only that they are there."""
    parts = (f"{key}={'(present)' if key in {'Cert', 'Chain'} else shown(value)}" for key, value in element.pairs)
    return "; ".join(parts)


def _check_own(element: XfccElement, options: IdentityOptions, trail: Trail) -> None:
    """The last element must be the own sidecar's, where its identity is known."""
    own = options.own_identity
    if own is None:
        return
    if not element.by:
        raise _refusal("no-by", "the last element has no By")
    if element.by != (str(own),):
        raise _refusal("other-by", f"By of the last element is {shown(' and '.join(element.by))}, not {own}")
    trail.note("own", f"By is {own}")


def _check_gateway(element: XfccElement, gateway: SpiffeId, options: IdentityOptions) -> None:
    """Where By is pinned, an element must say that the gateway wrote it.

    A gateway whose own certificate has no URI, such as a public one, writes no By.
    """
    if options.own_identity is not None and element.by not in {(), (str(gateway),)}:
        raise _refusal("gateway-by", f"By is {shown(' and '.join(element.by))} in front of the element of {gateway}")


def _check_front(place: int, count: int, identity: SpiffeId) -> None:
    """Nothing may stand in front of the caller's element, at `place` of `count`."""
    if place == 1:
        return
    if place == count:
        raise _refusal("gateway-untrusted", f"the last of {count} elements is {identity}'s")
    raise _refusal("gateway-chain", f"{place - 1} more stand in front of {identity}'s")


def _refusal(rule: str, fault: str) -> ChainError:
    return ChainError(rule, f"{fault}; accepted: {RULES[rule]}")
