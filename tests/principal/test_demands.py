"""What every caller must satisfy, whatever the method."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hubproto.auth_pb2 import AuthRequest, AuthResponse, RefreshTokenRequest
from mesh.identity.allow import AgentPattern
from mesh.identity.errors import IdentityError
from principal.auth.blocklist import read_blocklist
from principal.auth.certificate import fingerprint, read_certificate
from principal.auth.demands import NO_DEMANDS, Demands
from principal.auth.followed import FollowedFile
from principal.auth.mtls import MtlsMethod
from principal.login import Login
from principal.rpc import CallInfo, Code, ConnectionInfo, RpcError
from tests.principal.certificates import client, der
from tests.principal.virtual import ISSUER, VERSION, call

NOW = datetime.now(UTC).timestamp() + 1800  # certificates are made while the suite runs: some minutes after this
SPIFFE = "spiffe://cluster.local/ns/argocd-agents/sa/{}"


def connection(certificate: bytes = b"") -> ConnectionInfo:
    return ConnectionInfo("c1", "peer", "test", certificate)


def rule(work: object, *arguments: object, **more: object) -> str:
    with pytest.raises(IdentityError) as raised:
        work(*arguments, **more)  # type: ignore[operator]
    return raised.value.rule


AGENT_A, AGENT_B = der(client("agent-a")), der(client("agent-b"))


def blocking(path: Path, *certificates: bytes) -> FollowedFile:  # type: ignore[type-arg]
    path.write_text("".join(f"{fingerprint(each)}\n" for each in certificates))
    return FollowedFile(path, read_blocklist, what="blocklist")


def test_a_principal_without_tls_demands_nothing() -> None:
    NO_DEMANDS.check(connection(), now=NOW)
    NO_DEMANDS.check_name("agent-a", connection())
    assert Demands() == NO_DEMANDS


def test_a_certificate_may_be_required() -> None:
    demands = Demands(required=True)
    assert rule(demands.check, connection(), now=NOW) == "certificate-missing"
    demands.check(connection(AGENT_A), now=NOW)


def test_a_certificate_that_has_expired_since_the_connection_began_is_refused() -> None:
    end = read_certificate(AGENT_A).not_after
    Demands(required=True).check(connection(AGENT_A), now=end)
    assert rule(Demands(required=True).check, connection(AGENT_A), now=end + 1) == "certificate-expired"


def test_a_blocked_certificate_is_refused_and_another_is_not(tmp_path: Path) -> None:
    demands = Demands(required=True, blocklist=blocking(tmp_path / "list", AGENT_A))
    assert rule(demands.check, connection(AGENT_A), now=NOW) == "certificate-blocked"
    demands.check(connection(AGENT_B), now=NOW)


def test_a_blocklist_counts_from_when_it_has_been_read_again(tmp_path: Path) -> None:
    followed = blocking(tmp_path / "list", AGENT_B)
    demands = Demands(required=True, blocklist=followed)
    demands.check(connection(AGENT_A), now=NOW)
    (tmp_path / "list").write_text(fingerprint(AGENT_A).lower())
    followed.refresh()
    assert rule(demands.check, connection(AGENT_A), now=NOW) == "certificate-blocked"


def test_the_common_name_may_have_to_be_the_agents_name() -> None:
    demands = Demands(required=True, subject_match=True)
    demands.check_name("agent-a", connection(AGENT_A))
    assert rule(demands.check_name, "agent-b", connection(AGENT_A)) == "certificate-subject-mismatch"
    assert rule(demands.check_name, "agent-a", connection(der(client("", SPIFFE.format("agent-a"))))) == (
        "certificate-subject-mismatch"
    )


def test_an_allow_list_holds_for_every_method() -> None:
    demands = Demands(allowed=(AgentPattern.parse("agent-*"),))
    demands.check_name("agent-a", connection())
    assert rule(demands.check_name, "other", connection()) == "agent-not-allowed"


def login(demands: Demands) -> Login:
    method = MtlsMethod.parse("uri:/sa/([^/]+)$")
    return Login(method, ISSUER, namespace="argocd", version=VERSION, demands=demands)


REQUEST = AuthRequest(method="mtls", mode="managed", version=VERSION).SerializeToString()


def by(certificate: bytes, token: str | None = None) -> CallInfo:
    return call(None, certificate=certificate, token=token)


async def test_a_revocation_refuses_login_refresh_and_stream(tmp_path: Path) -> None:
    certificate = der(client("agent-a", SPIFFE.format("agent-a")))
    followed = blocking(tmp_path / "list")
    door = login(Demands(required=True, blocklist=followed))
    _, answer = await door.authenticate(REQUEST, by(certificate), now=NOW)
    pair = AuthResponse.FromString(answer)
    door.admit(by(certificate, pair.accessToken), now=NOW)

    (tmp_path / "list").write_text(fingerprint(certificate))
    followed.refresh()
    for attempt, said in (
        (lambda: door.admit(by(certificate, pair.accessToken), now=NOW), "invalid authentication data"),
        (
            lambda: door.refresh(
                RefreshTokenRequest(refreshToken=pair.refreshToken).SerializeToString(), by(certificate), now=NOW
            ),
            "authentication failed",
        ),
    ):
        with pytest.raises(RpcError) as raised:
            attempt()
        assert (raised.value.status.code, raised.value.status.message) == (Code.UNAUTHENTICATED, said)
    with pytest.raises(RpcError) as raised:
        await door.authenticate(REQUEST, by(certificate), now=NOW)
    assert raised.value.status.message == "authentication failed"


async def test_a_common_name_of_somebody_else_refuses_login_and_stream() -> None:
    certificate = der(client("agent-b", SPIFFE.format("agent-a")))
    _, answer = await login(Demands()).authenticate(REQUEST, by(certificate), now=NOW)
    strict = login(Demands(required=True, subject_match=True))
    with pytest.raises(RpcError):
        await strict.authenticate(REQUEST, by(certificate), now=NOW)
    with pytest.raises(RpcError) as raised:
        strict.admit(by(certificate, AuthResponse.FromString(answer).accessToken), now=NOW)
    assert raised.value.status.message == "invalid authentication data"
