"""Every mode of `x-forwarded-client-cert` on the real Envoy, with every kind of caller: whom each rule takes it for.

One lab a mode, its callers behind sidecars of their own. MODES says what the header then is; what a rule makes of it
follows from the caller's certificate.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from mesh.identity.options import read_options
from mesh.identity.rules import IdentityRule, Verdict, parse_rule
from mesh.lab import Authority, Flavour, LabMesh, Workload, XfccDetails, XfccMode
from tests.e2e.world import need_envoy
from tests.mesh.identity.samples import (
    AGENT_A,
    LINKERD_AGENT_A,
    LINKERD_GATEWAY,
    LINKERD_RULE,
    OWN,
    SEED_LINKERD_RULE,
    SEED_RULE,
    XFCC_RULE,
)
from tests.mesh.lab.standin import L5D, XFCC, meshed, received

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

SPOOF = f'By={OWN};Hash={"ab" * 32};Subject="";URI={AGENT_A}'
"""The element of an agent, to the letter."""

LYING = XfccMode.ALWAYS_FORWARD_ONLY
"""What an attacker's own sidecar does: it sends on what it was given."""

OTHER = "spiffe://cluster.local/ns/argocd-agents/sa/other"
CALLERS = (
    Workload(name="agent-a"),
    Workload(name="attacker", forward_client_cert=LYING),
    Workload(name="namespace", spiffe_id="spiffe://cluster.local/ns/evil/sa/agent-a", forward_client_cert=LYING),
    Workload(
        name="domain",
        authority="other",
        spiffe_id="spiffe://other.domain/ns/argocd-agents/sa/agent-a",
        forward_client_cert=LYING,
    ),
    Workload(name="nameless", uri_sans=(), dns_sans=("nameless.example",), forward_client_cert=LYING),
    Workload(name="twofold", uri_sans=(OTHER, AGENT_A), forward_client_cert=LYING),
)

OURS = {
    "agent-a": "agent-a",
    "attacker": "attacker",
    "namespace": "other-namespace",
    "domain": "other-trust-domain",
    "nameless": "empty-uri",
    "twofold": "several-uris",
}
"""What the template makes of each caller's true element: the agent, or the rule that refuses."""

RECIPE = {
    "agent-a": "agent-a",
    "attacker": "attacker",
    "namespace": "agent-a",
    "domain": "agent-a",
    "nameless": "regex-no-match",
    "twofold": "agent-a",
}
"""What argocd-agent's recipe makes of it."""

APPENDED = {**RECIPE, "nameless": "agent-a"}
"""What the recipe makes of a forged element in front of the true one: it is greedy, and one of them has no URI."""

RULES: Mapping[str, IdentityRule] = {
    "ours": parse_rule(XFCC_RULE),
    "pinned": parse_rule(XFCC_RULE, read_options(own_identity=OWN)),
    "recipe": parse_rule(SEED_RULE),
}


def same(outcome: str) -> dict[str, str]:
    return dict.fromkeys(OURS, outcome)


MISSING = same("header-missing")
VICTIM = same("agent-a")

MODES = {
    # mode: (template: clean, forged), (recipe: clean, forged), whether plaintext passes a forged header on
    XfccMode.SANITIZE: ((MISSING, MISSING), (MISSING, MISSING), False),
    XfccMode.SANITIZE_SET: ((OURS, OURS), (RECIPE, RECIPE), False),
    XfccMode.APPEND_FORWARD: ((OURS, same("several-elements")), (RECIPE, APPENDED), False),
    # Nothing in the header tells these forgeries from the truth: they are stopped by the mesh's configuration only.
    XfccMode.FORWARD_ONLY: ((MISSING, VICTIM), (MISSING, VICTIM), False),
    XfccMode.ALWAYS_FORWARD_ONLY: ((MISSING, VICTIM), (MISSING, VICTIM), True),
}


def said(verdict: Verdict) -> str:
    return verdict.agent or verdict.refused or ""


async def values(port: int, *metadata: tuple[str, str]) -> list[str]:
    return (await received(port, metadata)).get(XFCC, [])


async def seen(lab: LabMesh, rule: str, *, forged: bool) -> dict[str, str]:
    """What `rule` makes of each caller, whose application sends the forged header or nothing."""
    metadata = [(XFCC, SPOOF)] if forged else []
    found = {}
    for caller in CALLERS:
        # The first one's sidecar is honest: whatever its application sends, it is a clean caller.
        found[caller.name] = said(RULES[rule].identify(await values(lab.agent_port(caller.name), *metadata)))
    return found


@pytest.mark.parametrize("mode", MODES, ids=str)
async def test_each_mode_with_each_caller(mode: XfccMode, tmp_path: Path) -> None:
    need_envoy()
    template, recipe, plaintext = MODES[mode]
    authorities = (Authority(name="other", trust_domain="other.domain", trusted=True),)
    async with meshed(
        tmp_path, agents=CALLERS, xfcc_mode=mode, match_clients=False, authorities=authorities, permissive=True
    ) as lab:
        for rule, (clean, forged) in (("ours", template), ("pinned", template), ("recipe", recipe)):
            assert await seen(lab, rule, forged=False) == clean, rule
            # An application cannot lie through its own honest sidecar.
            assert await seen(lab, rule, forged=True) == {**forged, "agent-a": clean["agent-a"]}, rule
        # In plaintext there is no certificate; only one mode lets a header through then.
        got = await values(lab.principal_sidecar.inbound_port, (XFCC, SPOOF))
        assert got == ([SPOOF] if plaintext else [])


async def test_opaque_tcp_carries_any_header_as_it_is(tmp_path: Path) -> None:
    need_envoy()
    async with meshed(tmp_path, agents=CALLERS[:2], opaque=True) as lab:
        for caller in CALLERS[:2]:
            port = lab.agent_port(caller.name)
            assert await values(port) == []
            assert await values(port, (XFCC, SPOOF)) == [SPOOF]
            # Two values stay two, and are refused; through an HTTP proxy they would have been joined.
            assert RULES["ours"].identify(await values(port, (XFCC, SPOOF), (XFCC, SPOOF))).refused == "header-repeated"


async def test_without_details_a_forged_front_is_all_that_a_regex_finds(tmp_path: Path) -> None:
    need_envoy()
    nothing = XfccDetails(subject=False, uri=False, dns=False)
    async with meshed(tmp_path, agents=CALLERS[:2], xfcc_mode=XfccMode.APPEND_FORWARD, details=nothing) as lab:
        port = lab.agent_port("attacker")
        assert said(RULES["recipe"].identify(await values(port, (XFCC, SPOOF)))) == "agent-a"
        assert said(RULES["ours"].identify(await values(port, (XFCC, SPOOF)))) == "several-elements"
        assert said(RULES["ours"].identify(await values(port))) == "no-uri"


@pytest.mark.parametrize(
    ("front", "rule"),
    [
        (f"URI={AGENT_A}", "several-elements"),
        (f'URI={AGENT_A};Subject="', "xfcc-text-after-quote"),
        (f'URI={AGENT_A};Subject="\\', "xfcc-text-after-quote"),
        (f"{SPOOF},{SPOOF}", "several-elements"),
        (f"{SPOOF},", "xfcc-empty-element"),
        (f"{SPOOF};", "xfcc-empty-pair"),
        ("X=1", "xfcc-unknown-key"),
    ],
)
async def test_no_forged_front_hides_the_true_element(front: str, rule: str, tmp_path: Path) -> None:
    need_envoy()
    async with meshed(tmp_path, agents=CALLERS[:2], xfcc_mode=XfccMode.APPEND_FORWARD) as lab:
        got = await values(lab.agent_port("attacker"), (XFCC, front))
        assert got[0].startswith(front)
        for name in ("ours", "pinned"):
            assert RULES[name].identify(got).refused == rule


async def test_a_certificate_in_the_header_is_the_uris(tmp_path: Path) -> None:
    need_envoy()
    every = XfccDetails(cert=True, chain=True)
    async with meshed(tmp_path, agents=("agent-a", "agent-b"), details=every) as lab:
        first, second = [await values(lab.agent_port(name)) for name in ("agent-a", "agent-b")]
        verdict = RULES["pinned"].identify(first)
        assert verdict.agent == "agent-a"
        assert "certificate" in [step.what for step in verdict.steps]
        swapped = second[0].replace("sa/agent-b", "sa/agent-a")
        for name in ("ours", "pinned", "recipe"):
            assert RULES[name].identify([swapped]).refused == "cert-uri", name


async def test_another_sidecars_header_is_refused_where_the_own_name_is_pinned(tmp_path: Path) -> None:
    need_envoy()
    elsewhere = Workload(name="other-principal", namespace="argocd")
    async with meshed(tmp_path, agents=("agent-a",), principal=elsewhere) as lab:
        got = await values(lab.agent_port("agent-a"))
        assert RULES["ours"].identify(got).agent == "agent-a"
        assert RULES["pinned"].identify(got).refused == "other-by"


LINKERD_CALLERS = (
    Workload(name="agent-a"),
    Workload(name="namespace", dns_sans=(LINKERD_AGENT_A.replace("argocd-agents", "evil"),)),
    Workload(name="linkerd-gateway", namespace="linkerd-multicluster"),
)


async def test_linkerd_with_each_caller_and_a_gateway(tmp_path: Path) -> None:
    need_envoy()
    plain, recipe = parse_rule(LINKERD_RULE), parse_rule(SEED_LINKERD_RULE)
    trusting = parse_rule(LINKERD_RULE, read_options(trusted_gateways=[LINKERD_GATEWAY]))
    spoof = (L5D, LINKERD_AGENT_A)
    forwarded = ("forwarded", f"by={LINKERD_GATEWAY};for={LINKERD_AGENT_A};host=principal:8443;proto=https")
    async with meshed(tmp_path, agents=LINKERD_CALLERS, flavour=Flavour.LINKERD) as lab:

        async def told(rule: IdentityRule, name: str, *metadata: tuple[str, str]) -> str:
            got = await received(lab.agent_port(name), metadata)
            return said(rule.identify(got.get(L5D, []), got.get("forwarded", [])))

        for metadata in ((), (spoof,), (forwarded,), (spoof, spoof, forwarded)):
            assert await told(plain, "agent-a", *metadata) == "agent-a"
            assert await told(trusting, "agent-a", *metadata) == "agent-a"
            assert await told(plain, "namespace", *metadata) == "other-namespace"
            assert await told(trusting, "namespace", *metadata) == "other-namespace"
            assert await told(recipe, "namespace", *metadata) == "agent-a"
            assert await told(plain, "linkerd-gateway", *metadata) == "other-namespace"
        assert await told(trusting, "linkerd-gateway", forwarded) == "agent-a"
        assert await told(trusting, "linkerd-gateway", ("forwarded", "for=1.2.3.4"), forwarded) == "agent-a"
        assert await told(trusting, "linkerd-gateway") == "forwarded-missing"
