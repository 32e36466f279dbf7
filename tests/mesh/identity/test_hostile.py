from collections.abc import Callable, Iterator

import pytest

from mesh.identity import allow, chain, element, forwarded, header, linkerd, proof, spiffe, template
from mesh.identity.rules import parse_rule
from mesh.identity.spiffe import SpiffeId, TrustDomain
from tests.mesh.identity import hostile, hostile_options
from tests.mesh.identity.outcome import outcome
from tests.mesh.identity.samples import GATEWAY, LINKERD_RULE, SPIFFE_RULE, XFCC_RULE
from tests.mesh.identity.samples import element as element_text

MET_ELSEWHERE = {
    *("xfcc-length", "xfcc-character"),
    *("header-missing", "header-repeated", "header-length", "header-character"),
}
"""Rules on the header as a whole, which no one value of it can break; test_xfcc.py and test_header.py break them."""

TABLES = {"spiffe": hostile.spiffe, "xfcc": hostile.xfcc, "linkerd": hostile.linkerd}


def all_rows() -> list[hostile.Row]:
    return [row for table in TABLES.values() for row in table()]


def test_there_are_more_than_five_hundred_hostile_texts_and_every_rule_has_its_own() -> None:
    rows = all_rows()
    assert len({text for _, text in rows}) >= 500
    met = {rule for rule, _ in rows} | {call[0] for call in hostile_options.calls()}
    modules = (spiffe, element, linkerd, header, template, chain, forwarded, proof, allow)
    listed = {rule for module in modules for rule in module.RULES}
    # Which of a certificate's own rules hold for a header's is test_proof.py's business.
    assert {rule for rule in met if not rule.startswith("svid-")} == listed - MET_ELSEWHERE


def test_each_hostile_spiffe_id_is_refused_by_its_rule() -> None:
    wrong = [(rule, text, outcome(SpiffeId.parse, text)) for rule, text in hostile.spiffe()]
    assert [row for row in wrong if row[2] != (None, row[0])] == []


def test_no_hostile_spiffe_id_yields_a_trust_domain() -> None:
    # Without a scheme there is no ID: a bare name may then be a trust domain, and `s` is one.
    texts = [text for rule, text in hostile.spiffe() if rule != "spiffe-scheme"]
    assert [text for text in texts if outcome(TrustDomain.parse, text)[0] is not None] == []


@pytest.mark.parametrize(
    ("spec", "table"), [(XFCC_RULE, hostile.xfcc), (LINKERD_RULE, hostile.linkerd)], ids=["xfcc", "linkerd"]
)
def test_each_hostile_header_is_refused_by_its_rule(spec: str, table: Callable[[], Iterator[hostile.Row]]) -> None:
    identity_rule = parse_rule(spec)
    verdicts = [(rule, text, identity_rule.identify([text])) for rule, text in table()]
    wrong = [(rule, text, verdict.refused) for rule, text, verdict in verdicts if verdict.refused != rule]
    assert wrong == []
    assert all(verdict.agent is None for _, _, verdict in verdicts)


def test_no_hostile_spiffe_id_passes_as_a_headers_whole_value() -> None:
    identity_rule = parse_rule(SPIFFE_RULE)
    assert [row for row in hostile.spiffe() if identity_rule.identify([row[1]]).agent is not None] == []


def test_each_hostile_call_past_gateways_and_lists_is_refused_by_its_rule() -> None:
    calls = list(hostile_options.calls())
    assert len(calls) > 150
    verdicts = [(call, call[1].identify(call[2], call[3])) for call in calls]
    assert [(call[0], verdict.refused, call[2:]) for call, verdict in verdicts if verdict.refused != call[0]] == []
    assert all(verdict.agent is None for _, verdict in verdicts)


def test_no_hostile_value_is_accepted_because_of_an_option() -> None:
    # Behind a gateway that is trusted, the element in front of its own is no spoof: it says who called.
    rows = [text for _, text in hostile.xfcc() if not text.endswith(element_text(GATEWAY))]
    for identity_rule in (hostile_options.BEHIND, hostile_options.PINNED, hostile_options.LISTED):
        assert [text for text in rows if identity_rule.identify([text]).agent is not None] == []
    names = [text for _, text in hostile.linkerd()]
    assert [text for text in names if hostile_options.LINKERD.identify([text]).agent is not None] == []
