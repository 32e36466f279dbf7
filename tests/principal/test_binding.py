"""A token is good for the identity that it was issued for, and for no other (H9).

Each row: by which method the principal goes, whom the token was issued to, and who brings it. RefreshToken and
Subscribe must decide alike.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import bcrypt
import pytest
from structlog.testing import capture_logs

from hubproto.auth_pb2 import AuthRequest, AuthResponse, RefreshTokenRequest
from mesh.identity.rules import parse_rule
from principal.auth.header import HeaderMethod
from principal.auth.method import Method
from principal.auth.mtls import MtlsMethod
from principal.auth.userpass import UserpassMethod
from principal.login import Login
from principal.rpc import CallInfo, Code, ConnectionInfo, RpcError
from principal.tokens import Bearer, Issuer
from tests.principal.certificates import client, der
from tests.principal.virtual import AUTH, HEADER, ISSUER, VERSION, auth_request, call, subject, xfcc

NOW = datetime.now(UTC).timestamp() + 1800  # certificates are made while the suite runs: some minutes after this
"""The certificates of these tests are valid from now on."""
LOOSE = f"header:{HEADER}:URI=spiffe://[^/]+/ns/[^/]+/sa/([^,;]+)"
LINKERD = "identity:l5d-client-id:{agent}.argocd-agents.serviceaccount.identity.linkerd.cluster.local"
LINKERD_LOOSE = r"header:l5d-client-id:^([^.]+)\..*"
PLAIN = "header:x-client-id:^([a-z0-9-]+)"
EVIL = xfcc("agent-a").replace("/ns/argocd-agents/", "/ns/evil/")
ROTATED = xfcc("agent-a").replace("ab" * 32, "cd" * 32)


def header(rule: str) -> Callable[[Path], Method]:
    return lambda _folder: HeaderMethod(parse_rule(rule))


def mtls(config: str) -> Callable[[Path], Method]:
    return lambda _folder: MtlsMethod.parse(config)


def userpass(folder: Path) -> Method:
    path = folder / "users"
    path.write_text("".join(f"{name}:{bcrypt.hashpw(b's', bcrypt.gensalt(4)).decode()}\n" for name in ("agent-a", "b")))
    return UserpassMethod(path)


def linkerd(name: str, namespace: str = "argocd-agents") -> CallInfo:
    return call(None, ("l5d-client-id", f"{name}.{namespace}.serviceaccount.identity.linkerd.cluster.local"))


def plain(value: str) -> CallInfo:
    return call(None, ("x-client-id", value))


def certified(name: str, *uris: str, lifetime: float = 1e9) -> CallInfo:
    return call(None, certificate=der(client(name, *uris, lifetime=lifetime)))


def anonymous() -> CallInfo:
    return call(None)


SPIFFE = "spiffe://cluster.local/ns/{}/sa/agent-a"
GOOD, EVIL_ID = SPIFFE.format("argocd-agents"), SPIFFE.format("evil")
URI = "uri:/sa/([^/]+)$"
SUBJECT = "subject:CN=([^,]+)"


@dataclass(frozen=True)
class Row:
    method: Callable[[Path], Method]
    issued_to: CallInfo
    brought_by: CallInfo
    accepted: bool
    rule: str = ""


ROWS = {
    "the same caller": Row(header(AUTH), call("agent-a"), call("agent-a"), True),
    "the same after its certificate was renewed": Row(
        header(AUTH), call("agent-a"), call(None, (HEADER, ROTATED)), True
    ),
    "the same on another connection": Row(header(AUTH), call("agent-a"), call("agent-a", connection="c9"), True),
    "another agent": Row(header(AUTH), call("agent-a"), call("agent-b"), False, "token-other-agent"),
    "nobody": Row(header(AUTH), call("agent-a"), anonymous(), False, "header-missing"),
    "a header of two elements": Row(
        header(AUTH), call("agent-a"), call(None, (HEADER, f"{EVIL},{xfcc('agent-a')}")), False, "several-elements"
    ),
    "the same short name from another namespace, by the template": Row(
        header(AUTH), call("agent-a"), call(None, (HEADER, EVIL)), False, "other-namespace"
    ),
    "the same short name from another namespace, by argocd-agent's regex": Row(
        header(LOOSE), call("agent-a"), call(None, (HEADER, EVIL)), False, "token-other-identity"
    ),
    "the other way round": Row(
        header(LOOSE), call(None, (HEADER, EVIL)), call("agent-a"), False, "token-other-identity"
    ),
    "the same by argocd-agent's regex": Row(header(LOOSE), call("agent-a"), call(None, (HEADER, ROTATED)), True),
    "by that regex, a header that tells no identity": Row(
        header(LOOSE), call("agent-a"), call(None, (HEADER, f"{EVIL},{xfcc('agent-a')}")), False, "token-other-identity"
    ),
    "the same Linkerd name": Row(header(LINKERD), linkerd("agent-a"), linkerd("agent-a"), True),
    "the same short name from another Linkerd namespace": Row(
        header(LINKERD_LOOSE), linkerd("agent-a"), linkerd("agent-a", "evil"), False, "token-other-identity"
    ),
    "a header without identities, the same agent": Row(header(PLAIN), plain("agent-a;1"), plain("agent-a;2"), True),
    "a header without identities, another agent": Row(
        header(PLAIN), plain("agent-a"), plain("agent-b"), False, "token-other-agent"
    ),
    "the same certificate": Row(mtls(SUBJECT), certified("agent-a"), certified("agent-a"), True),
    "a renewed certificate": Row(mtls(SUBJECT), certified("agent-a"), certified("agent-a", lifetime=2e9), True),
    "another agent's certificate": Row(
        mtls(SUBJECT), certified("agent-a"), certified("agent-b"), False, "token-other-agent"
    ),
    "no certificate": Row(mtls(SUBJECT), certified("agent-a"), anonymous(), False, "certificate-missing"),
    "the same common name with another SPIFFE ID": Row(
        mtls(SUBJECT), certified("agent-a", GOOD), certified("agent-a", EVIL_ID), False, "token-other-identity"
    ),
    "the same common name without the SPIFFE ID": Row(
        mtls(SUBJECT), certified("agent-a", GOOD), certified("agent-a"), False, "token-other-identity"
    ),
    "the same SPIFFE ID": Row(mtls(URI), certified("", GOOD), certified("x", GOOD), True),
    "the same last segment of another SPIFFE ID": Row(
        mtls(URI), certified("", GOOD), certified("", EVIL_ID), False, "token-other-identity"
    ),
}


async def tokens(login: Login, caller: CallInfo, method: str) -> AuthResponse:
    credentials = {"clientid": "agent-a", "clientsecret": "s"} if method == "userpass" else {}
    message = AuthRequest(method=method, mode="managed", version=VERSION, credentials=credentials)
    _, answer = await login.authenticate(message.SerializeToString(), caller, now=NOW)
    return AuthResponse.FromString(answer)


def make_login(method: Method, issuer: Issuer = ISSUER, namespace: str = "argocd") -> Login:
    return Login(method, issuer, namespace=namespace, version=VERSION)


def bringing(token: str, caller: CallInfo) -> CallInfo:
    return replace(caller, metadata=(*caller.metadata, ("authorization", token)))


def refresh(login: Login, token: str, caller: CallInfo) -> AuthResponse:
    request = RefreshTokenRequest(refreshToken=token).SerializeToString()
    return AuthResponse.FromString(login.refresh(request, caller, now=NOW + 60))


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
async def test_a_stream_opens_for_whom_the_token_was_issued_to(row: Row, tmp_path: Path) -> None:
    method = row.method(tmp_path)
    login = make_login(method)
    token = (await tokens(login, row.issued_to, method.name)).accessToken
    if row.accepted:
        assert login.admit(bringing(token, row.brought_by), now=NOW + 60).agent == "agent-a"
        return
    with capture_logs() as logs, pytest.raises(RpcError) as raised:
        login.admit(bringing(token, row.brought_by), now=NOW + 60)
    assert raised.value.status.code is Code.UNAUTHENTICATED
    assert raised.value.status.message == "invalid authentication data"
    assert [entry["rule"] for entry in logs if entry["log_level"] == "warning"] == [row.rule]


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
async def test_a_refresh_is_for_whom_the_token_was_issued_to(row: Row, tmp_path: Path) -> None:
    method = row.method(tmp_path)
    login = make_login(method)
    token = (await tokens(login, row.issued_to, method.name)).refreshToken
    if row.accepted:
        assert subject(refresh(login, token, row.brought_by).accessToken)["clientID"] == "agent-a"
        return
    with capture_logs() as logs, pytest.raises(RpcError) as raised:
        refresh(login, token, row.brought_by)
    assert raised.value.status.code is Code.UNAUTHENTICATED
    assert raised.value.status.message == "authentication failed"
    assert [entry["rule"] for entry in logs if entry["log_level"] == "warning"] == [row.rule]


async def test_a_refreshed_token_is_bound_like_the_first(tmp_path: Path) -> None:
    login = make_login(header(LOOSE)(tmp_path))
    first = (await tokens(login, call("agent-a"), "header")).refreshToken
    fresh = refresh(login, first, call("agent-a")).accessToken
    assert login.admit(bringing(fresh, call("agent-a")), now=NOW + 61).identity == GOOD
    with pytest.raises(RpcError):
        login.admit(bringing(fresh, call(None, (HEADER, EVIL))), now=NOW + 61)


async def test_passwords_bind_a_token_to_the_name_alone(tmp_path: Path) -> None:
    login = make_login(userpass(tmp_path))
    pair = await tokens(login, anonymous(), "userpass")
    caller = login.admit(bringing(pair.accessToken, call(None, connection="c9")), now=NOW + 60)
    assert (caller.agent, caller.identity) == ("agent-a", None)
    assert refresh(login, pair.refreshToken, anonymous()).accessToken


async def test_the_token_of_a_user_that_was_removed_is_refused(tmp_path: Path) -> None:
    method = userpass(tmp_path)
    assert isinstance(method, UserpassMethod)
    login = make_login(method)
    pair = await tokens(login, anonymous(), "userpass")
    (tmp_path / "users").write_text("")
    method.file.refresh()
    with pytest.raises(RpcError):
        login.admit(bringing(pair.accessToken, anonymous()), now=NOW + 60)
    with pytest.raises(RpcError):
        refresh(login, pair.refreshToken, anonymous())


async def test_no_token_outlives_a_change_of_method(tmp_path: Path) -> None:
    """By a header without identities, the binding is the agent's name, as with passwords: the method differs."""
    pair = await tokens(make_login(header(PLAIN)(tmp_path)), plain("agent-a"), "header")
    login = make_login(userpass(tmp_path))
    with capture_logs() as logs, pytest.raises(RpcError):
        refresh(login, pair.refreshToken, anonymous())
    assert logs[0]["rule"] == "token-other-method"


async def test_a_token_that_does_not_say_whom_it_was_issued_for_is_worth_a_new_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """argocd-agent's own principal signs such with the same key file."""
    login = make_login(header(AUTH)(tmp_path))
    monkeypatch.setattr("principal.tokens.IDENTITY_CLAIM", "somebody-elses/claim")
    pair = ISSUER.issue(Bearer(agent="agent-a", mode="managed", method="header", identity=GOOD), now=NOW)
    monkeypatch.undo()
    for attempt in (
        lambda: login.admit(bringing(pair.access, call("agent-a")), now=NOW),
        lambda: refresh(login, pair.refresh, call("agent-a")),
    ):
        with capture_logs() as logs, pytest.raises(RpcError) as raised:
            attempt()
        assert raised.value.status.code is Code.UNAUTHENTICATED
        assert logs[0]["rule"] == "token-unbound"


async def test_the_raw_header_is_in_no_token(tmp_path: Path) -> None:
    pair = await tokens(make_login(header(LOOSE)(tmp_path)), call("agent-a"), "header")
    import jwt

    for token in (pair.accessToken, pair.refreshToken):
        said = str(jwt.decode(token, options={"verify_signature": False}))
        assert "Hash=" not in said
        assert "By=" not in said


async def test_who_names_another_agent_in_its_login_gets_its_own_name(tmp_path: Path) -> None:
    """H9: nothing in the body of a message makes a caller somebody else."""
    login = make_login(header(AUTH)(tmp_path))
    message = AuthRequest(
        method="header",
        mode="managed",
        version=VERSION,
        agentNamespace="agent-b",
        credentials={"clientid": "agent-b", "agent": "agent-b"},
    )
    caller, answer = await login.authenticate(message.SerializeToString(), call("agent-a"), now=NOW)
    assert caller.agent == "agent-a"
    assert subject(AuthResponse.FromString(answer).accessToken)["clientID"] == "agent-a"


async def test_a_token_that_names_the_principals_namespace_is_refused(tmp_path: Path) -> None:
    """The namespace may have changed since the token was issued."""
    pair = await tokens(make_login(header(AUTH)(tmp_path), namespace="other"), call("argocd"), "header")
    with pytest.raises(RpcError):
        make_login(header(AUTH)(tmp_path)).admit(bringing(pair.accessToken, call("argocd")), now=NOW)


async def test_a_rotated_signing_key_leaves_streams_and_refreshes_working(tmp_path: Path) -> None:
    from principal.tokens import generate_key

    old, new = generate_key(), generate_key()
    issuer = Issuer(old)
    login = make_login(header(AUTH)(tmp_path), issuer)
    pair = await tokens(login, call("agent-a"), "header")
    issuer.use((new, old))
    assert login.admit(bringing(pair.accessToken, call("agent-a")), now=NOW).agent == "agent-a"
    fresh = refresh(login, pair.refreshToken, call("agent-a")).accessToken
    issuer.use((new,))
    assert login.admit(bringing(fresh, call("agent-a")), now=NOW + 60).agent == "agent-a"
    with pytest.raises(RpcError):
        login.admit(bringing(pair.accessToken, call("agent-a")), now=NOW)


async def test_the_hub_lets_a_login_through_its_gate_before_a_password_is_compared(tmp_path: Path) -> None:
    login = make_login(userpass(tmp_path))
    asked: list[str] = []

    def gate(identity: str, _call: CallInfo) -> None:
        asked.append(identity)
        raise RpcError(Code.UNAVAILABLE, "too often")

    login.gate = gate
    with pytest.raises(RpcError, match="too often"):
        await tokens(login, anonymous(), "userpass")
    assert asked == ["agent-a"]


async def test_the_method_must_be_the_principals(tmp_path: Path) -> None:
    login = make_login(mtls(SUBJECT)(tmp_path))
    with pytest.raises(RpcError) as raised:
        await login.authenticate(auth_request(method="header"), certified("agent-a"), now=NOW)
    assert raised.value.status.message == "authentication failed"


def test_a_connection_does_not_print_its_certificate() -> None:
    assert "SECRET" not in repr(ConnectionInfo("c1", "peer", "grpcio", b"SECRET"))
