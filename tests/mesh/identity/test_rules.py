import pytest

from mesh.identity.regex_rule import RegexRule
from mesh.identity.rules import FORMS, IdentityRule, RuleError, Step, parse_rule
from mesh.identity.template_rule import TemplateRule
from mesh.identity.verdict import Verdict
from tests.mesh.identity.certificates import certificate, url_encoded
from tests.mesh.identity.samples import AGENT_A, ATTACKER, LINKERD_RULE, SEED_RULE, SPIFFE_RULE, XFCC_RULE, element


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("", "rule-form"),
        ("header", "rule-form"),
        ("header:", "rule-form"),
        ("header:x-id", "rule-form"),
        ("header:x-id:", "rule-form"),
        ("header:x-id: \t\u00a0", "rule-form"),
        ("identity:x-id:", "rule-form"),
        ("mtls:subject:(.*)", "rule-form"),
        ("userpass:/etc/passwd", "rule-form"),
        ("Header:x-id:(.*)", "rule-form"),
        ("header::(.*)", "header-name"),
        ("header: :(.*)", "header-name"),
        ("header::authority:(.*)", "header-name"),
        ("header:x id:(.*)", "header-name"),
        ("header:x-id\n:(.*)\x00", None),
        ("header:x-ïd:(.*)", "header-name"),
        ("header:x-id-bin:(.*)", "header-name"),
        ("header:x-id:x", "regex-group"),
        ("identity:x-id:spiffe://td/x", "agent-count"),
        ("identity:x-forwarded-client-cert:{agent}.n.serviceaccount.identity.l.td", "template-form"),
    ],
)
def test_a_spec_that_is_no_rule_is_refused_with_its_fault(spec: str, fault: str | None) -> None:
    if fault is None:
        assert parse_rule(spec).header == "x-id"
        return
    with pytest.raises(RuleError) as refused:
        parse_rule(spec)
    assert refused.value.fault == fault


def test_a_fault_of_form_says_what_a_rule_looks_like() -> None:
    with pytest.raises(RuleError) as refused:
        parse_rule("headers:x:y")
    assert FORMS in str(refused.value)


def test_names_are_lower_cased_and_white_space_around_the_parts_is_taken_off_as_go_does() -> None:
    rule = parse_rule("header: X-Forwarded-Client-Cert\t: \u2003^(a:b)\u3000")
    assert isinstance(rule, RegexRule)
    assert (rule.header, rule.pattern) == ("x-forwarded-client-cert", "^(a:b)")
    # Python's strip() takes this one off too; Go's TrimSpace does not.
    rule = parse_rule("header:x:(a)\x1f")
    assert isinstance(rule, RegexRule)
    assert rule.pattern == "(a)\x1f"


@pytest.mark.parametrize(
    ("spec", "values", "agent", "identity", "refused"),
    [
        (XFCC_RULE, [element(AGENT_A)], "agent-a", AGENT_A, None),
        (XFCC_RULE, [f"uri={AGENT_A}"], "agent-a", AGENT_A, None),
        (XFCC_RULE, [f'URI="{AGENT_A}"'], "agent-a", AGENT_A, None),
        (XFCC_RULE, [element(ATTACKER)], None, ATTACKER, "other-namespace"),
        (XFCC_RULE, [f"{element(AGENT_A)},{element(ATTACKER)}"], None, None, "several-elements"),
        (XFCC_RULE, [element("")], None, None, "empty-uri"),
        (XFCC_RULE, [], None, None, "header-missing"),
        (XFCC_RULE, [element(AGENT_A)] * 2, None, None, "header-repeated"),
        (XFCC_RULE, [""], None, None, "xfcc-empty"),
        (XFCC_RULE, [AGENT_A], None, None, "xfcc-unknown-key"),
        (SPIFFE_RULE, [AGENT_A], "agent-a", AGENT_A, None),
        (SPIFFE_RULE, [element(AGENT_A)], None, None, "spiffe-scheme"),
        (SPIFFE_RULE, [f"{AGENT_A} "], None, None, "spiffe-path-character"),
        (LINKERD_RULE, ["agent-a.argocd-agents.serviceaccount.identity.linkerd.cluster.local"], "agent-a",
         "agent-a.argocd-agents.serviceaccount.identity.linkerd.cluster.local", None),
        (LINKERD_RULE, [AGENT_A], None, AGENT_A, "other-form"),
        ("identity:l5d-client-id:spiffe://td/{agent}", ["spiffe://td/vm-1"], "vm-1", "spiffe://td/vm-1", None),
        ("identity:l5d-client-id:spiffe://td/{agent}", ["spiffe://td/VM"], None, "spiffe://td/VM", "agent-not-a-label"),
    ],
)  # fmt: skip
def test_who_is_calling(
    spec: str, values: list[str], agent: str | None, identity: str | None, refused: str | None
) -> None:
    verdict = parse_rule(spec).identify(values)
    assert (verdict.agent, verdict.identity, verdict.refused) == (agent, identity, refused)


@pytest.mark.parametrize("spec", [XFCC_RULE, SPIFFE_RULE, LINKERD_RULE, SEED_RULE])
def test_the_last_step_tells_the_outcome(spec: str) -> None:
    rule: IdentityRule = parse_rule(spec)
    for values in ([], ["x"], [element(AGENT_A)], [AGENT_A]):
        verdict = rule.identify(values)
        last = verdict.steps[-1]
        if verdict.refused is None:
            assert last == Step("agent", str(verdict.agent))
        else:
            assert last.what == "refused"
            assert last.outcome.startswith(f"{verdict.refused}: ")
            assert "accepted: " in last.outcome


def test_the_steps_of_an_accepted_caller_lead_from_header_to_agent() -> None:
    verdict = parse_rule(XFCC_RULE).identify([element(AGENT_A)])
    assert [step.what for step in verdict.steps] == ["header", "element 1 of 1", "identity", "template", "agent"]


def test_steps_name_certificates_without_repeating_them() -> None:
    pem = url_encoded(certificate(AGENT_A))
    verdict = parse_rule(XFCC_RULE).identify([f"Cert={pem};Chain={pem};URI={AGENT_A}"])
    assert verdict.agent == "agent-a"
    assert not any(pem[40:60] in step.outcome for step in verdict.steps)
    assert any("Cert=(present); Chain=(present)" in step.outcome for step in verdict.steps)


@pytest.mark.parametrize("size", [7_000, 8_500, 12_000, 15_900, 16_100, 32 * 1024, 32 * 1024 + 1, 60_000])
def test_the_decision_on_a_long_header_depends_on_its_length_alone(size: int) -> None:
    rule = parse_rule(XFCC_RULE)
    room = size - len(f'Chain="";{element(AGENT_A)}')
    value = f'Chain="{"a" * room}";{element(AGENT_A)}'
    assert len(value) == size
    verdicts = {rule.identify([value]) for _ in range(20)}
    assert len(verdicts) == 1
    assert verdicts.pop().refused == (None if size <= 32 * 1024 else "header-length")


def test_a_verdict_names_an_agent_or_a_rule_never_both_or_neither() -> None:
    for agent, refused in ((None, None), ("a", "b")):
        with pytest.raises(ValueError, match="either"):
            Verdict(agent, None, refused, ())


def test_rules_of_one_spec_are_equal() -> None:
    assert parse_rule(XFCC_RULE) == parse_rule(XFCC_RULE)
    assert parse_rule(SEED_RULE) == parse_rule(SEED_RULE)
    assert isinstance(parse_rule(XFCC_RULE), TemplateRule)
