"""Certificates for tests: one authority for all of them, made once, and a second one that nobody trusts."""

import functools
from datetime import UTC, datetime
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from mesh.lab.ca import CertificateAuthority, Svid
from principal.offer import DEFAULT_OFFER, Offer
from principal.tls import TlsMaterial

LIFETIME = 3600.0
"""Seconds."""


def authority(name: str = "cluster.local") -> CertificateAuthority:
    return _authority(name)


@functools.cache
def _authority(name: str) -> CertificateAuthority:
    return CertificateAuthority(trust_domain=name, now=datetime.now(UTC))


@functools.cache
def server() -> Svid:
    """The principal's certificate."""
    return authority().issue(dns=("localhost",), lifetime=LIFETIME, now=datetime.now(UTC))


@functools.cache
def client(common_name: str = "", *uris: str, authority_: str = "cluster.local", lifetime: float = LIFETIME) -> Svid:
    """An agent's certificate."""
    return authority(authority_).issue(uris=uris, common_name=common_name, lifetime=lifetime, now=datetime.now(UTC))


def der(svid: Svid) -> bytes:
    return x509.load_pem_x509_certificate(svid.certificate).public_bytes(serialization.Encoding.DER)


def write(folder: Path, name: str, svid: Svid) -> tuple[Path, Path]:
    """Certificate and key as files."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    certificate.write_bytes(svid.certificate)
    key.write_bytes(svid.key)
    return certificate, key


def write_roots(folder: Path) -> Path:
    path = folder / "ca.crt"
    path.write_bytes(authority().certificate)
    return path


class FixedTls:
    """TLS whose material a test chooses."""

    def __init__(self, *, require_client_certs: bool = False, offer: Offer = DEFAULT_OFFER) -> None:
        self.require_client_certs = require_client_certs
        self.offer = offer
        roots = authority().certificate if require_client_certs else None
        self.material = TlsMaterial(server().certificate, server().key, roots)

    def refresh(self) -> None:
        """Nothing changes."""


def trusting(svid: Svid | None = None) -> grpc.ChannelCredentials:
    """A client that verifies the principal, and shows `svid` if it is asked for a certificate."""
    pair = (None, None) if svid is None else (svid.key, svid.certificate)
    return grpc.ssl_channel_credentials(authority().certificate, *pair)
