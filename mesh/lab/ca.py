"""A certificate authority of the lab, and the X.509-SVIDs it signs.

SVIDs have the shape that Istio's have: EC P-256, empty subject, one URI in a critical SAN, CA:FALSE, key usage for
signing and key agreement, both extended usages (X509-SVID §3 to §5). Nothing is checked against SPIFFE's rules here:
tests need certificates that break them. The clock is an argument; the authority's key never leaves memory.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT_LIFETIME = timedelta(days=30)
"""A lab lives minutes; a root that someone forgets on a disk shall not live for ever."""

BACKDATED = timedelta(minutes=1)
"""How far `notBefore` lies in the past, for clocks that differ a little (Istio backdates likewise)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Svid:
    """A signed certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes
    serial: int
    not_after: datetime


class CertificateAuthority:
    """A self-signed root that signs SVIDs."""

    def __init__(self, *, trust_domain: str, now: datetime) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, trust_domain)])
        self._certificate = self._root(now)

    @property
    def certificate(self) -> bytes:
        """The root certificate, PEM."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def issue(
        self,
        *,
        uris: tuple[str, ...] = (),
        dns: tuple[str, ...] = (),
        common_name: str = "",
        lifetime: float,
        now: datetime,
    ) -> Svid:
        """Sign a fresh key; `lifetime` is in seconds, zero or less gives a certificate that has already expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        not_after = now + timedelta(seconds=lifetime)
        subject = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else []
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(subject))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, not_after) - BACKDATED)
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        names = [*map(x509.UniformResourceIdentifier, uris), *map(x509.DNSName, dns)]
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not subject)
        certificate = builder.sign(self._key, hashes.SHA256())
        return Svid(
            certificate=certificate.public_bytes(serialization.Encoding.PEM),
            key=key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
            serial=certificate.serial_number,
            not_after=not_after,
        )

    def _root(self, now: datetime) -> x509.Certificate:
        """The self-signed certificate that signs no further authority."""
        public = self._key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(now + ROOT_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self._key, hashes.SHA256())
        )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """What a key may do: an authority's signs certificates, a workload's signs handshakes."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_encipherment=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
