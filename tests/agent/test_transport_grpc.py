import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import grpc
import pytest

from agent.causes import Cause, Verdict
from agent.config import AgentConfig
from agent.transport import CallError, Login
from agent.transport_grpc import GrpcConnection, GrpcStream, GrpcTransport
from hubproto.events import Event, decode, encode, heartbeat
from tests.agent.fake_principal import Call, Context, FakePrincipal, Script, token, until

Configs = Callable[..., AgentConfig]


class Attempt:
    """A connection that a test opens, and that is closed at its end."""

    def __init__(self, config: AgentConfig) -> None:
        self.connection: GrpcConnection = GrpcTransport(config).attempt()

    async def __aenter__(self) -> GrpcConnection:
        return self.connection

    async def __aexit__(self, *_: object) -> None:
        await self.connection.close()


async def logged_in(config: AgentConfig) -> Login:
    async with Attempt(config) as connection:
        await connection.connect()
        return await connection.login()


async def refused(config: AgentConfig) -> Verdict:
    with pytest.raises(CallError) as caught:
        await logged_in(config)
    return caught.value.verdict


async def test_the_login_sequence_is_argocd_agents(config: Configs) -> None:
    async with FakePrincipal().serve() as principal, Attempt(config(principal.port)) as connection:
        await connection.connect()
        login = await connection.login()
        await connection.subscribe(None)
        await principal.stream()
        assert principal.log == ["Authenticate", "Version", "Subscribe"]
        assert (login.claims.agent, login.claims.mode) == ("agent-a", "managed")
        assert (login.principal_namespace, login.version) == ("argocd", "99.9.9-unreleased")
        (request,) = principal.logins
        assert (request.method, dict(request.credentials), request.mode) == ("header", {}, "managed")
        assert (request.version, request.agentNamespace) == ("99.9.9-unreleased", "argocd")


async def test_the_token_travels_bare_and_the_agent_names_itself(config: Configs) -> None:
    async with FakePrincipal().serve() as principal, Attempt(config(principal.port)) as connection:
        await connection.connect()
        await connection.login()
        await connection.subscribe('{"cause":"x"}')
        call = await principal.stream()
        assert principal.authorizations == [token(serial=1)] * 2
        assert call.metadata["meshtether-last-death"] == '{"cause":"x"}'
        assert call.metadata["user-agent"].startswith("argocd-agent/v0.0.1 meshtether/")


async def test_userpass_credentials_come_from_their_file(config: Configs, tmp_path: Path) -> None:
    (tmp_path / "creds").write_text("agent-a:s3cret:with colon\nother:line\n")
    settings = {"creds_method": "userpass", "creds_config": str(tmp_path / "creds")}
    async with FakePrincipal().serve() as principal:
        await logged_in(config(principal.port, **settings))
        assert dict(principal.logins[0].credentials) == {"clientid": "agent-a", "clientsecret": "s3cret:with colon"}


async def test_credentials_that_cannot_be_read_are_named(config: Configs, tmp_path: Path) -> None:
    async with FakePrincipal().serve() as principal:
        settings = {"creds_method": "userpass", "creds_config": str(tmp_path / "missing")}
        verdict = await refused(config(principal.port, **settings))
    assert verdict.cause is Cause.CREDENTIALS_UNREADABLE
    assert str(tmp_path / "missing") in verdict.detail


async def test_a_token_about_to_expire_is_refreshed_before_each_call(config: Configs) -> None:
    script = Script(expires=time.time() + 20)
    async with FakePrincipal(script).serve() as principal, Attempt(config(principal.port)) as connection:
        await connection.connect()
        await connection.login()
        await connection.subscribe(None)
        await principal.stream()
        assert principal.log == ["Authenticate", "RefreshToken", "Version", "Subscribe"]
        assert principal.authorizations[-1] == token(serial=-1)


async def test_a_failed_refresh_goes_on_with_the_old_token(config: Configs) -> None:
    principal = FakePrincipal(Script(expires=time.time() + 20))

    async def refuse(request: object, context: Context) -> None:
        await context.abort(grpc.StatusCode.UNAVAILABLE, "not now")

    principal.RefreshToken = refuse  # type: ignore[assignment, method-assign]
    async with principal.serve(), Attempt(config(principal.port)) as connection:
        await connection.connect()
        await connection.login()
        await connection.subscribe(None)
        await principal.stream()
        assert len(set(principal.authorizations)) == 1


@pytest.mark.parametrize(
    ("code", "details", "cause"),
    [
        (grpc.StatusCode.UNAUTHENTICATED, "authentication failed", Cause.AUTHENTICATION_REFUSED),
        (grpc.StatusCode.UNAVAILABLE, "no healthy upstream", Cause.UPSTREAM_UNREACHABLE),
        (grpc.StatusCode.UNKNOWN, "unknown or missing operation mode: 'x'", Cause.UNKNOWN),
    ],
)
async def test_a_refused_login_is_named(config: Configs, code: grpc.StatusCode, details: str, cause: Cause) -> None:
    async with FakePrincipal(Script(refuse=(code, details))).serve() as principal:
        assert (await refused(config(principal.port))).cause is cause


async def test_another_version_is_a_version_mismatch(config: Configs) -> None:
    async with FakePrincipal().serve() as principal:
        verdict = await refused(config(principal.port, protocol_version="1.2.3"))
    assert verdict.cause is Cause.VERSION_MISMATCH


@pytest.mark.parametrize("text", ["", "no-jwt", "a.b.c", token(agent="")])
async def test_a_token_that_cannot_be_read_is_no_login(config: Configs, text: str) -> None:
    principal = FakePrincipal(Script(token=text or "."))
    async with principal.serve():
        assert (await refused(config(principal.port))).cause is Cause.BAD_TOKEN


async def test_nothing_listening_is_a_refused_connection(config: Configs) -> None:
    assert (await refused(config(1))).cause is Cause.CONNECTION_REFUSED


async def test_a_name_that_does_not_resolve_is_named(config: Configs) -> None:
    verdict = await refused(config(1, server_address="no-such-host.invalid"))
    assert verdict.cause is Cause.NAME_RESOLUTION


async def test_a_server_that_is_no_principal_is_named(config: Configs) -> None:
    server = grpc.aio.server()
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    assert (await refused(config(port))).cause is Cause.NO_PRINCIPAL
    await server.stop(0)


async def open_stream(connection: GrpcConnection) -> GrpcStream:
    await connection.connect()
    await connection.login()
    return await connection.subscribe(None)


async def test_messages_go_both_ways_unchanged(config: Configs) -> None:
    async with FakePrincipal().serve() as principal, Attempt(config(principal.port)) as connection:
        stream = await open_stream(connection)
        await stream.opened()
        await stream.write(encode(heartbeat("hb-1")))
        answer = decode(await stream.read())
        assert answer.is_ack
        assert answer.event_id == "hb-1"


async def test_a_heartbeat_gets_through_before_the_principal_sent_headers(config: Configs) -> None:
    script = Script(headers_at_once=False)
    async with FakePrincipal(script).serve() as principal, Attempt(config(principal.port)) as connection:
        stream = await open_stream(connection)
        await stream.write(encode(heartbeat("hb-1")))
        await stream.opened()
        assert decode(await stream.read()).event_id == "hb-1"


async def ends(config: AgentConfig, script: Script, *, headers: bool) -> Verdict:
    async with FakePrincipal(script).serve() as principal, Attempt(_at(config, principal.port)) as connection:
        stream = await open_stream(connection)
        if headers:
            await stream.opened()
        with pytest.raises(CallError) as caught:
            await stream.read()
        with pytest.raises(CallError):
            await stream.write(b"")
        return caught.value.verdict


def _at(config: AgentConfig, port: int) -> AgentConfig:
    values = {name: getattr(config, name) for name in config.__slots__}
    return AgentConfig(**(values | {"server_port": port}))


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
async def test_every_status_of_a_stream_becomes_a_verdict(config: Configs, code: grpc.StatusCode) -> None:
    async def end(call: Call) -> None:
        await asyncio.sleep(0.1)
        await call.context.abort(code, "told to", (("grpc-retry-pushback-ms", "1500"),))

    verdict = await ends(config(), Script(stream=end), headers=True)
    assert verdict.detail == f"{code.name}: told to"
    assert verdict.pushback == 1.5


async def test_the_end_of_a_stream_without_error_is_named(config: Configs) -> None:
    async def end(call: Call) -> None:
        await asyncio.sleep(0.1)

    assert (await ends(config(), Script(stream=end), headers=True)).cause is Cause.END_OF_STREAM


async def test_a_refused_subscribe_never_counts_as_open(config: Configs) -> None:
    async def refuse(call: Call) -> None:
        await call.context.abort(grpc.StatusCode.UNAUTHENTICATED, "invalid authentication data")

    script = Script(stream=refuse, headers_at_once=False)
    async with FakePrincipal(script).serve() as principal, Attempt(config(principal.port)) as connection:
        stream = await open_stream(connection)
        with pytest.raises(CallError) as caught:
            await stream.opened()
    assert caught.value.verdict.cause is Cause.AUTHENTICATION_REFUSED


async def test_half_close_lets_the_principal_end_the_stream(config: Configs) -> None:
    async with FakePrincipal().serve() as principal, Attempt(config(principal.port)) as connection:
        stream = await open_stream(connection)
        await stream.opened()
        await stream.half_close()
        with pytest.raises(CallError) as caught:
            await stream.read()
    assert caught.value.verdict.cause is Cause.END_OF_STREAM


async def test_closing_leaves_no_task_behind(config: Configs) -> None:
    async with FakePrincipal().serve() as principal:
        before = asyncio.all_tasks()
        connection = GrpcTransport(config(principal.port)).attempt()
        stream = await open_stream(connection)
        await stream.opened()
        await connection.close()
        await connection.close()
        await until(lambda: not {task for task in asyncio.all_tasks() - before if _client(task)})
    with pytest.raises(CallError):
        await connection.login()


def _client(task: asyncio.Task[object]) -> bool:
    return "Server" not in repr(task) and "_handle" not in repr(task)


@pytest.fixture
async def tls_principal(pem: tuple[bytes, bytes]) -> AsyncIterator[FakePrincipal]:
    async with FakePrincipal().serve(credentials=grpc.ssl_server_credentials([pem])) as principal:
        yield principal


async def test_tls_met_by_plaintext_is_named(config: Configs, tls_principal: FakePrincipal) -> None:
    verdict = await refused(config(tls_principal.port))
    assert verdict.cause is Cause.TLS_UNEXPECTED
    assert "--insecure-plaintext=false" in verdict.sentence


async def test_plaintext_met_by_tls_is_named(config: Configs) -> None:
    async with FakePrincipal().serve() as principal:
        verdict = await refused(config(principal.port, plaintext=False))
        assert verdict.cause is Cause.PLAINTEXT_UNEXPECTED
        unverified = await refused(config(principal.port, plaintext=False, insecure_tls=True))
        assert unverified.cause is Cause.PLAINTEXT_UNEXPECTED


async def test_a_certificate_that_is_not_trusted_is_named(config: Configs, tls_principal: FakePrincipal) -> None:
    verdict = await refused(config(tls_principal.port, plaintext=False))
    assert verdict.cause is Cause.CERTIFICATE_REFUSED


async def test_a_certificate_for_another_name_is_refused(
    config: Configs, tls_principal: FakePrincipal, tmp_path: Path
) -> None:
    verdict = await refused(config(tls_principal.port, plaintext=False, root_ca_path=tmp_path / "ca.pem"))
    assert verdict.cause is Cause.CERTIFICATE_REFUSED
    assert "Hostname" in verdict.detail


async def test_insecure_tls_takes_any_certificate(config: Configs, tls_principal: FakePrincipal) -> None:
    login = await logged_in(config(tls_principal.port, plaintext=False, insecure_tls=True))
    assert login.claims.agent == "agent-a"


async def test_a_missing_authority_file_is_named(config: Configs, tmp_path: Path) -> None:
    verdict = await refused(config(1, plaintext=False, root_ca_path=tmp_path / "none.pem"))
    assert verdict.cause is Cause.CREDENTIALS_UNREADABLE
    assert "none.pem" in verdict.detail


async def test_compressed_messages_are_understood(config: Configs) -> None:
    event = Event(type="x", target="application", resource_id="r", event_id="e", data=b'"' + b"a" * 10_000 + b'"')
    settings = {"enable_compression": True}
    async with FakePrincipal().serve() as principal, Attempt(config(principal.port, **settings)) as connection:
        stream = await open_stream(connection)
        await stream.write(encode(event))
        assert decode(await stream.read()).event_id == "e"
        call = await principal.stream()
        assert call.others() == [event]
