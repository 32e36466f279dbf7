import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.identity.forwarded import (
    MAX_ELEMENTS,
    MAX_FORWARDED_BYTES,
    RULES,
    ForwardedElement,
    ForwardedError,
    parse_forwarded,
)
from mesh.identity.options import read_options
from mesh.identity.rules import IdentityRule, parse_rule
from tests.mesh.identity.samples import (
    AGENT_A,
    LINKERD_AGENT_A,
    LINKERD_EAST,
    LINKERD_GATEWAY,
    LINKERD_RULE,
    SEED_LINKERD_RULE,
)
from tests.mesh.identity.strategies import any_text

TRUSTED = read_options(trusted_gateways=[LINKERD_GATEWAY, LINKERD_EAST])
RULE = parse_rule(LINKERD_RULE, TRUSTED)
REGEX = parse_rule(SEED_LINKERD_RULE, TRUSTED)


def forwarded(caller: str, *, by: str = LINKERD_GATEWAY) -> str:
    """An element as Linkerd's gateway appends it."""
    return f"by={by};for={caller};host=principal.argocd.svc.cluster.local:8443;proto=https"


@pytest.mark.parametrize("rule", [RULE, REGEX], ids=["template", "regex"])
@pytest.mark.parametrize(
    "values",
    [
        [forwarded(LINKERD_AGENT_A)],
        # What the caller sent stays in front, as a value of its own or before a comma.
        ["for=1.2.3.4", forwarded(LINKERD_AGENT_A)],
        ['for="[2001:db8::1]";proto=http, by=proxy', forwarded(LINKERD_AGENT_A)],
        [f"by={LINKERD_GATEWAY};for=victim.argocd-agents.x", forwarded(LINKERD_AGENT_A)],
        [f"for=1.2.3.4,{forwarded(LINKERD_AGENT_A)}"],
        [forwarded(LINKERD_AGENT_A, by=LINKERD_EAST), forwarded(LINKERD_EAST)],
        [f"{forwarded(LINKERD_AGENT_A, by=LINKERD_EAST)}, {forwarded(LINKERD_EAST)}"],
        [f'By="{LINKERD_GATEWAY}";FOR="{LINKERD_AGENT_A}"'],
    ],
)
def test_the_caller_of_a_trusted_gateway_is_read_from_its_own_element(rule: IdentityRule, values: list[str]) -> None:
    verdict = rule.identify([LINKERD_GATEWAY], values)
    assert (verdict.agent, verdict.identity, verdict.refused) == ("agent-a", LINKERD_AGENT_A, None)


def test_a_workload_outside_kubernetes_is_read_too() -> None:
    rule = parse_rule("identity:l5d-client-id:spiffe://cluster.local/ns/argocd-agents/sa/{agent}", TRUSTED)
    assert rule.identify([LINKERD_GATEWAY], [forwarded(AGENT_A)]).agent == "agent-a"


@pytest.mark.parametrize("values", [[], [forwarded(LINKERD_AGENT_A)]])
def test_without_the_option_a_gateway_is_who_it_is(values: list[str]) -> None:
    assert parse_rule(LINKERD_RULE).identify([LINKERD_GATEWAY], values).refused == "other-namespace"


def test_forwarded_counts_for_nothing_when_somebody_else_called() -> None:
    other = LINKERD_AGENT_A.replace("agent-a", "agent-b")
    assert RULE.identify([other], [forwarded(LINKERD_AGENT_A)]).agent == "agent-b"
    assert RULE.identify([other], ["no;such=grammar", '"']).agent == "agent-b"


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ([], "forwarded-missing"),
        ([forwarded(LINKERD_AGENT_A, by=LINKERD_EAST)], "forwarded-by"),
        ([forwarded(LINKERD_AGENT_A, by=LINKERD_AGENT_A)], "forwarded-by"),
        ([f"for={LINKERD_AGENT_A}"], "forwarded-by"),
        ([forwarded(LINKERD_AGENT_A), "for=1.2.3.4"], "forwarded-by"),
        ([f"by={LINKERD_GATEWAY};host=x"], "forwarded-for"),
        ([f'by={LINKERD_GATEWAY};for=""'], "forwarded-for"),
        ([forwarded(LINKERD_EAST)], "forwarded-gateway"),
        ([forwarded(LINKERD_GATEWAY)], "forwarded-gateway"),
        ([forwarded("agent-a")], "linkerd-shape"),
        ([forwarded("spiffe://X/a")], "spiffe-trust-domain-case"),
        ([forwarded(LINKERD_AGENT_A.replace("argocd-agents", "evil"))], "other-namespace"),
        ([""], "forwarded-pair"),
        ([forwarded(LINKERD_AGENT_A), ""], "forwarded-pair"),
        ([forwarded(LINKERD_AGENT_A) + ","], "forwarded-pair"),
        (["," + forwarded(LINKERD_AGENT_A)], "forwarded-pair"),
        ([forwarded(LINKERD_AGENT_A) + ";"], "forwarded-pair"),
        (["for;" + forwarded(LINKERD_AGENT_A)], "forwarded-pair"),
        (["for=," + forwarded(LINKERD_AGENT_A)], "forwarded-pair"),
        (["for =x"], "forwarded-pair"),
        (["for=a b"], "forwarded-pair"),
        (["for=a=b"], "forwarded-pair"),
        (['for="a"b'], "forwarded-pair"),
        # The open quote that would swallow the gateway's own element.
        ([f'for="x,{forwarded(LINKERD_AGENT_A)}'], "forwarded-pair"),
        (['for="x\\"'], "forwarded-pair"),
        ([f"for=x;{forwarded(LINKERD_AGENT_A)}"], "forwarded-repeated-key"),
        ([f"FOR=x;by=y;for={LINKERD_AGENT_A}"], "forwarded-repeated-key"),
        ([forwarded(LINKERD_AGENT_A) + "\n"], "forwarded-character"),
        (["for=\xe9"], "forwarded-character"),
        (["for=" + "a" * MAX_FORWARDED_BYTES], "forwarded-length"),
        (["for=a"] * (MAX_ELEMENTS + 1), "forwarded-length"),
        ([",".join(["for=a"] * (MAX_ELEMENTS + 1))], "forwarded-length"),
    ],
)
def test_a_header_that_does_not_say_who_called_the_gateway_is_refused(values: list[str], rule: str) -> None:
    for identity_rule in (RULE, REGEX):
        verdict = identity_rule.identify([LINKERD_GATEWAY], values)
        if identity_rule is REGEX and rule == "other-namespace":
            assert verdict.agent == "agent-a"  # the trap of this regex, gateway or not
            continue
        assert (verdict.agent, verdict.refused) == (None, rule)


def test_elements_and_their_pairs_come_in_the_headers_order() -> None:
    assert parse_forwarded(['For="a\\"b" ;\tproto=http , by=c', "host=d:1"]) == (
        ForwardedElement((("for", 'a"b'), ("proto", "http"))),
        ForwardedElement((("by", "c"),)),
        ForwardedElement((("host", "d:1"),)),
    )
    assert parse_forwarded([]) == ()
    assert len(parse_forwarded(["for=a"] * MAX_ELEMENTS)) == MAX_ELEMENTS


def test_every_rule_of_forwarded_is_broken_above() -> None:
    assert set(RULES) == {
        *("forwarded-missing", "forwarded-length", "forwarded-character", "forwarded-pair", "forwarded-repeated-key"),
        *("forwarded-by", "forwarded-for", "forwarded-gateway"),
    }


@given(
    st.lists(any_text | st.text('bByfor=;," \\\taA.:', max_size=40), max_size=3),
    st.sampled_from([None, LINKERD_AGENT_A]),
)
def test_no_front_changes_who_the_gateway_says_called(front: list[str], caller: str | None) -> None:
    values = front if caller is None else [*front, forwarded(caller)]
    try:
        parse_forwarded(values)
    except ForwardedError as refused:
        assert refused.rule in RULES  # noqa: PT017 - either outcome is right here
    verdict = RULE.identify([LINKERD_GATEWAY], values)
    assert verdict.agent in ({None} if caller is None else {None, "agent-a"})
    assert str(verdict).isascii()
