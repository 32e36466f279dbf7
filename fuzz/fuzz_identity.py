"""Any bytes are an identity or a named refusal; what was accepted can be written and read again.

A target raises when a parser raises anything but its own error, or when a value changes by writing and reading it.
"""

import base64
import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mesh.identity.allow import AgentPattern
from mesh.identity.confusions import confusions
from mesh.identity.errors import IdentityError, RuleError
from mesh.identity.forwarded import parse_forwarded
from mesh.identity.linkerd import LinkerdId, parse_client_id
from mesh.identity.options import read_options
from mesh.identity.rules import IdentityRule, parse_rule
from mesh.identity.spiffe import SpiffeId, TrustDomain
from mesh.identity.svid import X509Svid, load_certificates
from mesh.identity.xfcc import format_xfcc, parse_xfcc
from mesh.names import is_dns1123_label

S = TypeVar("S", str, bytes)
T = TypeVar("T")

AGENT_RULES = (
    "identity:x-forwarded-client-cert:spiffe://cluster.local/ns/argocd-agents/sa/{agent}",
    "identity:l5d-client-id:{agent}.argocd-agents.serviceaccount.identity.linkerd.cluster.local",
    "header:x-forwarded-client-cert:^.*URI=spiffe://[^/]+/ns/[^/]+/sa/([^,;]+)",
    r"header:l5d-client-id:^([^.]+)\..*",
)
"""The rules that manifests and documents have."""


GATEWAY = "spiffe://cluster.local/ns/istio-system/sa/gateway"
LINKERD_GATEWAY = "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local"
OPTIONS = {
    "x-forwarded-client-cert": read_options(
        trusted_gateways=[GATEWAY], own_identity="spiffe://cluster.local/ns/argocd/sa/principal"
    ),
    "l5d-client-id": read_options(trusted_gateways=[LINKERD_GATEWAY]),
}
"""By header, options that make a rule look behind gateways."""

GATEWAY_ELEMENT = f'By=spiffe://cluster.local/ns/argocd/sa/principal;Hash=aa;Subject="";URI={GATEWAY}'


def spiffe(data: bytes) -> None:
    """Read the bytes as a SPIFFE ID and as a trust domain."""
    text = _text(data)
    spiffe_id = _accepted(SpiffeId.parse, text)
    if spiffe_id is not None:
        _same(str(spiffe_id), text)
        _same(SpiffeId.from_segments(spiffe_id.trust_domain, spiffe_id.segments), spiffe_id)
    trust_domain = _accepted(TrustDomain.parse, text)
    if trust_domain is not None:
        _same(TrustDomain.parse(str(trust_domain)), trust_domain)


def xfcc(data: bytes) -> None:
    """Read the bytes as an XFCC header."""
    elements = _accepted(parse_xfcc, _text(data))
    if elements is not None:
        _same(parse_xfcc(format_xfcc(elements)), elements)


def linkerd(data: bytes) -> None:
    """Read the bytes as a Linkerd name, in either form."""
    text = _text(data)
    for parse in (LinkerdId.parse, parse_client_id):
        name = _accepted(parse, text)
        if name is not None:
            _same(str(name), text)


def forwarded(data: bytes) -> None:
    """Read the bytes as values of Forwarded, a line each."""
    _accepted(lambda text: parse_forwarded(text.split("\n")), _text(data))


def svid(data: bytes) -> None:
    """Read the bytes as certificates in PEM, as one in DER, and as changes to a good one."""
    for pem in (data, _as_pem(data), _as_pem(_changed(_good_certificate(), data))):
        chain = _accepted(load_certificates, pem)
        if chain is not None:
            found = _accepted(X509Svid.parse, pem)
            if found is not None:
                _same(SpiffeId.from_uri(found.spiffe_id.to_uri()), found.spiffe_id)


def options(data: bytes) -> None:
    """Read the bytes as an identity option of each kind, and as the header of a rule with options."""
    text = _text(data)
    value, _, more = text.partition("\n")
    for spec in AGENT_RULES:
        header = spec.split(":")[1]
        rule = parse_rule(spec, OPTIONS[header])
        for values in (value, f"{value},{GATEWAY_ELEMENT}", LINKERD_GATEWAY):
            _identify(rule, values, *more.split("\n"))
    try:
        read_options(trusted_gateways=[text], own_identity=text, allow_agents=[text])
    except RuleError:
        pass
    try:
        AgentPattern.parse(text).matches("agent-a")
    except RuleError:
        pass


def rules(data: bytes) -> None:
    """Read the bytes as a rule and as the value of a header."""
    text = _text(data)
    for spec in AGENT_RULES:
        _identify(parse_rule(spec), text)
    try:
        rule = parse_rule(text)
    except RuleError:
        return
    _identify(rule, "agent-a")
    confusions(rule)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "identity spiffe": spiffe,
    "identity xfcc": xfcc,
    "identity linkerd": linkerd,
    "identity forwarded": forwarded,
    "identity svid": svid,
    "identity options": options,
    "identity rules": rules,
}


def _text(data: bytes) -> str:
    """The bytes as text: every byte is a character, so that coverage of the bytes is coverage of the text."""
    return data.decode("latin-1")


def _as_pem(data: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(data) + b"-----END CERTIFICATE-----\n"


@functools.cache
def _good_certificate() -> bytes:
    """An SVID in DER; only its key and signature differ from run to run."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.UniformResourceIdentifier("spiffe://cluster.local/ns/argocd-agents/sa/agent-a"), x509.DNSName("a.b")]
    usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    usage |= dict.fromkeys(("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)
    day = datetime(2026, 11, 1, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "fuzz")]))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(day)
        .not_valid_after(day + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _changed(good: bytes, changes: bytes) -> bytes:
    """`good` with bytes overwritten: each change is a place (two bytes) and a value."""
    out = bytearray(good)
    for at in range(0, len(changes) - 2, 3):
        out[int.from_bytes(changes[at : at + 2], "big") % len(out)] = changes[at + 2]
    return bytes(out)


def _accepted(parse: Callable[[S], T], text: S) -> T | None:
    try:
        return parse(text)
    except IdentityError:
        return None


def _same(found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"{expected!r} became {found!r}")


def _identify(rule: IdentityRule, text: str, *forwarded_values: str) -> None:
    verdict = rule.identify([text], forwarded_values)
    if verdict.agent is not None and not is_dns1123_label(verdict.agent):
        raise AssertionError(f"{rule} gives {text!r} the name {verdict.agent!r}")
