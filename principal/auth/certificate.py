"""What a caller's certificate says: subject in Go's form, URI names, lifetime, fingerprint, and whose it is.

That it is genuine (signatures, authorities, possession of the key) TLS has checked in the handshake. Whatever can't be
read to the end names nobody.
"""

import hashlib
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

from mesh.identity.errors import shown
from mesh.identity.spiffe import SpiffeId
from mesh.identity.svid import SvidError, X509Svid, certificate_id
from principal.auth import der, distinguished
from principal.auth.errors import RefusedError

MAX_BYTES: Final = 32 * 1024
"""Bytes of one certificate that are read; real ones have one to four thousand."""

REMEMBERED: Final = 1024
"""Certificates kept in their read form: each call of a connection brings the same one again."""

SPIFFE_SCHEME: Final = "spiffe:"


@dataclass(frozen=True, slots=True)
class PeerCertificate:
    """A caller's certificate, read."""

    fingerprint: str
    """SHA-256 of its DER, 64 hex digits in upper case."""
    subject: str
    """As Go's pkix.Name.String() writes it."""
    common_name: str
    """The subject's common name, the last if there are several; empty if there is none."""
    uris: tuple[str, ...]
    """Its URI names, in the certificate's order."""
    spiffe_id: SpiffeId | None
    """Its SPIFFE ID, if it claims one; a certificate whose claim breaks a rule can't be read."""
    not_before: float
    """Seconds since 1970."""
    not_after: float
    """Seconds since 1970."""

    @property
    def identity(self) -> str:
        """Whose it is: the SPIFFE ID, else the subject."""
        return self.subject if self.spiffe_id is None else str(self.spiffe_id)

    def check_lifetime(self, now: float) -> None:
        """Raise RefusedError unless it is valid at `now`: a connection may outlive the certificate it began with."""
        if now > self.not_after:
            raise RefusedError(
                "certificate-expired",
                f"the certificate of {shown(self.identity)} expired {now - self.not_after:.0f} s ago; accepted: a new "
                "connection with a valid one",
            )
        if now < self.not_before:
            raise RefusedError(
                "certificate-not-yet-valid",
                f"the certificate of {shown(self.identity)} is valid in {self.not_before - now:.0f} s only; "
                "accepted: a valid one",
            )


def fingerprint(certificate: bytes) -> str:
    """SHA-256 of a certificate in DER, in upper-case hex."""
    return hashlib.sha256(certificate).hexdigest().upper()


@lru_cache(maxsize=REMEMBERED)
def read_certificate(certificate: bytes) -> PeerCertificate:
    """A certificate in DER, read; IdentityError where it can't be, or claims a SPIFFE ID that it can't have."""
    if not certificate:
        raise RefusedError("certificate-missing", "the caller showed no certificate; accepted: one of --root-ca-path")
    if len(certificate) > MAX_BYTES:
        raise RefusedError(
            "certificate-length", f"the certificate has {len(certificate)} bytes; accepted: at most {MAX_BYTES}"
        )
    names = distinguished.attributes(der.subject(certificate))
    read = _load(certificate)
    uris = _uris(read)
    return PeerCertificate(
        fingerprint=fingerprint(certificate),
        subject=distinguished.written(names),
        common_name=distinguished.common_name(names),
        uris=uris,
        spiffe_id=_spiffe_id(read) if any(uri.lower().startswith(SPIFFE_SCHEME) for uri in uris) else None,
        not_before=read.not_valid_before_utc.timestamp(),
        not_after=read.not_valid_after_utc.timestamp(),
    )


def _load(certificate: bytes) -> x509.Certificate:
    try:
        with warnings.catch_warnings():
            # The library warns of certificates that later releases will refuse; here they are refused at once.
            warnings.simplefilter("error", CryptographyDeprecationWarning)
            return x509.load_der_x509_certificate(certificate)
    except (ValueError, CryptographyDeprecationWarning) as error:
        raise _unreadable(error) from error


def _uris(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise _unreadable(error) from error
    return tuple(names.get_values_for_type(x509.UniformResourceIdentifier))


def _spiffe_id(certificate: x509.Certificate) -> SpiffeId:
    try:
        return X509Svid(certificate).spiffe_id
    except SvidError as error:
        # Issuers of client certificates leave serverAuth out, though X509-SVID (4.4) asks for both usages. The usage
        # that matters here, clientAuth, TLS has checked. Nothing else is forgiven.
        if error.rule != "svid-extended-key-usage":
            raise
        return certificate_id(certificate)


def _unreadable(error: Exception) -> RefusedError:
    return RefusedError(
        "certificate-unreadable", f"the certificate can't be read ({shown(str(error))}); accepted: X.509 by RFC 5280"
    )
