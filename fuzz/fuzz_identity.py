"""Any bytes are an identity or a named refusal; what was accepted can be written and read again.

A target raises when a parser raises anything but its own error, or when a value changes by writing and reading it.
"""

from collections.abc import Callable
from typing import TypeVar

from mesh.identity.confusions import confusions
from mesh.identity.errors import IdentityError, RuleError
from mesh.identity.linkerd import LinkerdId, parse_client_id
from mesh.identity.rules import IdentityRule, parse_rule
from mesh.identity.spiffe import SpiffeId, TrustDomain
from mesh.identity.xfcc import format_xfcc, parse_xfcc
from mesh.names import is_dns1123_label

T = TypeVar("T")

AGENT_RULES = (
    "identity:x-forwarded-client-cert:spiffe://cluster.local/ns/argocd-agents/sa/{agent}",
    "identity:l5d-client-id:{agent}.argocd-agents.serviceaccount.identity.linkerd.cluster.local",
    "header:x-forwarded-client-cert:^.*URI=spiffe://[^/]+/ns/[^/]+/sa/([^,;]+)",
    r"header:l5d-client-id:^([^.]+)\..*",
)
"""The rules that manifests and documents have."""


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
    "identity rules": rules,
}


def _text(data: bytes) -> str:
    """The bytes as text: every byte is a character, so that coverage of the bytes is coverage of the text."""
    return data.decode("latin-1")


def _accepted(parse: Callable[[str], T], text: str) -> T | None:
    try:
        return parse(text)
    except IdentityError:
        return None


def _same(found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"{expected!r} became {found!r}")


def _identify(rule: IdentityRule, text: str) -> None:
    verdict = rule.identify([text])
    if verdict.agent is not None and not is_dns1123_label(verdict.agent):
        raise AssertionError(f"{rule} gives {text!r} the name {verdict.agent!r}")
