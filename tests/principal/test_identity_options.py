"""A principal's identity options: in its rule, in its log, and whatever the method."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from mesh.identity.allow import AllowError
from mesh.identity.options import IdentityOptions, read_options
from principal.auth.demands import Demands
from principal.auth.header import HeaderMethod
from principal.auth.security import Security, make_method
from principal.config import PrincipalConfig
from principal.identity_options import MAX_WARNED, header_rule
from principal.rpc import CallInfo, Code, ConnectionInfo, RpcError
from tests.mesh.identity.certificates import certificate, url_encoded
from tests.mesh.identity.samples import (
    AGENT_A,
    GATEWAY,
    LINKERD_AGENT_A,
    LINKERD_GATEWAY,
    LINKERD_RULE,
    OWN,
    SEED_LINKERD_RULE,
    SEED_RULE,
    XFCC_RULE,
    element,
)
from tests.principal.virtual import auth_request

XFCC = "x-forwarded-client-cert"


def config(auth: str = XFCC_RULE, options: IdentityOptions | None = None) -> PrincipalConfig:
    return PrincipalConfig(
        insecure_plaintext=True, auth=auth, identity=options or IdentityOptions(), namespace="argocd", store=None
    )


def call(*metadata: tuple[str, str]) -> CallInfo:
    return CallInfo(metadata, ConnectionInfo(id="c1", peer="ipv4:127.0.0.1:1", transport="test"))


def logged(auth: str, options: IdentityOptions | None = None) -> list[dict[str, Any]]:
    with capture_logs() as lines:
        header_rule(auth, options or IdentityOptions())
    return [dict(line) for line in lines]


@pytest.mark.parametrize("auth", [SEED_RULE, SEED_LINKERD_RULE, f"header:{XFCC}:/sa/([^,;/]+)"])
def test_a_regex_that_confuses_callers_is_warned_of_once_for_each_and_once_in_all(auth: str) -> None:
    summary, *each = logged(auth)
    assert 1 <= len(each) <= MAX_WARNED
    assert {line["log_level"] for line in (*each, summary)} == {"warning"}
    assert {line["event"] for line in each} == {"identity rule takes another caller for the expected one"}
    assert all(header_rule(auth).identify([line["header"]]).agent == line["agent"] for line in each)
    assert len({line["caller"] for line in each}) == len(each)
    assert summary["event"] == "identity rule confuses callers"
    assert summary["shown"] == len(each) <= summary["ways"]
    assert "identity:" in summary["remedy"]
    assert "agent-a" in summary["expected"]


def test_the_recommended_regex_is_shown_to_take_other_namespaces_and_trust_domains() -> None:
    callers = {line.get("caller") for line in logged(SEED_RULE)}
    assert {"another namespace", "another trust domain", "two URI names, the expected one last"} <= callers


def test_options_that_narrow_nothing_do_not_silence_the_warning() -> None:
    options = read_options(own_identity=OWN, allow_agents=["edge-1"], trusted_gateways=[GATEWAY])
    callers = {line.get("caller") for line in logged(SEED_RULE, options)}
    assert {"another namespace", "another trust domain"} <= callers
    assert "two URI names, the expected one last" not in callers


@pytest.mark.parametrize("auth", [XFCC_RULE, LINKERD_RULE])
def test_a_template_starts_in_silence(auth: str) -> None:
    assert logged(auth) == []


def test_the_options_are_in_the_method_that_the_principal_runs_with() -> None:
    method = make_method(config(options=read_options(trusted_gateways=[GATEWAY], own_identity=OWN)))
    behind = f"{element(AGENT_A, by=GATEWAY)},{element(GATEWAY)}"
    assert method.present("agent-a", call((XFCC, behind))).agent == "agent-a"
    assert method.present("agent-a", call((XFCC, element(AGENT_A, by=GATEWAY)))).refused == "other-by"


def test_a_linkerd_gateways_caller_is_read_from_the_same_call() -> None:
    method = make_method(config(LINKERD_RULE, read_options(trusted_gateways=[LINKERD_GATEWAY])))
    header = ("l5d-client-id", LINKERD_GATEWAY)
    said = ("forwarded", f"by={LINKERD_GATEWAY};for={LINKERD_AGENT_A};host=x;proto=https")
    verdict = method.present("agent-a", call(header, ("forwarded", "for=1.2.3.4"), said))
    assert (verdict.agent, verdict.identity) == ("agent-a", LINKERD_AGENT_A)
    assert method.present("agent-a", call(header)).refused == "forwarded-missing"
    plain = make_method(config(LINKERD_RULE))
    assert plain.present("agent-a", call(header, said)).refused == "other-namespace"


async def test_an_agent_that_is_not_on_the_list_cannot_log_in() -> None:
    for listed, code in ((["agent-a"], None), (["agent-b", "edge-*"], Code.UNAUTHENTICATED)):
        security = Security.build(config(options=read_options(allow_agents=listed)))
        try:
            who, _ = await security.login.authenticate(auth_request(), call((XFCC, element(AGENT_A))), now=1.0)
        except RpcError as refused:
            assert refused.status.code is code  # noqa: PT017 - either outcome is right, by the list
        else:
            assert (who.agent, code) == ("agent-a", None)
        finally:
            security.close()


def test_the_list_holds_for_methods_that_read_no_header() -> None:
    demands = Demands(allowed=read_options(allow_agents=["edge-*"]).allowed_agents)
    connection = call().connection
    demands.check_name("edge-1", connection)
    with pytest.raises(AllowError) as refused:
        demands.check_name("agent-a", connection)
    assert refused.value.rule == "agent-not-allowed"


def test_a_received_header_is_logged_at_debug_as_explain_would_without_its_certificate() -> None:
    pem = url_encoded(certificate(AGENT_A))
    value = f'By={OWN};Cert={pem};Subject="";URI={AGENT_A}'
    method = HeaderMethod(header_rule(XFCC_RULE))
    with capture_logs() as lines:
        method.present("agent-a", call((XFCC, value)))
    (line,) = lines
    assert line["log_level"] == "debug"
    steps = header_rule(XFCC_RULE).identify([value]).steps
    assert line["steps"] == [f"{step.what}: {step.outcome}" for step in steps]
    assert "Cert=(present)" in str(line)
    assert pem[60:90] not in str(line)
