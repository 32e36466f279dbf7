from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from mesh.identity import element, header, linkerd, spiffe, template
from mesh.identity.rules import parse_rule
from mesh.identity.spiffe import SpiffeId, TrustDomain
from tests.mesh.identity import hostile
from tests.mesh.identity.outcome import outcome
from tests.mesh.identity.samples import LINKERD_RULE, SPIFFE_RULE, XFCC_RULE

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
    met = Counter(rule for rule, _ in rows)
    listed = {**spiffe.RULES, **element.RULES, **linkerd.RULES, **header.RULES, **template.RULES}
    assert set(met) == set(listed) - MET_ELSEWHERE


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
