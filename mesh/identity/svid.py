"""X.509-SVIDs: certificates whose one URI name is a SPIFFE ID.

Rules of the X.509-SVID standard (spiffe/spiffe, standards/X509-SVID.md): exactly one URI name, read by the same code as
a header's; a leaf names a workload and signs nothing but handshakes; what stands behind it in the chain is an authority
(section 4 and 5.2). Signatures, lifetime and trust are the TLS library's business, or the proxy's: it has checked them
before anybody reads a name.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self, TypeVar, final

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID

from mesh.identity.errors import IdentityError, shown
from mesh.identity.spiffe import SpiffeId

MAX_PEM_BYTES = 64 * 1024
"""Bytes of PEM that are read: a chain of eight certificates with RSA keys of 4096 bits takes 24 KiB."""

MAX_CERTIFICATES = 8
"""Certificates in a chain: real ones have one to three, TLS libraries stop at about ten."""

RULES: Mapping[str, str] = MappingProxyType(
    {
        "svid-length": f"at most {MAX_PEM_BYTES} bytes of PEM",
        "svid-certificate": "X.509 certificates in PEM that can be read to the end",
        "svid-certificates": f"1 to {MAX_CERTIFICATES} certificates, the workload's own first",
        "svid-no-uri": "a certificate with a URI name (subject alternative name)",
        "svid-several-uris": "a certificate with one URI name",
        "svid-no-path": "a leaf whose SPIFFE ID has a path: without one it names a trust domain",
        "svid-leaf-ca": "a leaf that is no certificate authority",
        "svid-digital-signature": "a leaf with the key usage digitalSignature",
        "svid-leaf-cert-sign": "a leaf without the key usage keyCertSign",
        "svid-leaf-crl-sign": "a leaf without the key usage cRLSign",
        "svid-key-usage-critical": "a leaf whose key usage is marked critical",
        "svid-extended-key-usage": "a leaf with both extended key usages, serverAuth and clientAuth, or none",
        "svid-signer-not-ca": "certificate authorities behind the leaf",
        "svid-signer-cert-sign": "authorities with the key usage keyCertSign",
        "svid-signer-path": "authorities without a URI name, or with one SPIFFE ID without a path",
    }
)
"""Each rule that refuses a certificate, with what would be accepted. The URI itself has the rules of SPIFFE IDs."""

_BOTH_USAGES = frozenset({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH})

_UNREADABLE = (
    ValueError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    CryptographyDeprecationWarning,
)
"""What the library raises for a certificate that it cannot read, at once or when an extension is asked for."""

_T = TypeVar("_T")
_E = TypeVar("_E", bound=x509.ExtensionType)


class SvidError(IdentityError):
    """A certificate that is no X.509-SVID; `rule` is one of RULES."""


@final
@dataclass(frozen=True, slots=True)
class X509Svid:
    """A workload's certificate with its chain; one that breaks a rule cannot be built (SvidError, SpiffeIdError)."""

    certificate: x509.Certificate
    signers: tuple[x509.Certificate, ...] = ()
    """The authorities behind it, nearest first; the root is mostly left out."""

    def __post_init__(self) -> None:
        _check_leaf(self.certificate)
        for signer in self.signers:
            _check_signer(signer)

    @classmethod
    def parse(cls, pem: bytes) -> Self:
        """The SVID that `pem` holds, the workload's certificate first."""
        certificate, *signers = load_certificates(pem)
        return cls(certificate, tuple(signers))

    @property
    def spiffe_id(self) -> SpiffeId:
        """Whose certificate it is."""
        return certificate_id(self.certificate)


def load_certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates of a bounded PEM text, at least one; SvidError otherwise. None of them is judged."""
    if len(pem) > MAX_PEM_BYTES:
        raise _refusal("svid-length", f"the text has {len(pem)} bytes")
    found = _read(lambda: _load(pem))
    if len(found) > MAX_CERTIFICATES:
        raise _refusal("svid-certificates", f"there are {len(found)}")
    return tuple(found)


def certificate_id(certificate: x509.Certificate) -> SpiffeId:
    """The SPIFFE ID in the certificate's one URI name; SvidError or SpiffeIdError otherwise."""
    uris = _uri_names(certificate)
    if len(uris) != 1:
        rule, fault = ("svid-several-uris", f"it has {len(uris)}") if uris else ("svid-no-uri", "it has none")
        raise _refusal(rule, fault)
    return SpiffeId.from_uri(uris[0])


def _uri_names(certificate: x509.Certificate) -> list[x509.UniformResourceIdentifier]:
    names = _extension(certificate, x509.SubjectAlternativeName)
    return [] if names is None else [each for each in names.value if isinstance(each, x509.UniformResourceIdentifier)]


def _check_leaf(certificate: x509.Certificate) -> None:
    """Raise for the first rule of section 4 and 5.2 that the workload's own certificate breaks."""
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.value.ca:
        raise _refusal("svid-leaf-ca", "its basic constraints say CA")
    usage = _extension(certificate, x509.KeyUsage)
    if usage is None or not usage.value.digital_signature:
        raise _refusal("svid-digital-signature", "its key may sign no handshake")
    if usage.value.key_cert_sign:
        raise _refusal("svid-leaf-cert-sign", "its key may sign certificates")
    if usage.value.crl_sign:
        raise _refusal("svid-leaf-crl-sign", "its key may sign revocation lists")
    if not usage.critical:
        raise _refusal("svid-key-usage-critical", "its key usage may be ignored")
    extended = _extension(certificate, x509.ExtendedKeyUsage)
    if extended is not None and not _BOTH_USAGES.issubset(extended.value):
        raise _refusal("svid-extended-key-usage", "one of the two is missing")
    identity = certificate_id(certificate)
    if not identity.path:
        raise _refusal("svid-no-path", f"its SPIFFE ID is {shown(str(identity))}")


def _check_signer(certificate: x509.Certificate) -> None:
    """Raise for the first rule of section 4 that an authority of the chain breaks."""
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is None or not constraints.value.ca:
        raise _refusal("svid-signer-not-ca", "a certificate of the chain is no authority's")
    usage = _extension(certificate, x509.KeyUsage)
    if usage is None or not usage.value.key_cert_sign:
        raise _refusal("svid-signer-cert-sign", "the key of an authority may not sign certificates")
    if _uri_names(certificate) and (identity := certificate_id(certificate)).path:
        raise _refusal("svid-signer-path", f"an authority's SPIFFE ID is {shown(str(identity))}")


def _extension(certificate: x509.Certificate, kind: type[_E]) -> x509.Extension[_E] | None:
    """The certificate's extension of this kind; None without."""
    extensions = _read(lambda: certificate.extensions)
    try:
        return extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def _read(work: Callable[[], _T]) -> _T:
    """What `work` reads of a certificate. It is parsed lazily, and each step has errors of its own."""
    try:
        return work()
    except _UNREADABLE as error:
        raise _refusal("svid-certificate", f"it cannot be read ({shown(str(error))})") from None


def _load(pem: bytes) -> list[x509.Certificate]:
    with warnings.catch_warnings():
        # The library warns of certificates that later releases will refuse; here they are refused at once.
        warnings.simplefilter("error", CryptographyDeprecationWarning)
        return x509.load_pem_x509_certificates(pem)


def _refusal(rule: str, fault: str) -> SvidError:
    return SvidError(rule, f"{fault}; accepted: {RULES[rule]}")
