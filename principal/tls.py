"""The principal's own TLS: its certificate and key, and the authorities that vouch for agents.

All of it is PEM and is checked here, so that a door meets only what works. Files are read again when they change:
certificates are renewed while streams live, and new connections get the new one. A certificate that does not fit its
key (two files are never replaced at once) waits for the other half.
"""

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from principal.auth.errors import FileError
from principal.auth.followed import FollowedFile
from principal.offer import DEFAULT_OFFER, Offer

log = structlog.stdlib.get_logger(__name__)

GENERATED_FOR: Final = timedelta(days=365)
"""How long a generated certificate is valid: longer than one run of a principal that is only tried out."""

BACKDATED: Final = timedelta(minutes=5)
"""How far its beginning lies in the past, for clocks that differ a little."""

GENERATED_NAME: Final = "meshtether-principal"

MAX_DNS_NAME: Final = 253
"""Characters of a DNS name (RFC 1035: 255 bytes with their lengths)."""


@dataclass(frozen=True, slots=True)
class TlsMaterial:
    """What a TLS server needs, as PEM."""

    certificate: bytes
    """The server's certificate, and its chain behind it."""
    key: bytes = field(repr=False)
    roots: bytes | None
    """The authorities that may sign agents' certificates; None where none are asked for."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the server's certificate, in upper-case hex."""
        return x509.load_pem_x509_certificate(self.certificate).fingerprint(hashes.SHA256()).hex().upper()


class Tls(Protocol):
    """What a door serves TLS with."""

    @property
    def require_client_certs(self) -> bool:
        """Whether agents must show a certificate."""

    @property
    def offer(self) -> Offer:
        """What to negotiate about; only the principal's own door can."""

    @property
    def material(self) -> TlsMaterial:
        """What to serve new connections with. Never blocks."""

    def refresh(self) -> None:
        """Read what has changed. Blocks."""


class ServerTls:
    """One server's TLS. Making and refreshing it blocks; FileError when something is missing or does not fit."""

    def __init__(
        self,
        *,
        certificate: Path,
        key: Path,
        roots: Path | None,
        require_client_certs: bool,
        offer: Offer = DEFAULT_OFFER,
    ) -> None:
        self.require_client_certs = require_client_certs
        self.offer = offer
        self._certificate = FollowedFile(certificate, _read_chain, what="server's certificate")
        self._key = FollowedFile(key, _read_key, what="server's key")
        self._roots = _follow_roots(roots)
        self._material = self._combined()

    @property
    def material(self) -> TlsMaterial:
        """What to serve new connections with. Never blocks."""
        return self._material

    def refresh(self) -> None:
        """Read what has changed."""
        files = (file for file in (self._certificate, self._key, self._roots) if file is not None)
        if not sum(file.refresh() for file in files):  # each is looked at
            return
        try:
            self._material = self._combined()
        except FileError as error:
            log.warning("new certificate waits for its key: the old ones stay in force", reason=str(error))
            return
        log.info("certificate for new connections", sha256=self._material.fingerprint)

    def _combined(self) -> TlsMaterial:
        certificate, key = self._certificate.value, self._key.value
        leaf = x509.load_pem_x509_certificate(certificate)
        private = serialization.load_pem_private_key(key, password=None)
        if _public(private.public_key()) != _public(leaf.public_key()):
            raise FileError(f"{self._key.path}: not the key of the certificate in {self._certificate.path}")
        left = leaf.not_valid_after_utc - datetime.now(UTC)
        if left < timedelta(0):
            log.warning("the server's certificate has expired: agents will refuse it", path=str(self._certificate.path))
        return TlsMaterial(certificate, key, self._roots.value if self._roots is not None else None)


class GeneratedTls:
    """The same with a self-signed certificate made for this run: agents must not verify it."""

    def __init__(
        self,
        *,
        hosts: Iterable[str],
        roots: Path | None,
        require_client_certs: bool,
        now: datetime,
        offer: Offer = DEFAULT_OFFER,
    ) -> None:
        self.require_client_certs = require_client_certs
        self.offer = offer
        self._roots = _follow_roots(roots)
        self._certificate, self._key = generate(hosts, now=now)

    @property
    def material(self) -> TlsMaterial:
        """What to serve new connections with. Never blocks."""
        return TlsMaterial(self._certificate, self._key, self._roots.value if self._roots is not None else None)

    def refresh(self) -> None:
        """Read the authorities again if they have changed."""
        if self._roots is not None:
            self._roots.refresh()


def generate(hosts: Iterable[str], *, now: datetime) -> tuple[bytes, bytes]:
    """A self-signed certificate for `hosts` (names and addresses) and loopback, and its key, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, GENERATED_NAME)])
    names = dict.fromkeys(
        general for host in ("localhost", "127.0.0.1", "::1", *hosts) if (general := _general_name(host)) is not None
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + GENERATED_FOR)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(pem), private


def own_names(listen_host: str) -> tuple[str, ...]:
    """Names that this machine may be called by: the address it listens on, and its host name."""
    return (listen_host, socket.gethostname())


def _general_name(host: str) -> x509.GeneralName | None:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        plain = host.isascii() and host.replace("-", "").replace(".", "").isalnum()
        return x509.DNSName(host) if plain and len(host) <= MAX_DNS_NAME else None


def _follow_roots(path: Path | None) -> FollowedFile[bytes] | None:
    return None if path is None else FollowedFile(path, _read_chain, what="authorities that sign agents")


def _read_chain(content: bytes, source: str) -> bytes:
    try:
        x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise FileError(f"{source}: no certificates in PEM: {error}") from error
    return content


def _read_key(content: bytes, source: str) -> bytes:
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise FileError(f"{source}: not an unencrypted private key in PEM: {error}") from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise FileError(f"{source}: a {type(key).__name__}: an RSA or elliptic-curve key is needed")
    return content


def _public(key: object) -> bytes:
    """A public key in one spelling, to compare."""
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return b""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
