import pytest

from mesh.configuration.identity import CHECKS, header_rule, method
from tests.mesh.texts import codes, findings, pod, world

XFCC = "x-forwarded-client-cert"
EXACT = f"identity:{XFCC}:spiffe://cluster.local/ns/agents/sa/{{agent}}"


def principal(auth: str) -> str:
    return pod("principal", f"--auth={auth}")


@pytest.mark.parametrize(
    ("auth", "found"),
    [
        (EXACT, []),
        ("mtls:CN=(.+)", []),
        ("userpass:/etc/users", []),
        ("", ["MT1904"]),
        ("magic:x", ["MT1904"]),
        ("identity:x", ["MT1904"]),
        (f"header:{XFCC}:(", ["MT1904"]),
        (f"header:{XFCC}:no-group", ["MT1904"]),
    ],
)
def test_a_rule_that_the_principal_does_not_take_is_told(auth: str, found: list[str]) -> None:
    assert [each for each in codes(CHECKS, principal(auth)) if each != "MT1903"] == found


def test_a_regex_that_takes_others_is_told_with_a_few_of_them() -> None:
    (finding,) = findings(CHECKS, principal(f"header:{XFCC}:.*/sa/([^/]+)"))
    assert finding.code == "MT1903"
    assert finding.message.count(";") <= 3
    assert codes(CHECKS, principal(EXACT)) == []


@pytest.mark.parametrize(
    ("auth", "creds", "found"),
    [
        (EXACT, "header:", []),
        (EXACT, "mtls:", ["MT1914"]),
        (EXACT, "", ["MT1914"]),
        ("mtls:CN=(.+)", "mtls:", []),
        ("mtls:CN=(.+)", "header:", ["MT1914"]),
    ],
)
def test_agents_log_in_by_the_principals_method(auth: str, creds: str, found: list[str]) -> None:
    assert codes(CHECKS, principal(auth), pod("agent", f"--creds={creds}")) == found


def test_principals_of_several_methods_leave_the_agents_alone() -> None:
    assert codes(CHECKS, principal(EXACT), principal("mtls:CN=(.+)"), pod("agent", "--creds=userpass:/x")) == []


def test_only_a_rule_on_a_header_is_one() -> None:
    known = world(principal(EXACT), principal("mtls:CN=(.+)"), principal("identity:broken"))
    assert [rule.header if rule else None for rule in map(header_rule, known.principals)] == [XFCC, None, None]
    assert method(None) == ""
