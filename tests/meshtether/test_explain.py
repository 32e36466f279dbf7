"""`meshtether mesh explain`: what it prints and how it ends."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mesh.identity.rules import parse_rule
from meshtether.cli import cli
from tests.mesh.identity import hostile
from tests.mesh.identity.certificates import certificate, url_encoded
from tests.mesh.identity.samples import (
    AGENT_A,
    ATTACKER,
    GATEWAY,
    LINKERD_AGENT_A,
    LINKERD_GATEWAY,
    LINKERD_RULE,
    OWN,
    SEED_RULE,
    XFCC_RULE,
    element,
)

BEHIND = f"{element(AGENT_A, by=GATEWAY)},{element(GATEWAY)}"


def explain(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["mesh", "explain", *arguments])


def told(*arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit status and the JSON."""
    result = explain("-o", "json", *arguments)
    assert result.exit_code in (0, 1), result.output
    body: dict[str, Any] = json.loads(result.stdout)
    assert result.stderr == ""
    return result.exit_code, body


def test_an_agent_is_explained_step_by_step_and_ends_with_0() -> None:
    result = explain("--auth", XFCC_RULE, "--", element(AGENT_A))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.partition("  ")[0] for line in lines] == ["header", "element 1 of 1", "identity", "template", "agent"]
    assert lines[2].endswith(AGENT_A)
    assert lines[-1].split() == ["agent", "agent-a"]


def test_a_refusal_names_its_rule_and_what_would_be_accepted_and_ends_with_1() -> None:
    result = explain("--auth", XFCC_RULE, "--", element(ATTACKER))
    assert result.exit_code == 1
    last = result.stdout.splitlines()[-1]
    assert last.startswith("refused         other-namespace: ")
    assert "accepted: the template's namespace" in last


def test_the_json_has_the_promised_keys() -> None:
    assert told("--auth", XFCC_RULE, "--", element(AGENT_A)) == (
        0,
        {
            "agent": "agent-a",
            "identity": AGENT_A,
            "refused": None,
            "steps": [
                {"what": step.what, "outcome": step.outcome}
                for step in parse_rule(XFCC_RULE).identify([element(AGENT_A)]).steps
            ],
        },
    )
    status, body = told("--auth", XFCC_RULE, "--", element(ATTACKER))
    assert status == 1
    assert (body["agent"], body["identity"], body["refused"]) == (None, ATTACKER, "other-namespace")
    assert set(body) == {"agent", "identity", "refused", "steps"}


@pytest.mark.parametrize(
    ("arguments", "agent", "refused"),
    [
        (["--auth", XFCC_RULE, "--", element(AGENT_A), element(AGENT_A)], None, "header-repeated"),
        (["--auth", XFCC_RULE, "--", ""], None, "xfcc-empty"),
        (["--auth", XFCC_RULE, "--", "-o"], None, "xfcc-unknown-key"),
        (["--auth", SEED_RULE, "--", element(ATTACKER)], "agent-a", None),
        (["--auth", LINKERD_RULE, "--", LINKERD_AGENT_A], "agent-a", None),
        (["--auth", XFCC_RULE, "--", BEHIND], None, "several-elements"),
        (["--auth", XFCC_RULE, "--trusted-gateway", GATEWAY, "--", BEHIND], "agent-a", None),
        (["--auth", XFCC_RULE, "--trusted-gateway", f"{OWN}, {GATEWAY}", "--", BEHIND], "agent-a", None),
        (["--auth", XFCC_RULE, "--trusted-gateway", OWN, "--", BEHIND], None, "gateway-untrusted"),
        (["--auth", SEED_RULE, "--trusted-gateway", GATEWAY, "--", BEHIND], "agent-a", None),
        (["--auth", XFCC_RULE, "--own-identity", OWN, "--", element(AGENT_A)], "agent-a", None),
        (["--auth", XFCC_RULE, "--own-identity", GATEWAY, "--", element(AGENT_A)], None, "other-by"),
        (["--auth", XFCC_RULE, "--allow-agent", "x", "--allow-agent", "a*", "--", element(AGENT_A)], "agent-a", None),
        (["--auth", XFCC_RULE, "--allow-agent", "agent-[b-z]", "--", element(AGENT_A)], None, "agent-not-allowed"),
        (["--auth", LINKERD_RULE, "--trusted-gateway", LINKERD_GATEWAY, "--", LINKERD_GATEWAY], None, None),
    ],
)
def test_the_principals_options_decide_as_in_the_principal(
    arguments: list[str], agent: str | None, refused: str | None
) -> None:
    status, body = told(*arguments)
    assert body["agent"] == agent
    assert body["refused"] == (refused or ("forwarded-missing" if agent is None else None))
    assert status == (1 if agent is None else 0)


def test_forwarded_may_be_given_beside_the_header() -> None:
    line = ["--auth", LINKERD_RULE, "--trusted-gateway", LINKERD_GATEWAY]
    values = ["--forwarded", "for=1.2.3.4", "--forwarded", f"by={LINKERD_GATEWAY};for={LINKERD_AGENT_A}"]
    status, body = told(*line, *values, "--", LINKERD_GATEWAY)
    assert (status, body["agent"], body["identity"]) == (0, "agent-a", LINKERD_AGENT_A)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing"),
        (["--", "x"], "Missing option '--auth'"),
        (["--auth", XFCC_RULE], "Missing argument 'HEADER-VALUE...'"),
        (["--auth", XFCC_RULE, "--"], "Missing argument 'HEADER-VALUE...'"),
        (["--auth", "nonsense", "--", "x"], "--auth: 'nonsense' is no identity rule; accepted: header:<name>:<regex>"),
        (["--auth", "mtls:subject:(.*)", "--", "x"], "is no identity rule"),
        (["--auth", "header:x:(", "--", "x"], "RE2 refuses the regex"),
        (["--auth", "identity:x:spiffe://a/b", "--", "x"], "stands 0 times"),
        (["--auth", XFCC_RULE, "--own-identity", "me", "--", "x"], "--own-identity: 'me' begins otherwise; accepted"),
        (["--auth", LINKERD_RULE, "--own-identity", OWN, "--", "x"], "--own-identity: it is compared with By"),
        (["--auth", XFCC_RULE, "--trusted-gateway", "gw", "--", "x"], "--trusted-gateway: 'gw' has another shape"),
        (["--auth", XFCC_RULE, "--trusted-gateway", LINKERD_GATEWAY, "--", "x"], "is no SPIFFE ID"),
        (["--auth", XFCC_RULE, "--trusted-gateway", '"', "--", "x"], "--trusted-gateway: not a list"),
        (["--auth", XFCC_RULE, "--allow-agent", "Agent", "--", "x"], "--allow-agent: 'Agent' matches no agent"),
        (["--auth", XFCC_RULE, "-o", "yaml", "--", "x"], "'yaml' is not one of"),
        (["--auth", XFCC_RULE, "--unknown", "--", "x"], "No such option"),
    ],
)
def test_bad_usage_ends_with_2_and_says_why_on_stderr(arguments: list[str], said: str) -> None:
    result = explain(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_no_hostile_value_is_explained_as_an_agent() -> None:
    for rule, text in [*hostile.xfcc()][::23]:
        status, body = told("--auth", XFCC_RULE, "--", text)
        assert (status, body["agent"], body["refused"]) == (1, None, rule)
    for _, text in [*hostile.linkerd()][::23]:
        assert told("--auth", LINKERD_RULE, "--", text)[0] == 1


@pytest.mark.parametrize("odd", ["\x1b[31m", "\n", "\r", "\u202e", "\udcff", "é"])
@pytest.mark.parametrize("auth", [XFCC_RULE, SEED_RULE])
def test_nothing_in_a_header_reaches_the_terminal_unescaped(auth: str, odd: str) -> None:
    result = explain("--auth", auth, "--", f"x{odd}y")
    assert result.exit_code == 1
    (line,) = result.stdout.splitlines()
    assert line.startswith("refused  header-character: ")
    assert line.isascii()
    assert line.isprintable()


def test_certificates_are_not_printed() -> None:
    pem = url_encoded(certificate(AGENT_A))
    result = explain("--auth", XFCC_RULE, "--", f'By={OWN};Cert={pem};Subject="";URI={AGENT_A}')
    assert result.exit_code == 0
    assert "Cert=(present)" in result.stdout
    assert pem[60:80] not in result.stdout
