import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.identity.chain import ChainError, element_identity, find_caller
from mesh.identity.options import NO_OPTIONS, read_options
from mesh.identity.rules import IdentityRule, parse_rule
from mesh.identity.spiffe import SpiffeId
from mesh.identity.verdict import Trail
from mesh.identity.xfcc import XfccElement, format_xfcc
from tests.mesh.identity.samples import (
    AGENT_A,
    ATTACKER,
    EAST_GATEWAY,
    GATEWAY,
    HASH,
    OWN,
    SEED_RULE,
    XFCC_RULE,
    element,
)
from tests.mesh.identity.strategies import elements

BEHIND = f"{element(AGENT_A, by=GATEWAY)},{element(GATEWAY)}"
"""The agent, through the gateway."""

BEHIND_TWO = f"{element(AGENT_A, by=EAST_GATEWAY)},{element(EAST_GATEWAY, by=GATEWAY)},{element(GATEWAY)}"
"""The agent, through the east gateway and then the other."""

RULE = parse_rule(XFCC_RULE, read_options(trusted_gateways=[GATEWAY, EAST_GATEWAY]))
PINNED = parse_rule(XFCC_RULE, read_options(trusted_gateways=[GATEWAY, EAST_GATEWAY], own_identity=OWN))


def test_the_only_element_is_the_callers_and_none_of_several() -> None:
    first, second = XfccElement.of(uri=[AGENT_A]), XfccElement.of(uri=[GATEWAY])
    assert find_caller([first], NO_OPTIONS, Trail()) == (first, SpiffeId.parse(AGENT_A))
    with pytest.raises(ChainError) as refused:
        find_caller([first, second], NO_OPTIONS, Trail())
    assert refused.value.rule == "several-elements"


@pytest.mark.parametrize(
    ("client", "rule"),
    [
        (XfccElement.of(by=[OWN]), "no-uri"),
        (XfccElement.of(uri=[""]), "empty-uri"),
        (XfccElement.of(uri=[AGENT_A, AGENT_A]), "several-uris"),
        (XfccElement.of(uri=["", ""]), "several-uris"),
        (XfccElement((("DNS", "x"), ("URI", AGENT_A))), "uri-after-dns"),
    ],
)
def test_an_element_with_no_single_uri_identifies_nobody(client: XfccElement, rule: str) -> None:
    with pytest.raises(ChainError) as refused:
        element_identity(client)
    assert refused.value.rule == rule


def test_an_elements_one_uri_is_the_identity_whatever_else_it_says() -> None:
    client = XfccElement.of(by=[OWN], subject=f"CN=URI={GATEWAY}", uri=[AGENT_A], dns=[GATEWAY])
    assert element_identity(client) == SpiffeId.parse(AGENT_A)


@pytest.mark.parametrize("value", [element(AGENT_A), BEHIND, BEHIND_TWO], ids=["direct", "one gateway", "two"])
@pytest.mark.parametrize("rule", [RULE, PINNED], ids=["trusted", "pinned"])
def test_the_caller_is_found_behind_trusted_gateways(rule: IdentityRule, value: str) -> None:
    verdict = rule.identify([value])
    assert (verdict.agent, verdict.identity, verdict.refused) == ("agent-a", AGENT_A, None)
    assert [step.what for step in verdict.steps].count("gateway") == value.count(",")


def test_without_the_option_the_same_headers_are_refused() -> None:
    for value in (BEHIND, BEHIND_TWO):
        assert parse_rule(XFCC_RULE).identify([value]).refused == "several-elements"


def test_a_gateway_may_write_no_by_when_its_own_certificate_has_no_uri() -> None:
    value = f'Hash={HASH};Subject="";URI={AGENT_A},{element(GATEWAY)}'
    assert PINNED.identify([value]).agent == "agent-a"


@pytest.mark.parametrize("forged", [f"By={ATTACKER}", f"By={OWN}", f"By={GATEWAY};By={GATEWAY}", "By="])
def test_a_pinned_chain_refuses_an_element_that_another_than_its_gateway_wrote(forged: str) -> None:
    value = f"{forged};URI={AGENT_A},{element(GATEWAY)}"
    assert PINNED.identify([value]).refused == "gateway-by"
    assert RULE.identify([value]).agent == "agent-a"


@pytest.mark.parametrize("front", [element(AGENT_A), f"URI={AGENT_A}", element(GATEWAY), f"By={GATEWAY};Hash={HASH}"])
def test_whatever_a_caller_puts_in_front_refuses_the_header(front: str) -> None:
    other = AGENT_A.replace("agent-a", "agent-b")
    for behind in (f"{element(other, by=GATEWAY)},{element(GATEWAY)}", element(other)):
        verdict = RULE.identify([f"{front},{behind}"])
        assert verdict.agent is None
        assert verdict.refused == ("gateway-chain" if behind.count(",") else "gateway-untrusted")


def test_a_regex_sees_the_callers_element_only() -> None:
    rule = parse_rule(SEED_RULE, read_options(trusted_gateways=[GATEWAY]))
    assert rule.identify([BEHIND]).agent == "agent-a"
    assert parse_rule(SEED_RULE).identify([BEHIND]).agent == "gateway"
    for value in (f"URI={AGENT_A},{element(ATTACKER)}", f"{element(AGENT_A)},{BEHIND}", "nonsense"):
        assert rule.identify([value]).agent is None
    value = f'By={OWN};Hash={HASH};Subject="";uri="{AGENT_A}"'
    raw = 'header:x-forwarded-client-cert:uri="[^"]*/([a-z-]+)"$'
    assert parse_rule(raw, read_options(own_identity=OWN)).identify([value]).agent == "agent-a"


@given(st.lists(elements(), min_size=1, max_size=3), st.sampled_from([element(ATTACKER), element(AGENT_A), BEHIND]))
def test_no_forged_front_is_ever_taken_for_the_caller(front: list[XfccElement], genuine: str) -> None:
    for rule in (RULE, PINNED):
        assert rule.identify([f"{format_xfcc(front)},{genuine}"]).agent is None
