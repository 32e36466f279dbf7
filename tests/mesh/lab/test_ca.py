"""An SVID has the shape of a mesh's (X509-SVID §3 to §5), and is good for mTLS."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store

from mesh.lab.ca import CertificateAuthority

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
ID = "spiffe://cluster.local/ns/argocd-agents/sa/agent-a"


@pytest.fixture
def authority() -> CertificateAuthority:
    return CertificateAuthority(trust_domain="cluster.local", now=NOW)


def leaf(authority: CertificateAuthority, **options) -> x509.Certificate:
    options = {"uris": (ID,), "lifetime": 3600, "now": NOW} | options
    return x509.load_pem_x509_certificate(authority.issue(**options).certificate)


def test_an_svid_has_one_uri_in_a_critical_san_and_an_empty_subject(authority):
    certificate = leaf(authority)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.critical
    assert names.value.get_values_for_type(x509.UniformResourceIdentifier) == [ID]
    assert len(list(names.value)) == 1
    assert not list(certificate.subject)


def test_an_svid_is_p256_and_cannot_sign_certificates(authority):
    certificate = leaf(authority)
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.digital_signature, usage.value.key_encipherment) == (True, True)
    assert (usage.value.key_cert_sign, usage.value.crl_sign) == (False, False)


def test_an_svid_serves_and_calls(authority):
    usages = leaf(authority).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usages) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}


def test_the_root_verifies_its_svids_and_no_others(authority):
    def verify(certificate: x509.Certificate) -> None:
        root = x509.load_pem_x509_certificate(authority.certificate)
        PolicyBuilder().store(Store([root])).time(NOW).build_client_verifier().verify(certificate, [])

    verify(leaf(authority))
    impostor = CertificateAuthority(trust_domain="cluster.local", now=NOW)
    with pytest.raises(x509.verification.VerificationError):
        verify(leaf(impostor))


def test_a_lifetime_counts_from_now_and_zero_has_expired(authority):
    assert leaf(authority, lifetime=60).not_valid_after_utc == NOW + timedelta(seconds=60)
    expired = leaf(authority, lifetime=-3600)
    assert expired.not_valid_before_utc < expired.not_valid_after_utc < NOW


def test_a_subject_makes_the_san_uncritical(authority):
    certificate = leaf(authority, common_name="agent", dns=("a.example",))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert not names.critical
    assert names.value.get_values_for_type(x509.DNSName) == ["a.example"]


def test_without_names_there_is_no_san(authority):
    with pytest.raises(x509.ExtensionNotFound):
        leaf(authority, uris=()).extensions.get_extension_for_class(x509.SubjectAlternativeName)
