"""An element's certificate against its URI: where a proxy was told to write Cert, the name is derived again.

Envoy copies the certificate's names into the header as raw text, and has been wrong about names before (a NUL inside a
name, CVE-2025-66220). The certificate itself says who the client is without any text around it. That it is valid the
proxy has checked; only its name is compared here. Chain is not read: it says the same once more.
"""

import string
from collections.abc import Mapping
from types import MappingProxyType

from mesh.identity.element import XfccElement
from mesh.identity.errors import IdentityError, shown
from mesh.identity.spiffe import SpiffeId

RULES: Mapping[str, str] = MappingProxyType(
    {
        "cert-encoding": "Cert as URL-encoded PEM: each '%' before two hex digits",
        "cert-count": "one certificate in Cert",
        "cert-uri": "a certificate whose one URI name is the element's URI",
    }
)
"""Each rule that refuses an element's certificate, with what would be accepted. Its size is bounded by the header's."""

_HEX = frozenset(string.hexdigits)


class ProofError(IdentityError):
    """A certificate that does not show what its element's URI says; `rule` is one of RULES."""


def check_certificate(element: XfccElement, identity: SpiffeId) -> None:
    """ProofError, SvidError or SpiffeIdError when `element` has a certificate, and it is not `identity`'s."""
    if element.cert is None:
        return
    from mesh.identity.svid import certificate_id, load_certificates  # noqa: PLC0415 - few headers have a certificate

    certificates = load_certificates(url_decoded(element.cert))
    if len(certificates) != 1:
        raise _refusal("cert-count", f"it has {len(certificates)}")
    found = certificate_id(certificates[0])
    if found != identity:
        raise _refusal("cert-uri", f"Cert is the certificate of {shown(str(found))}, URI is {shown(str(identity))}")


def url_decoded(text: str) -> bytes:
    """What a URL-encoded ASCII text means; ProofError for a '%' that stands before anything but two hex digits."""
    plain, *coded = text.split("%")
    out = bytearray(_ascii(plain))
    for piece in coded:
        if len(piece) < 2 or not _HEX.issuperset(piece[:2]):
            raise _refusal("cert-encoding", f"'%' stands before {shown(piece[:2])}")
        out.append(int(piece[:2], 16))
        out += _ascii(piece[2:])
    return bytes(out)


def _ascii(text: str) -> bytes:
    if not text.isascii():
        raise _refusal("cert-encoding", "it has a character beyond ASCII")
    return text.encode("ascii")


def _refusal(rule: str, fault: str) -> ProofError:
    return ProofError(rule, f"{fault}; accepted: {RULES[rule]}")
