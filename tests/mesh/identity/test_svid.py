import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from mesh.identity.errors import IdentityError
from mesh.identity.spiffe import RULES as SPIFFE_RULES
from mesh.identity.spiffe import SpiffeId, SpiffeIdError
from mesh.identity.svid import (
    MAX_CERTIFICATES,
    MAX_PEM_BYTES,
    RULES,
    SvidError,
    X509Svid,
    certificate_id,
    load_certificates,
)
from tests.conftest import missing
from tests.mesh.identity import hostile
from tests.mesh.identity.certificates import certificate, pem, signer
from tests.mesh.identity.samples import AGENT_A, ATTACKER
from tests.mesh.identity.strategies import spiffe_ids

VECTORS = {
    "good-leaf-only.pem": None,
    "good-leaf-and-intermediate.pem": None,
    "corrupt-cert.pem": "svid-certificate",
    "wrong-leaf-ca-true.pem": "svid-leaf-ca",
    "wrong-leaf-cert-sign.pem": "svid-leaf-cert-sign",
    "wrong-leaf-crl-sign.pem": "svid-leaf-crl-sign",
    "wrong-leaf-no-digital-signature.pem": "svid-digital-signature",
    "wrong-leaf-empty-id.pem": "svid-no-uri",
    "wrong-intermediate-no-ca.pem": "svid-signer-not-ca",
    "wrong-intermediate-no-key-cert-sign.pem": "svid-signer-cert-sign",
}
"""Public test files, each with the rule that refuses it; None for the good ones."""


def refusal(data: bytes) -> str:
    with pytest.raises(IdentityError) as refused:
        X509Svid.parse(data)
    assert str(refused.value).isascii()
    return refused.value.rule


def test_every_public_file_is_judged_by_its_rule() -> None:
    shared = Path(os.environ.get("MESHTETHER_SHARED") or Path(__file__).parents[4] / "shared")
    folder = shared / "vectors" / "x509"
    if not folder.is_dir():
        missing(f"the SVID test files are not at {folder}; MESHTETHER_SHARED names their directory")
    assert {path.name for path in folder.iterdir()} == set(VECTORS)
    for name, rule in VECTORS.items():
        data = (folder / name).read_bytes()
        if rule is None:
            assert str(X509Svid.parse(data).spiffe_id) == "spiffe://example.org/workload-1"
        else:
            assert refusal(data) == rule, name


WRONG: dict[str, list[dict[str, Any]]] = {
    "svid-no-uri": [
        {"uris": ()},
        {"uris": (), "dns": ["agent-a"]},
        {"uris": (), "dns": ["spiffe"], "common_name": "x"},
    ],
    "svid-several-uris": [
        {"uris": (AGENT_A, ATTACKER)},
        {"uris": (AGENT_A, AGENT_A)},
        {"uris": (AGENT_A, "https://x")},
    ],
    "svid-no-path": [{"uris": ("spiffe://cluster.local",)}],
    "svid-leaf-ca": [{"ca": True}, {"ca": True, "usage": ["digital_signature", "key_cert_sign"]}],
    "svid-digital-signature": [{"usage": None}, {"usage": []}, {"usage": ["key_agreement"]}],
    "svid-leaf-cert-sign": [{"usage": ["digital_signature", "key_cert_sign"]}],
    "svid-leaf-crl-sign": [{"usage": ["digital_signature", "crl_sign"]}],
    "svid-key-usage-critical": [{"critical": False}],
    "svid-extended-key-usage": [
        {"extended": [ExtendedKeyUsageOID.SERVER_AUTH]},
        {"extended": [ExtendedKeyUsageOID.CLIENT_AUTH]},
        {"extended": [ExtendedKeyUsageOID.EMAIL_PROTECTION]},
    ],
}
"""By rule, what is wrong with an otherwise proper leaf."""


@pytest.mark.parametrize(("rule", "flaw"), [(rule, flaw) for rule, flaws in WRONG.items() for flaw in flaws])
def test_a_leaf_with_a_flaw_is_refused_by_its_rule(rule: str, flaw: dict[str, Any]) -> None:
    arguments = {"uris": (AGENT_A,), **flaw}
    leaf = certificate(*arguments.pop("uris"), **arguments)
    assert refusal(pem(leaf)) == rule
    with pytest.raises(IdentityError):
        X509Svid(leaf)


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ("svid-signer-not-ca", signer(ca=False)),
        ("svid-signer-not-ca", signer(ca=None)),
        ("svid-signer-cert-sign", signer(usage=None)),
        ("svid-signer-cert-sign", signer(usage=["crl_sign"])),
        ("svid-signer-path", signer(AGENT_A)),
        ("svid-several-uris", signer("spiffe://a", "spiffe://b")),
        ("spiffe-scheme", signer("https://a")),
    ],
)
def test_an_authority_with_a_flaw_is_refused_by_its_rule(rule: str, wrong: x509.Certificate) -> None:
    assert refusal(pem(certificate(AGENT_A), wrong)) == rule
    assert refusal(pem(certificate(AGENT_A), signer(), wrong)) == rule


def test_every_rule_has_its_own_case() -> None:
    met = {*WRONG, "svid-signer-not-ca", "svid-signer-cert-sign", "svid-signer-path"}
    assert met | {"svid-length", "svid-certificate", "svid-certificates"} == set(RULES)


def test_a_proper_chain_is_an_svid() -> None:
    leaf, first, second = certificate(AGENT_A, dns=["agent-a.svc"]), signer("spiffe://cluster.local"), signer()
    svid = X509Svid.parse(pem(leaf, first, second))
    assert svid == X509Svid(leaf, (first, second))
    assert svid.spiffe_id == SpiffeId.parse(AGENT_A)
    assert X509Svid.parse(pem(certificate(AGENT_A, extended=None, ca=None))).spiffe_id == SpiffeId.parse(AGENT_A)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"agent-a",
        b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        b"\xff" * 100,
    ],
)
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    assert refusal(data) == "svid-certificate"


def test_a_text_that_is_cut_anywhere_is_refused_or_the_same_certificate() -> None:
    whole = pem(certificate(AGENT_A))
    for end in range(len(whole)):
        try:
            assert str(X509Svid.parse(whole[:end]).spiffe_id) == AGENT_A
        except SvidError as refused:
            assert refused.rule == "svid-certificate"  # noqa: PT017 - either outcome is right here


def test_lengths_are_bounded() -> None:
    one = pem(certificate(AGENT_A))
    most = one + pem(signer()) * (MAX_CERTIFICATES - 1)
    assert len(X509Svid.parse(most).signers) == MAX_CERTIFICATES - 1
    assert refusal(most + pem(signer())) == "svid-certificates"
    assert refusal(one + b" " * (MAX_PEM_BYTES + 1 - len(one))) == "svid-length"


def test_an_id_is_a_certificates_name_and_back() -> None:
    spiffe_id = SpiffeId.parse(AGENT_A)
    assert spiffe_id.to_uri() == x509.UniformResourceIdentifier(AGENT_A)
    assert SpiffeId.from_uri(x509.UniformResourceIdentifier(AGENT_A)) == spiffe_id
    assert certificate_id(certificate(spiffe_id.to_uri().value)) == spiffe_id


@given(spiffe_ids)
def test_every_id_survives_the_way_through_a_certificates_name(spiffe_id: SpiffeId) -> None:
    assert SpiffeId.from_uri(spiffe_id.to_uri()) == spiffe_id


def test_a_certificates_uri_is_refused_by_the_rules_of_a_headers() -> None:
    texts = [(rule, text) for rule, text in hostile.spiffe() if text.isascii() and text]
    assert len(texts) > 150
    for rule, text in texts[::7]:
        with pytest.raises(SpiffeIdError) as refused:
            certificate_id(certificate(text))
        assert refused.value.rule == rule
    for rule, text in texts:
        with pytest.raises(SpiffeIdError) as refused:
            SpiffeId.from_uri(x509.UniformResourceIdentifier(text))
        assert refused.value.rule == rule
        assert rule in SPIFFE_RULES


def test_a_refusal_can_be_copied() -> None:
    with pytest.raises(SvidError) as refused:
        load_certificates(b"")
    twin = pickle.loads(pickle.dumps(refused.value))
    assert (twin.rule, str(twin)) == (refused.value.rule, str(refused.value))


WHOLE = pem(certificate(AGENT_A))


@given(st.binary(max_size=300) | st.tuples(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=3)))
def test_any_bytes_are_an_svid_or_a_named_refusal(data: bytes | tuple[int, bytes]) -> None:
    if isinstance(data, tuple):
        at, change = data
        data = WHOLE[:at] + change + WHOLE[at + len(change) :]
    try:
        assert X509Svid.parse(data).spiffe_id.path
    except IdentityError as refused:
        assert refused.rule in {**RULES, **SPIFFE_RULES}  # noqa: PT017 - either outcome is right here
