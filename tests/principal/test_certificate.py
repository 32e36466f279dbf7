"""What is read of a caller's certificate."""

import hashlib
from datetime import UTC, datetime

import pytest

from mesh.identity.errors import IdentityError
from principal.auth.certificate import MAX_BYTES, read_certificate
from tests.principal.certificates import client, der
from tests.principal.vectors import make_subjects

SPIFFE = "spiffe://cluster.local/ns/argocd-agents/sa/agent-a"


def test_what_a_certificate_says_is_read() -> None:
    raw = der(client("agent-a", "https://example.com/agent-a"))
    certificate = read_certificate(raw)
    assert certificate.subject == "CN=agent-a"
    assert certificate.common_name == "agent-a"
    assert certificate.uris == ("https://example.com/agent-a",)
    assert certificate.spiffe_id is None
    assert certificate.fingerprint == hashlib.sha256(raw).hexdigest().upper()


def test_an_identity_is_the_spiffe_id_and_without_one_the_subject() -> None:
    assert read_certificate(der(client("agent-a", SPIFFE))).identity == SPIFFE
    assert read_certificate(der(client("agent-a"))).identity == "CN=agent-a"


@pytest.mark.parametrize(
    ("uris", "rule"),
    [
        ((SPIFFE, "https://example.com/x"), "svid-several-uris"),
        ((SPIFFE, SPIFFE.replace("agent-a", "agent-b")), "svid-several-uris"),
        (("SPIFFE://cluster.local/ns/a/sa/b",), "spiffe-scheme-case"),
        (("spiffe://Cluster.local/ns/a/sa/b",), "spiffe-trust-domain-case"),
        (("spiffe://cluster.local/ns/a/sa/b/",), "spiffe-path-trailing-slash"),
        (("spiffe://cluster.local/ns/../sa/b",), "spiffe-path-dot-segment"),
        (("spiffe:cluster.local",), "spiffe-scheme"),
        (("spiffe://cluster.local",), "svid-no-path"),
    ],
)
def test_a_certificate_that_claims_a_spiffe_id_must_keep_its_rules(uris: tuple[str, ...], rule: str) -> None:
    with pytest.raises(IdentityError) as raised:
        read_certificate(der(client("agent-a", *uris)))
    assert raised.value.rule == rule


def test_several_uris_of_other_schemes_are_kept_in_order() -> None:
    uris = ("https://b.example", "urn:a", "https://a.example")
    assert read_certificate(der(client("", *uris))).uris == uris


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"", "certificate-missing"),
        (b"\x30\x00", "certificate-unreadable"),
        (b"x" * (MAX_BYTES + 1), "certificate-length"),
        (make_subjects.certificate(make_subjects.name([[("CN", 0x13, b"a_b")]])), "certificate-unreadable"),
    ],
    ids=["none", "nonsense", "too long", "a subject that Go does not read"],
)
def test_what_is_no_certificate_names_nobody(raw: bytes, rule: str) -> None:
    with pytest.raises(IdentityError) as raised:
        read_certificate(raw)
    assert raised.value.rule == rule


def test_a_certificate_is_good_in_its_lifetime_only() -> None:
    certificate = read_certificate(der(client("agent-a")))
    now = datetime.now(UTC).timestamp()
    certificate.check_lifetime(now)
    certificate.check_lifetime(certificate.not_after)
    with pytest.raises(IdentityError, match="expired 1 s ago"):
        certificate.check_lifetime(certificate.not_after + 1)
    with pytest.raises(IdentityError, match="valid in 1 s only"):
        certificate.check_lifetime(certificate.not_before - 1)
