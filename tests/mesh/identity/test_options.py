import copy
import pickle

import pytest

from mesh.identity.errors import RuleError
from mesh.identity.linkerd import LinkerdId
from mesh.identity.options import MAX_GATEWAYS, NO_OPTIONS, IdentityOptions, OptionError, read_options
from mesh.identity.rules import parse_rule
from mesh.identity.spiffe import SpiffeId
from tests.mesh.identity.samples import (
    AGENT_A,
    GATEWAY,
    LINKERD_GATEWAY,
    LINKERD_RULE,
    OWN,
    SEED_LINKERD_RULE,
    SEED_RULE,
    SPIFFE_RULE,
    XFCC_RULE,
    element,
)


def test_nothing_given_asks_nothing() -> None:
    assert read_options() == NO_OPTIONS == IdentityOptions()
    assert not NO_OPTIONS.reads
    assert parse_rule(XFCC_RULE, NO_OPTIONS) == parse_rule(XFCC_RULE)


def test_what_is_given_becomes_values() -> None:
    options = read_options(
        trusted_gateways=[GATEWAY, LINKERD_GATEWAY, GATEWAY], own_identity=OWN, allow_agents=["agent-*", "agent-*", "x"]
    )
    assert options.trusted_gateways == {SpiffeId.parse(GATEWAY), LinkerdId.parse(LINKERD_GATEWAY)}
    assert options.own_identity == SpiffeId.parse(OWN)
    assert [str(pattern) for pattern in options.allowed_agents] == ["agent-*", "x"]
    assert options.reads


@pytest.mark.parametrize(
    ("arguments", "option", "fault"),
    [
        ({"trusted_gateways": [GATEWAY, "gateway"]}, "trusted-gateway", "linkerd-shape"),
        ({"trusted_gateways": ["spiffe://Cluster.local/ns/a/sa/b"]}, "trusted-gateway", "spiffe-trust-domain-case"),
        ({"trusted_gateways": [""]}, "trusted-gateway", "linkerd-shape"),
        ({"trusted_gateways": [f"{GATEWAY}-{n}" for n in range(MAX_GATEWAYS + 1)]}, "trusted-gateway", "option-count"),
        ({"own_identity": "principal"}, "own-identity", "spiffe-scheme"),
        ({"own_identity": LINKERD_GATEWAY}, "own-identity", "spiffe-scheme"),
        ({"own_identity": OWN + "/"}, "own-identity", "spiffe-path-trailing-slash"),
        ({"allow_agents": ["agent-a", "Agent"]}, "allow-agent", "agent-pattern"),
        ({"allow_agents": [""]}, "allow-agent", "agent-pattern"),
    ],
)
def test_a_bad_text_is_refused_by_the_option_that_has_it(
    arguments: dict[str, list[str]], option: str, fault: str
) -> None:
    with pytest.raises(OptionError) as refused:
        read_options(**arguments)  # type: ignore[arg-type]
    assert (refused.value.option, refused.value.fault) == (option, fault)
    assert isinstance(refused.value, RuleError)
    for twin in (copy.copy(refused.value), pickle.loads(pickle.dumps(refused.value))):
        assert (twin.option, twin.fault, str(twin)) == (option, fault, str(refused.value))


@pytest.mark.parametrize(
    ("spec", "arguments", "option", "fault"),
    [
        (LINKERD_RULE, {"own_identity": OWN}, "own-identity", "option-header"),
        (SPIFFE_RULE, {"own_identity": OWN}, "own-identity", "option-header"),
        (SPIFFE_RULE, {"trusted_gateways": [GATEWAY]}, "trusted-gateway", "option-header"),
        ("header:x-id:^(.+)$", {"trusted_gateways": [GATEWAY]}, "trusted-gateway", "option-header"),
        (XFCC_RULE, {"trusted_gateways": [GATEWAY, LINKERD_GATEWAY]}, "trusted-gateway", "option-form"),
        (SEED_RULE, {"trusted_gateways": [LINKERD_GATEWAY]}, "trusted-gateway", "option-form"),
    ],
)
def test_an_option_that_the_header_cannot_answer_is_refused_at_the_start(
    spec: str, arguments: dict[str, list[str]], option: str, fault: str
) -> None:
    with pytest.raises(OptionError) as refused:
        parse_rule(spec, read_options(**arguments))  # type: ignore[arg-type]
    assert (refused.value.option, refused.value.fault) == (option, fault)


@pytest.mark.parametrize("spec", [XFCC_RULE, SEED_RULE])
def test_by_is_pinned(spec: str) -> None:
    rule = parse_rule(spec, read_options(own_identity=OWN))
    verdict = rule.identify([element(AGENT_A)])
    assert (verdict.agent, verdict.identity) == ("agent-a", AGENT_A)
    assert ("own", f"By is {OWN}") in [(step.what, step.outcome) for step in verdict.steps]
    for by, refused in ((GATEWAY, "other-by"), (f"{OWN}x", "other-by"), ("", "other-by"), (f"{OWN};By=x", "other-by")):
        assert rule.identify([element(AGENT_A, by=by)]).refused == refused
    assert rule.identify([f"URI={AGENT_A}"]).refused == "no-by"
    assert parse_rule(spec).identify([element(AGENT_A, by=GATEWAY)]).agent == "agent-a"


@pytest.mark.parametrize("spec", [XFCC_RULE, SEED_RULE])
def test_the_allow_list_is_the_last_word(spec: str) -> None:
    rule = parse_rule(spec, read_options(allow_agents=["agent-[ab]", "edge-*"]))
    assert rule.identify([element(AGENT_A)]).agent == "agent-a"
    verdict = rule.identify([element(AGENT_A.replace("agent-a", "agent-c"))])
    assert (verdict.agent, verdict.refused) == (None, "agent-not-allowed")
    assert verdict.identity == AGENT_A.replace("agent-a", "agent-c")


def test_the_allow_list_holds_for_any_header() -> None:
    for spec, value in (
        (SPIFFE_RULE, AGENT_A),
        (SEED_LINKERD_RULE, "agent-a.x.y"),
        ("header:x-id:^(.+)$", "agent-a"),
    ):
        assert parse_rule(spec, read_options(allow_agents=["agent-a"])).identify([value]).agent == "agent-a"
        refused = parse_rule(spec, read_options(allow_agents=["agent-b"])).identify([value]).refused
        assert refused == "agent-not-allowed"


def test_an_allow_list_alone_leaves_a_regex_what_it_was() -> None:
    value = f"URI={AGENT_A},{element(AGENT_A.replace('agent-a', 'agent-b'))}"
    assert parse_rule(SEED_RULE, read_options(allow_agents=["agent-*"])).identify([value]).agent == "agent-b"
