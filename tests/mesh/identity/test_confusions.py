import pytest

from mesh.identity.confusions import Confusion, confusions, find_expected
from mesh.identity.linkerd import LinkerdId
from mesh.identity.options import read_options
from mesh.identity.rules import IdentityRule, parse_rule
from mesh.identity.spiffe import SpiffeId
from mesh.identity.verdict import Verdict
from tests.mesh.identity.samples import LINKERD_RULE, SEED_LINKERD_RULE, SEED_RULE, SPIFFE_RULE, XFCC_RULE

XFCC = "header:x-forwarded-client-cert"
PINNED = rf'{XFCC}:^By=[^,;"]+;Hash=[0-9a-f]+;Subject="";URI=spiffe://prod\.example/ns/team-x/sa/([^,;/]+)$'


def perturbations(spec: str) -> set[str]:
    return {each.perturbation for each in confusions(parse_rule(spec))}


@pytest.mark.parametrize(
    "perturbation",
    [
        "another trust domain",
        "another namespace",
        "an element of the caller's own in front of a sidecar's with an empty URI",
        "an element of the caller's own in front of a sidecar's without a URI",
        "a gateway of the expected identity, another caller behind it",
        "text in the quoted Subject, and an empty URI",
        "two URI names, the expected one last",
        "text in a DNS name",
    ],
)
def test_the_seeds_regex_confuses(perturbation: str) -> None:
    assert perturbation in perturbations(SEED_RULE)


def test_the_greedy_seed_regex_is_not_fooled_by_what_stands_in_front_alone() -> None:
    assert "an element of the caller's own in front of the sidecar's" not in perturbations(SEED_RULE)
    lazy = f"{XFCC}:URI=spiffe://[^/]+/ns/[^/]+/sa/([^,;]+)"
    assert "an element of the caller's own in front of the sidecar's" in perturbations(lazy)


@pytest.mark.parametrize(
    ("spec", "perturbation"),
    [
        (rf"{XFCC}:^.*URI=spiffe://prod.example/ns/team-x/sa/([^,;]+)", "another character for the trust domain's dot"),
        (rf"{XFCC}:URI=spiffe://[a-z-]*prod\.corp/ns/x/sa/([^,;]+)", "a trust domain that ends like the expected one"),
        (rf"{XFCC}:URI=spiffe://prod\.corp[^/]*/ns/x/sa/([^,;]+)", "a trust domain that begins like the expected one"),
        (rf"{XFCC}:URI=.*/sa/([a-z]+)", "a service account that begins like the expected one"),
        (rf"{XFCC}:URI=.*/sa/([^,;/.]+)", "a service account that goes on after a dot"),
        (rf"{XFCC}:URI=.*/sa/(?:[a-z]+-)?(agent-[a-z])", "a service account that ends like the expected one"),
        (rf"{XFCC}:/sa/([^,;/]+)", "another service account"),
        (rf"{XFCC}:^By=spiffe://[^/]+/ns/[^/]+/sa/([^,;/]+)", "another service account"),
        (rf"{XFCC}:URI=spiffe://prod\.example/ns/team-x/sa/([^,;/]+)", "text in the quoted Subject"),
        (rf"{XFCC}:=spiffe://prod\.example/ns/team-x/sa/(agent-[a-z])", "the expected identity as By, another as URI"),
        (rf"{XFCC}:URI=spiffe://prod\.example/ns/team-x/sa/([^,;/]+)", "more path behind"),
        (rf"{XFCC}:URI=spiffe://prod\.example/.*/sa/([^,;/]+)", "more path in front"),
        (rf"{XFCC}:^.*URI=spiffe://[^/]+/ns/([^/]+)/sa/", "another service account"),
        (SEED_LINKERD_RULE, "another namespace"),
        (SEED_LINKERD_RULE, "another trust domain"),
        (SEED_LINKERD_RULE, "another control plane"),
        (SEED_LINKERD_RULE, "a service account that goes on after a dot"),
        (r"header:l5d-client-id:^([a-z-]+)", "the agent's name alone"),
        (r"header:l5d-client-id:(agent-[a-z])", "a SPIFFE ID with that last segment"),
        (r"header:x-spiffe-id:^spiffe://[^/]+/ns/team-x/sa/([^/]+)$", "another trust domain"),
        (r"header:x-workload:^([^.]+)\.argocd\.", "another trust domain"),
        (r"header:x-client-id:([a-z-]+)", "text behind"),
        (r"header:x-client-id:([a-z-]+)$", "text in front"),
    ],
)  # fmt: skip
def test_a_looser_regex_is_shown_what_it_lets_through(spec: str, perturbation: str) -> None:
    assert perturbation in perturbations(spec)


@pytest.mark.parametrize("spec", [SEED_RULE, SEED_LINKERD_RULE, rf"{XFCC}:/sa/([^,;/]+)"])
def test_each_shown_header_really_yields_the_name_shown(spec: str) -> None:
    rule = parse_rule(spec)
    expected = find_expected(rule)
    assert expected is not None
    found = confusions(rule)
    assert found
    for confusion in found:
        assert rule.identify([confusion.value]).agent == confusion.agent == expected.agent
        assert confusion.value != expected.value
    assert len({confusion.value for confusion in found}) == len(found)


def test_a_regex_that_spells_the_whole_element_out_confuses_nobody_listed() -> None:
    assert find_expected(parse_rule(PINNED)) is not None
    assert confusions(parse_rule(PINNED)) == []


@pytest.mark.parametrize("spec", [XFCC_RULE, LINKERD_RULE, SPIFFE_RULE, "identity:x-id:spiffe://td/{agent}"])
def test_a_template_confuses_nobody(spec: str) -> None:
    rule = parse_rule(spec)
    assert find_expected(rule) is not None
    assert confusions(rule) == []


def test_an_expected_caller_can_be_given() -> None:
    rule = parse_rule(r"header:x-id:^spiffe://td/zone-[0-9]+/([a-z]+)")
    assert find_expected(rule) is None
    assert confusions(rule) == []
    found = confusions(rule, SpiffeId.parse("spiffe://td/zone-7/east"))
    assert Confusion(perturbation="more path behind", value="spiffe://td/zone-7/east/somebody", agent="east") in found
    name = LinkerdId.parse("east.team-x.serviceaccount.identity.l.corp")
    assert confusions(parse_rule(SEED_LINKERD_RULE), name)


def test_an_expected_caller_that_the_rule_refuses_gives_nothing() -> None:
    assert confusions(parse_rule(PINNED), SpiffeId.parse("spiffe://td/a")) == []


def test_a_rule_of_another_kind_is_varied_only_from_a_given_caller() -> None:
    class Anybody:
        header = "x-id"

        def identify(self, values: object) -> Verdict:
            return Verdict("anybody", None, None, ())

    assert confusions(Anybody()) == []
    assert confusions(Anybody(), SpiffeId.parse("spiffe://td/a"))


def test_a_pinned_name_is_what_the_varied_headers_are_by() -> None:
    own = "spiffe://cluster.local/ns/hub/sa/principal"
    rule = parse_rule(SEED_RULE, read_options(own_identity=own))
    found = confusions(rule)
    assert {"another namespace", "another trust domain"} <= {each.perturbation for each in found}
    assert all(f"By={own};" in each.value for each in found)
    # What has two elements or two names is refused before the regex sees it.
    assert not {each.perturbation for each in found} & {"two URI names, the expected one last", "text in a DNS name"}


def test_an_allow_list_hides_no_confusion() -> None:
    listed = parse_rule(SEED_RULE, read_options(allow_agents=["edge-7"]))
    assert listed.identify([find_value(listed)]).refused == "agent-not-allowed"
    assert confusions(listed) == confusions(parse_rule(SEED_RULE))


def find_value(rule: IdentityRule) -> str:
    expected = find_expected(rule)
    assert expected is not None
    return expected.value
