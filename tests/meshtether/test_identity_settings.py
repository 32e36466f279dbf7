"""What the identity options of a principal come to, and which of them go together."""

import pytest

from mesh.identity.linkerd import LinkerdId
from mesh.identity.options import NO_OPTIONS, read_options
from meshtether.commands.identity_settings import identity_options
from meshtether.options.checks import Checks
from meshtether.options.model import OptionsError
from meshtether.options.resolve import resolve
from meshtether.options.table import PRINCIPAL
from tests.mesh.identity.samples import EAST_GATEWAY, GATEWAY, LINKERD_GATEWAY, LINKERD_RULE, OWN, SEED_RULE, XFCC_RULE


def build(auth: str, *arguments: str, **env: str) -> object:
    resolved = resolve(PRINCIPAL, [f"--auth={auth}", *arguments], env)
    checks = Checks(resolved)
    options = identity_options(resolved, checks, method=auth.partition(":")[0])
    checks.finish()
    return options


def problems(auth: str, *arguments: str, **env: str) -> str:
    with pytest.raises(OptionsError) as caught:
        build(auth, *arguments, **env)
    return str(caught.value)


@pytest.mark.parametrize("auth", [XFCC_RULE, SEED_RULE, "userpass:/users", "mtls:uri:(.*)", "nonsense:x:y", "header:x"])
def test_nothing_given_is_nothing_asked(auth: str) -> None:
    assert build(auth) == NO_OPTIONS


def test_flags_may_be_repeated_or_hold_lists() -> None:
    expected = read_options(
        trusted_gateways=[GATEWAY, EAST_GATEWAY], own_identity=OWN, allow_agents=["agent-*", "edge-1"]
    )
    given = ["--trusted-gateway", GATEWAY, f"--trusted-gateway={EAST_GATEWAY}", f"--own-identity={OWN}"]
    assert build(XFCC_RULE, *given, "--allow-agent=agent-*,edge-1") == expected
    env = {"MESHTETHER_TRUSTED_GATEWAY": f"{GATEWAY},{EAST_GATEWAY}", "MESHTETHER_OWN_IDENTITY": OWN}
    assert build(XFCC_RULE, **env, MESHTETHER_ALLOW_AGENT="agent-*, edge-1") == expected


def test_a_linkerd_gateway_has_a_linkerd_name() -> None:
    options = build(LINKERD_RULE, f"--trusted-gateway={LINKERD_GATEWAY}")
    assert options == read_options(trusted_gateways=[LINKERD_GATEWAY])
    assert str(LinkerdId.parse(LINKERD_GATEWAY)) == LINKERD_GATEWAY


@pytest.mark.parametrize(
    ("auth", "argument", "told"),
    [
        (XFCC_RULE, "--trusted-gateway=gw", "flag --trusted-gateway: 'gw': 'gw' has another shape; accepted: "),
        (XFCC_RULE, f"--trusted-gateway={LINKERD_GATEWAY}", "is no SPIFFE ID"),
        (XFCC_RULE, "--own-identity=me", "flag --own-identity: 'me': 'me' begins otherwise; accepted: "),
        (LINKERD_RULE, f"--own-identity={OWN}", "l5d-client-id, which has none"),
        (XFCC_RULE, "--allow-agent=Agent", "'Agent' matches no agent: no agent's name has 'A'"),
        ("userpass:/users", f"--trusted-gateway={GATEWAY}", "--auth=userpass: reads no header"),
        ("mtls:uri:(.*)", f"--own-identity={OWN}", "--auth=mtls: reads no header"),
    ],
)
def test_an_option_that_cannot_be_used_says_why_and_where_it_was_given(auth: str, argument: str, told: str) -> None:
    found = problems(auth, argument)
    assert told in found
    assert f"flag {argument.partition('=')[0]}" in found


def test_the_variable_at_fault_is_named() -> None:
    told = problems(XFCC_RULE, MESHTETHER_OWN_IDENTITY="me")
    assert "environment variable MESHTETHER_OWN_IDENTITY (option --own-identity): 'me'" in told


def test_an_allow_list_goes_with_every_method() -> None:
    assert build("userpass:/users", "--allow-agent=a") == read_options(allow_agents=["a"])
