"""Hostile calls to a principal that looks behind gateways, pins its own name, or has an allow list.

`calls()` yields (rule, identity rule, values of the header, values of Forwarded); no row may be accepted.
"""

from collections.abc import Iterator

from mesh.identity.options import read_options
from mesh.identity.rules import IdentityRule, parse_rule
from tests.mesh.identity.certificates import certificate, signer, url_encoded
from tests.mesh.identity.samples import (
    AGENT_A,
    ATTACKER,
    EAST_GATEWAY,
    GATEWAY,
    HASH,
    LINKERD_AGENT_A,
    LINKERD_EAST,
    LINKERD_GATEWAY,
    LINKERD_RULE,
    OWN,
    XFCC_RULE,
    element,
)

Call = tuple[str, IdentityRule, list[str], list[str]]

BEHIND = parse_rule(XFCC_RULE, read_options(trusted_gateways=[GATEWAY, EAST_GATEWAY]))
PINNED = parse_rule(XFCC_RULE, read_options(trusted_gateways=[GATEWAY, EAST_GATEWAY], own_identity=OWN))
LISTED = parse_rule(XFCC_RULE, read_options(allow_agents=["agent-[b-z]", "edge-*"]))
LINKERD = parse_rule(LINKERD_RULE, read_options(trusted_gateways=[LINKERD_GATEWAY, LINKERD_EAST]))
PLAIN = parse_rule(XFCC_RULE)

_FRONTS = [
    *(element(AGENT_A), element(AGENT_A, by=GATEWAY), f"URI={AGENT_A}", f'uri="{AGENT_A}"', element(GATEWAY)),
    *(f"By={GATEWAY};Hash={HASH}", f"URI={AGENT_A},URI={AGENT_A}", element(EAST_GATEWAY, by=GATEWAY), "DNS=x"),
]
"""What a caller may send ahead of itself."""

_CALLERS = [ATTACKER, AGENT_A.replace("agent-a", "agent-b"), AGENT_A, OWN]

_OTHER_BY = [
    ATTACKER,
    AGENT_A,
    f"{OWN}/x",
    OWN[:-1],
    OWN.upper(),
    "",
    f"{OWN};By={OWN}",
    f"{GATEWAY};By={OWN}",
    "spiffe",
]


def _forwarded(caller: str, *, by: str = LINKERD_GATEWAY) -> str:
    return f"by={by};for={caller};host=x:8443;proto=https"


def _xfcc() -> Iterator[tuple[str, IdentityRule, str]]:
    """Headers through gateways, and past a pinned name."""
    for front in _FRONTS:
        for caller in _CALLERS:
            yield "gateway-chain", BEHIND, f"{front},{element(caller, by=GATEWAY)},{element(GATEWAY)}"
            yield "gateway-untrusted", BEHIND, f"{front},{element(caller)}"
    for chain in ([GATEWAY], [EAST_GATEWAY], [GATEWAY, EAST_GATEWAY], [GATEWAY] * 5):
        yield "gateway-alone", BEHIND, ",".join(map(element, chain))
    for by in (ATTACKER, AGENT_A, OWN, EAST_GATEWAY, "", f"{GATEWAY};By={GATEWAY}", f"{GATEWAY};By={OWN}"):
        yield "gateway-by", PINNED, f"{element(AGENT_A, by=by)},{element(GATEWAY)}"
    for by in _OTHER_BY:
        yield "other-by", PINNED, element(AGENT_A, by=by)
        yield "other-by", PINNED, f"{element(AGENT_A, by=GATEWAY)},{element(GATEWAY, by=by)}"
    for text in (f"URI={AGENT_A}", f"Hash={HASH};URI={AGENT_A}", f'Subject="By={OWN}";URI={AGENT_A}'):
        yield "no-by", PINNED, text
    for agent in ("agent-a", "agent-1", "edge", "xedge-1", "agent-bb"):
        yield "agent-not-allowed", LISTED, element(AGENT_A.replace("agent-a", agent))


def _certificates() -> Iterator[tuple[str, IdentityRule, str]]:
    """Elements whose certificate is somebody else's, or none."""
    mine, other = url_encoded(certificate(AGENT_A)), url_encoded(certificate(ATTACKER))
    for rule, pairs in (
        ("cert-uri", f"Cert={other}"),
        ("cert-uri", f"Cert={other};Chain={mine}"),
        ("cert-count", f"Cert={url_encoded(certificate(AGENT_A), signer())}"),
        ("cert-encoding", 'Cert="%0"'),
        ("svid-certificate", f'Cert={mine[:200].rpartition("%")[0]}"'),
    ):
        yield rule, PLAIN, f'By={OWN};{pairs};Subject="";URI={AGENT_A}'
        yield rule, BEHIND, f'By={OWN};{pairs};Subject="";URI={AGENT_A}'
        yield rule, BEHIND, f'By={GATEWAY};{pairs};Subject="";URI={AGENT_A},{element(GATEWAY)}'


def _linkerd() -> Iterator[tuple[str, list[str]]]:
    """Values of Forwarded behind a trusted gateway."""
    good = _forwarded(LINKERD_AGENT_A)
    yield "forwarded-missing", []
    for by in (LINKERD_EAST, LINKERD_AGENT_A, "gateway", LINKERD_GATEWAY[1:], f"{LINKERD_GATEWAY}.", "_hidden"):
        yield "forwarded-by", [_forwarded(LINKERD_AGENT_A, by=by)]
        yield "forwarded-by", [good, _forwarded(LINKERD_AGENT_A, by=by)]
    yield from (("forwarded-by", [good, each]) for each in ("for=1.2.3.4", f"for={LINKERD_AGENT_A}", "host=x"))
    yield from (("forwarded-for", [f"by={LINKERD_GATEWAY}{each}"]) for each in ("", ";host=x", ';for=""'))
    yield from (("forwarded-gateway", [_forwarded(each)]) for each in (LINKERD_EAST, LINKERD_GATEWAY))
    for open_quote in ('for="', 'for="x', 'by=";', 'host="\\"'):
        yield "forwarded-pair", [f"{open_quote},{good}"]
        yield "forwarded-pair", [open_quote, good]
    for odd in ("", ",", ";", "=", "for", "for=", "=x", "for=a b", "for=a=b", "for=a\\b", 'for=a"b"', 'for="a"b'):
        yield "forwarded-pair", [odd, good]
        yield "forwarded-pair", [good, odd]
    yield from (("forwarded-repeated-key", [f"{each};{good}"]) for each in ("for=x", "by=x", "FOR=x", "host=x"))
    yield from (("forwarded-character", [f"{good}{each}"]) for each in ("\n", "\r\n", "\x00", "\x7f", "\xe9", "\u200b"))
    yield from (("forwarded-length", each) for each in (["for=a"] * 40, [good] * 40, [f"for={'a' * 9000}"]))


def calls() -> Iterator[Call]:
    """Every hostile call."""
    for rule, identity_rule, value in (*_xfcc(), *_certificates()):
        yield rule, identity_rule, [value], []
    for rule, values in _linkerd():
        yield rule, LINKERD, [LINKERD_GATEWAY], values
