"""Who may come in: the order and the answers of argocd-agent's Authenticate (spec hub-protocol §1.3, §10.3)."""

import jwt
import pytest

from hubproto import methods
from hubproto.auth_pb2 import AuthResponse, RefreshTokenRequest
from hubproto.version_pb2 import VersionResponse
from mesh.identity.rules import parse_rule
from principal.auth.header import HeaderMethod
from principal.login import Login
from principal.rpc import Code, RpcError
from principal.tokens import ACCESS, Issuer, generate_key
from tests.principal.virtual import (
    AUTH,
    HEADER,
    ISSUER,
    VERSION,
    FakeSink,
    auth_request,
    bench,
    call,
    log_in,
    spiffe,
    subject,
    xfcc,
)


async def test_a_caller_named_by_its_sidecar_gets_two_tokens_a_version_and_the_namespace() -> None:
    response = await log_in(bench().hub, "agent-a", mode="autonomous")
    assert subject(response.accessToken) == {"clientID": "agent-a", "mode": "autonomous"}
    assert subject(response.refreshToken) == {"clientID": "agent-a", "mode": "autonomous"}
    assert (response.version, response.principalNamespace) == (VERSION, "argocd")


REFUSED = {
    "no mode": (auth_request(mode=""), call("agent-a"), Code.UNKNOWN, "unknown or missing operation mode: ''"),
    "another mode": (auth_request(mode="root"), call("agent-a"), Code.UNKNOWN, "unknown or missing operation mode"),
    "another method": (auth_request(method="userpass"), call("agent-a"), Code.UNAUTHENTICATED, "authentication failed"),
    "no header": (auth_request(), call(None), Code.UNAUTHENTICATED, "authentication failed"),
    "two headers": (
        auth_request(),
        call("agent-a", (HEADER, xfcc("agent-a"))),
        Code.UNAUTHENTICATED,
        "authentication failed",
    ),
    "malformed header": (
        auth_request(),
        call(None, (HEADER, 'URI="spiffe://x')),
        Code.UNAUTHENTICATED,
        "authentication failed",
    ),
    "another namespace": (
        auth_request(),
        call(None, (HEADER, xfcc("agent-a").replace("/ns/argocd-agents/", "/ns/evil/"))),
        Code.UNAUTHENTICATED,
        "authentication failed",
    ),
    "no DNS label": (auth_request(), call("Agent_A"), Code.UNAUTHENTICATED, "authentication failed"),
    "the principal's namespace as its name": (
        auth_request(),
        call("argocd"),
        Code.UNAUTHENTICATED,
        "authentication failed",
    ),
    "no version": (auth_request(version=""), call("agent-a"), Code.INVALID_ARGUMENT, "agent version is required"),
    "another version": (auth_request(version="1"), call("agent-a"), Code.FAILED_PRECONDITION, "version mismatch"),
    "bad credentials and another version": (
        auth_request(version="1"),
        call(None),
        Code.UNAUTHENTICATED,
        "authentication failed",
    ),
    "no protobuf": (b"\xff\xff\xff", call("agent-a"), Code.INVALID_ARGUMENT, "not a AuthRequest"),
}


@pytest.mark.parametrize(("request_", "call_", "code", "message"), REFUSED.values(), ids=REFUSED.keys())
async def test_who_is_refused_hears_what_argocd_agent_would_say(
    request_: bytes, call_: object, code: Code, message: str
) -> None:
    hub = bench().hub
    with pytest.raises(RpcError) as raised:
        await hub.unary(methods.AUTHENTICATE, request_, call_)  # type: ignore[arg-type]
    assert raised.value.status.code is code
    assert message in raised.value.status.message
    assert hub.agents.seen() == []


async def test_an_agent_is_known_by_its_spiffe_id() -> None:
    hub = bench().hub
    await log_in(hub, "agent-a")
    [agent] = hub.agents.seen()
    assert (agent.name, agent.identity) == ("agent-a", spiffe("agent-a"))


async def test_a_refresh_token_gives_a_new_access_token() -> None:
    stage = bench()
    response = await log_in(stage.hub, "agent-a")
    request = RefreshTokenRequest(refreshToken=response.refreshToken).SerializeToString()
    fresh = AuthResponse.FromString(await stage.hub.unary(methods.REFRESH, request, call("agent-a")))
    assert ISSUER.check(fresh.accessToken, ACCESS, now=stage.clock.wall()).bearer.agent == "agent-a"
    assert (fresh.refreshToken, fresh.version, fresh.principalNamespace) == ("", "", "")


@pytest.mark.parametrize(("token", "caller"), [("", "agent-a"), ("nonsense", "agent-a"), ("own", "agent-b")])
async def test_a_refresh_token_that_is_bad_or_somebody_elses_is_refused(token: str, caller: str) -> None:
    hub = bench().hub
    response = await log_in(hub, "agent-a")
    sent = response.refreshToken if token == "own" else token
    with pytest.raises(RpcError) as raised:
        await hub.unary(methods.REFRESH, RefreshTokenRequest(refreshToken=sent).SerializeToString(), call(caller))
    assert raised.value.status.code is Code.UNAUTHENTICATED


async def test_the_version_service_answers_with_argocd_agents_prefix() -> None:
    answer = VersionResponse.FromString(await bench().hub.unary(methods.VERSION, b"", call(None)))
    assert answer.version == f"argocd-agent-{VERSION}"


async def test_an_unknown_method_is_unimplemented() -> None:
    with pytest.raises(RpcError) as raised:
        await bench().hub.unary("/nothing.Nothing/Nothing", b"", call("agent-a"))
    assert raised.value.status.code is Code.UNIMPLEMENTED


async def test_a_refresh_token_near_its_end_gives_a_new_pair() -> None:
    stage = bench()
    response = await log_in(stage.hub, "agent-a")
    stage.clock.advance(24 * 3600 - 599)
    request = RefreshTokenRequest(refreshToken=response.refreshToken).SerializeToString()
    fresh = AuthResponse.FromString(await stage.hub.unary(methods.REFRESH, request, call("agent-a")))
    assert subject(fresh.refreshToken) == {"clientID": "agent-a", "mode": "managed"}
    assert fresh.accessToken


KEY = generate_key()


def signed(now: float, **changes: object) -> str:
    """A token as ours, but for some claims; None leaves one out."""
    body: dict[str, object] = {
        "iss": "argocd-agent-server",
        "aud": ["argocd-agent-server-access"],
        "sub": '{"clientID":"agent-a","mode":"managed"}',
        "iat": int(now),
        "nbf": int(now),
        "exp": int(now) + 300,
        "meshtether/method": "header",
        "meshtether/identity": spiffe("agent-a"),
    }
    body |= changes
    kept = {name: value for name, value in body.items() if value is not None}
    return jwt.encode(kept, KEY, algorithm="RS512")


PROTECTED = {
    "no authorization": {"token": None},
    "an empty authorization": {"token": ""},
    "a bad JWT": {"token": "a.b.c"},
    "with Bearer before it": {"bearer": True},
    "no subject": {"sub": None},
    "a subject that is no JSON": {"sub": "agent-a"},
    "the principal's namespace as its name": {"sub": '{"clientID":"argocd","mode":"managed"}'},
    "an unknown mode": {"sub": '{"clientID":"agent-a","mode":"root"}'},
    "no expiry": {"exp": None},
    "expired": {"exp": 1},
    "the refresh audience": {"aud": ["argocd-agent-server-refresh"]},
    "the resource proxy's audience": {"aud": ["argocd-agent-server-resource-proxy"]},
    "another issuer": {"iss": "somebody"},
}


@pytest.mark.parametrize("changes", PROTECTED.values(), ids=PROTECTED.keys())
async def test_a_protected_call_without_a_good_token_is_told_what_argocd_agent_would_say(
    changes: dict[str, object],
) -> None:
    login = Login(HeaderMethod(parse_rule(AUTH)), Issuer(KEY), namespace="argocd", version=VERSION)
    now = bench().clock.wall()
    changes = dict(changes)
    token = changes.pop("token", ...)
    bearer = "Bearer " if changes.pop("bearer", False) else ""
    brought = bearer + signed(now, **changes) if token is ... else token
    with pytest.raises(RpcError) as raised:
        login.admit(call("agent-a", token=brought), now=now)  # type: ignore[arg-type]
    assert raised.value.status.code is Code.UNAUTHENTICATED
    assert raised.value.status.message == "invalid authentication data"
    assert login.admit(call("agent-a", token=signed(now)), now=now).agent == "agent-a"


async def test_a_protected_call_with_two_tokens_is_refused() -> None:
    stage = bench()
    token = (await log_in(stage.hub, "agent-a")).accessToken
    with pytest.raises(RpcError):
        stage.hub.open_stream(methods.SUBSCRIBE, call("agent-a", ("authorization", token), token=token), FakeSink())


async def test_a_protected_call_without_metadata_is_refused() -> None:
    with pytest.raises(RpcError) as raised:
        bench().hub.open_stream(methods.SUBSCRIBE, call(None), FakeSink())
    assert raised.value.status.message == "invalid authentication data"


async def test_a_good_token_opens_a_stream_in_its_own_mode() -> None:
    stage = bench()
    token = (await log_in(stage.hub, "agent-a", mode="autonomous")).accessToken
    stage.hub.open_stream(methods.SUBSCRIBE, call("agent-a", token=token), FakeSink())
    agent = stage.hub.agents.ensure("agent-a")
    assert agent.mode == "autonomous"
    assert agent.session is not None


async def test_refresh_token_needs_no_authorization() -> None:
    stage = bench()
    request = RefreshTokenRequest(refreshToken=(await log_in(stage.hub, "agent-a")).refreshToken).SerializeToString()
    assert AuthResponse.FromString(await stage.hub.unary(methods.REFRESH, request, call("agent-a"))).accessToken
