"""Certificates for tests, right ones and wrong ones, made in memory by one key."""

import functools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 11, 1, tzinfo=UTC)
BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


@functools.cache
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def certificate(
    *uris: str,
    dns: Iterable[str] = (),
    ca: bool | None = False,
    usage: Iterable[str] | None = ("digital_signature",),
    critical: bool = True,
    extended: Iterable[x509.ObjectIdentifier] | None = BOTH,
    common_name: str = "",
) -> x509.Certificate:
    """A certificate with these names; as it is without more, a proper leaf. None leaves an extension out."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "test")]))
        .public_key(key().public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
    )
    names = [*map(x509.UniformResourceIdentifier, uris), *map(x509.DNSName, dns)]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not common_name)
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if usage is not None:
        builder = builder.add_extension(_usage(set(usage)), critical=critical)
    if extended is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(extended)), critical=False)
    return builder.sign(key(), hashes.SHA256())


def signer(*uris: str, ca: bool | None = True, usage: Iterable[str] | None = ("key_cert_sign",)) -> x509.Certificate:
    """An authority's certificate."""
    return certificate(*uris, ca=ca, usage=usage, extended=None, common_name="authority")


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def url_encoded(*certificates: x509.Certificate) -> str:
    """As Envoy writes Cert and Chain, quotes included."""
    return f'"{quote(pem(*certificates), safe="-")}"'


def _usage(wanted: set[str]) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: name in wanted for name in names})
