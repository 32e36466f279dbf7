"""The principal's own TLS: its files, and our agent coming in by it, for real, on loopback."""

import asyncio
import contextlib
import functools
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bcrypt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from structlog.testing import capture_logs

from agent.causes import Cause
from agent.config import AgentConfig
from agent.transport import CallError
from agent.transport_grpc import GrpcConnection, GrpcTransport
from hubproto.events import decode, encode, heartbeat
from mesh.lab.ca import Svid
from principal.auth.certificate import fingerprint
from principal.auth.errors import FileError
from principal.auth.security import Security
from principal.clock import LoopClock
from principal.config import PrincipalConfig
from principal.deaths import DeathCause
from principal.doors import make_door
from principal.hub import Hub
from principal.tls import GeneratedTls, ServerTls, generate
from tests.principal.certificates import authority, client, der, server, write, write_roots

SPIFFE = "spiffe://cluster.local/ns/argocd-agents/sa/{}"
AGENT_A, AGENT_B = client("agent-a", SPIFFE.format("agent-a")), client("agent-b", SPIFFE.format("agent-b"))
MTLS = "mtls:uri:^spiffe://cluster\\.local/ns/argocd-agents/sa/([^/]+)$"


def serving(folder: Path, **more: object) -> ServerTls:
    certificate, key = write(folder, "server", server())
    settings: dict[str, object] = {"certificate": certificate, "key": key, "roots": None, "require_client_certs": False}
    return ServerTls(**settings | more)  # type: ignore[arg-type]


def renewed() -> Svid:
    return authority().issue(dns=("localhost",), lifetime=60.0, now=datetime.now(UTC))


def test_files_are_served_as_they_are(tmp_path: Path) -> None:
    roots = write_roots(tmp_path)
    material = serving(tmp_path, roots=roots, require_client_certs=True).material
    assert (material.certificate, material.key) == (server().certificate, server().key)
    assert material.roots == authority().certificate
    assert server().key.decode() not in repr(material)


def test_a_renewed_certificate_is_served_once_its_key_is_there_too(tmp_path: Path) -> None:
    tls, fresh = serving(tmp_path), renewed()
    (tmp_path / "server.crt").write_bytes(fresh.certificate)
    with capture_logs() as logs:
        tls.refresh()
    assert tls.material.certificate == server().certificate
    assert logs[-1]["event"] == "new certificate waits for its key: the old ones stay in force"
    (tmp_path / "server.key").write_bytes(fresh.key)
    tls.refresh()
    assert (tls.material.certificate, tls.material.key) == (fresh.certificate, fresh.key)


def test_new_authorities_are_read(tmp_path: Path) -> None:
    tls = serving(tmp_path, roots=write_roots(tmp_path), require_client_certs=True)
    both = authority().certificate + authority("other").certificate
    (tmp_path / "ca.crt").write_bytes(both)
    tls.refresh()
    assert tls.material.roots == both


def pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, secret: bytes = b"") -> bytes:
    encryption = serialization.BestAvailableEncryption(secret) if secret else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("server.crt", b"nonsense", "no certificates in PEM"),
        ("server.crt", b"", "no certificates in PEM"),
        ("server.key", b"nonsense", "not an unencrypted private key in PEM"),
        ("server.key", pem(ec.generate_private_key(ec.SECP256R1()), b"secret"), "not an unencrypted private key"),
        ("server.key", pem(ed25519.Ed25519PrivateKey.generate()), "an RSA or elliptic-curve key is needed"),
        ("server.key", pem(ec.generate_private_key(ec.SECP256R1())), "not the key of the certificate in"),
        ("ca.crt", b"nonsense", "no certificates in PEM"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    certificate, key = write(tmp_path, "server", server())
    roots = write_roots(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match=told) as raised:
        ServerTls(certificate=certificate, key=key, roots=roots, require_client_certs=True)
    assert str(tmp_path / name) in str(raised.value)


def test_an_expired_certificate_is_served_with_a_warning(tmp_path: Path) -> None:
    old = authority().issue(dns=("localhost",), lifetime=-60.0, now=datetime.now(UTC))
    certificate, key = write(tmp_path, "old", old)
    with capture_logs() as logs:
        serving(tmp_path, certificate=certificate, key=key)
    assert logs[-1]["event"] == "the server's certificate has expired: agents will refuse it"


def test_a_generated_certificate_is_for_every_name_of_this_machine() -> None:
    now = datetime.now(UTC)
    made, key = generate(["10.1.2.3", "", "hub.example", "not a name", "x" * 300, "localhost"], now=now)
    certificate = x509.load_pem_x509_certificate(made)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "hub.example"]
    addresses = [ipaddress.ip_address(each) for each in ("127.0.0.1", "::1", "10.1.2.3")]
    assert names.get_values_for_type(x509.IPAddress) == addresses
    assert certificate.not_valid_after_utc - now > timedelta(days=364)
    private = serialization.load_pem_private_key(key, None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert private.public_key() == certificate.public_key()


def test_two_runs_do_not_share_a_generated_key() -> None:
    now = datetime.now(UTC)
    first, second = (GeneratedTls(hosts=(), roots=None, require_client_certs=False, now=now) for _ in range(2))
    assert first.material.key != second.material.key
    assert first.material.fingerprint != second.material.fingerprint


class Place:
    """A principal with TLS, and agents of ours that come to it."""

    def __init__(self, folder: Path, config: PrincipalConfig, security: Security) -> None:
        self.folder = folder
        self.security = security
        self.hub = Hub(security.login, LoopClock(), session_timeout=None)
        self.door = make_door(config, self.hub, security=security, attestor=None)
        self.connections: list[GrpcConnection] = []

    @property
    def port(self) -> int:
        return int(self.door.address.rsplit(":", 1)[1])

    def agent(self, svid: Svid | None = None, **more: object) -> GrpcConnection:
        certificate, key = write(self.folder, "agent", svid) if svid is not None else (None, None)
        settings: dict[str, object] = {
            "server_address": "localhost",
            "server_port": self.port,
            "plaintext": False,
            "plaintext_reason": "",
            "root_ca_path": write_roots(self.folder),
            "tls_client_cert": certificate,
            "tls_client_key": key,
            "creds_method": "mtls",
            "mode": "managed",
            "store": self.folder / "store",
        }
        connection = GrpcTransport(AgentConfig(**settings | more)).attempt()  # type: ignore[arg-type]
        self.connections.append(connection)
        return connection

    async def refused(self, connection: GrpcConnection) -> Cause:
        """Why the principal does not let an agent in."""
        with pytest.raises(CallError) as raised:
            await asyncio.wait_for(_log_in(connection), 20)
        return raised.value.verdict.cause


async def _log_in(connection: GrpcConnection) -> None:
    await connection.connect()
    await connection.login()


Principal = Callable[..., contextlib.AbstractAsyncContextManager[Place]]


@pytest.fixture(params=["own", "grpcio"])
def principal(request: pytest.FixtureRequest) -> Principal:
    """Opens a principal with one of the doors."""
    return functools.partial(opened, server_transport=request.param)


@contextlib.asynccontextmanager
async def opened(folder: Path, auth: str = MTLS, **more: object) -> AsyncIterator[Place]:
    certificate, key = write(folder, "server", server())
    settings: dict[str, object] = {
        "listen_host": "127.0.0.1",
        "listen_port": 0,
        "insecure_plaintext": False,
        "auth": auth,
        "namespace": "argocd",
        "store": None,
        "tls_cert": certificate,
        "tls_key": key,
        "root_ca_path": write_roots(folder),
    }
    config = PrincipalConfig(**settings | more)  # type: ignore[arg-type]
    place = Place(folder, config, await asyncio.to_thread(Security.build, config))
    await place.door.start()
    try:
        yield place
    finally:
        for connection in place.connections:
            await connection.close()
        place.hub.close()
        await place.door.stop(1.0)
        place.security.close()


async def streams(connection: GrpcConnection) -> str:
    """Log in, open a stream, and have a heartbeat answered; the agent's name."""
    async with asyncio.timeout(20):
        await connection.connect()
        login = await connection.login()
        stream = await connection.subscribe(None)
        await stream.opened()
        await stream.write(encode(heartbeat("beat-1")))
        assert decode(await stream.read()).event_id == "beat-1"
    return login.claims.agent


async def test_our_agent_logs_in_by_its_certificate_and_streams(tmp_path: Path, principal: Principal) -> None:
    async with principal(tmp_path) as place:
        assert await streams(place.agent(AGENT_A)) == "agent-a"
        [agent] = place.hub.agents.seen()
        assert (agent.name, agent.identity) == ("agent-a", SPIFFE.format("agent-a"))
        assert agent.session is not None
        assert agent.session.connection.certificate == der(AGENT_A)


async def test_by_subject_the_subject_is_what_go_would_have_written(tmp_path: Path, principal: Principal) -> None:
    async with principal(tmp_path, "mtls:subject:^CN=([^,]+)$") as place:
        assert await streams(place.agent(client("agent-c"))) == "agent-c"
        assert place.hub.agents.seen()[0].identity == "CN=agent-c"


async def test_agents_on_connections_of_their_own_are_told_apart(tmp_path: Path, principal: Principal) -> None:
    async with principal(tmp_path) as place:
        names = [await streams(place.agent(svid)) for svid in (AGENT_A, AGENT_B)]
        assert names == ["agent-a", "agent-b"]
        assert len({session.connection.id for session in place.hub.agents.sessions()}) == 2


@pytest.mark.parametrize("name", ["none", "untrusted", "expired"])
async def test_who_has_no_good_certificate_gets_no_connection(tmp_path: Path, principal: Principal, name: str) -> None:
    shown = {
        "none": None,
        "untrusted": client("agent-a", SPIFFE.format("agent-a"), authority_="evil"),
        "expired": client("agent-a", SPIFFE.format("agent-a"), lifetime=-10.0),
    }[name]
    async with principal(tmp_path) as place:
        assert await place.refused(place.agent(shown)) is not Cause.AUTHENTICATION_REFUSED
        assert place.hub.agents.seen() == []


async def test_a_certificate_that_names_nobody_gets_a_connection_and_no_login(
    tmp_path: Path, principal: Principal
) -> None:
    async with principal(tmp_path) as place:
        refused = place.agent(client("agent-a", SPIFFE.format("agent-a").replace("argocd-agents", "evil")))
        assert await place.refused(refused) is Cause.AUTHENTICATION_REFUSED


async def test_our_agent_logs_in_by_password_over_tls_without_a_certificate(
    tmp_path: Path, principal: Principal
) -> None:
    users, credentials = tmp_path / "users", tmp_path / "credentials"
    users.write_text(f"agent-a:{bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}\n")
    credentials.write_text("agent-a:secret\n")
    async with principal(tmp_path, f"userpass:{users}", root_ca_path=None) as place:
        agent = place.agent(creds_method="userpass", creds_config=str(credentials))
        assert await streams(agent) == "agent-a"
        credentials.write_text("agent-a:wrong\n")
        other = place.agent(creds_method="userpass", creds_config=str(credentials))
        assert await place.refused(other) is Cause.AUTHENTICATION_REFUSED


async def test_passwords_and_certificates_may_both_be_required(tmp_path: Path, principal: Principal) -> None:
    users, credentials = tmp_path / "users", tmp_path / "credentials"
    users.write_text(f"agent-a:{bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}\n")
    credentials.write_text("agent-a:secret\n")
    more = {"require_client_certs": True, "client_cert_subject_match": True}
    async with principal(tmp_path, f"userpass:{users}", **more) as place:
        password = {"creds_method": "userpass", "creds_config": str(credentials)}
        assert await streams(place.agent(AGENT_A, **password)) == "agent-a"
        assert await place.refused(place.agent(AGENT_B, **password)) is Cause.AUTHENTICATION_REFUSED
        assert await place.refused(place.agent(None, **password)) is not Cause.AUTHENTICATION_REFUSED


async def test_an_agent_that_does_not_verify_reaches_a_principal_that_made_its_certificate(
    tmp_path: Path, principal: Principal
) -> None:
    more = {"tls_cert": None, "tls_key": None, "insecure_tls_generate": True}
    async with principal(tmp_path, **more) as place:
        assert await streams(place.agent(AGENT_A, insecure_tls=True, root_ca_path=None)) == "agent-a"
        assert await place.refused(place.agent(AGENT_A)) is Cause.CERTIFICATE_REFUSED


async def test_a_blocked_certificate_ends_its_stream_and_comes_in_no_more(tmp_path: Path, principal: Principal) -> None:
    blocklist = tmp_path / "blocklist"
    blocklist.write_text("# nobody yet\n")
    async with principal(tmp_path, tls_blocklist=blocklist) as place:
        await streams(place.agent(AGENT_A))
        await streams(place.agent(AGENT_B))
        blocklist.write_text(f"{fingerprint(der(AGENT_A))}\n")
        await place.security.refresh(place.hub.agents.sessions)
        [death] = place.hub.agents.ensure("agent-a").deaths
        assert death.cause is DeathCause.REVOKED
        assert [session.agent.name for session in place.hub.agents.sessions()] == ["agent-b"]
        assert await place.refused(place.agent(AGENT_A)) is Cause.AUTHENTICATION_REFUSED


async def test_a_renewed_server_certificate_meets_new_connections_and_leaves_old_ones(
    tmp_path: Path, principal: Principal
) -> None:
    async with principal(tmp_path) as place:
        old = place.agent(AGENT_A)
        await streams(old)
        fresh = renewed()
        write(tmp_path, "server", fresh)
        await place.security.refresh(place.hub.agents.sessions)
        await streams(place.agent(AGENT_B))
        assert await shown_by(place.port) == der(fresh)
        assert len(list(place.hub.agents.sessions())) == 2


async def shown_by(port: int, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> bytes:
    """The certificate that the principal shows to a client of one TLS version."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2"])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        return writer.get_extra_info("ssl_object").getpeercert(binary_form=True) or b""
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_tls_1_2_and_1_3_are_spoken_which_is_what_the_options_say(
    tmp_path: Path, principal: Principal, version: ssl.TLSVersion
) -> None:
    users = tmp_path / "users"
    users.write_text("")
    async with principal(tmp_path, f"userpass:{users}", tls_min_version="tls1.2") as place:
        assert await shown_by(place.port, version) == der(server())


async def test_the_own_door_speaks_no_less_than_it_is_told_and_that_is_1_3_by_default(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("")
    async with opened(tmp_path, f"userpass:{users}", server_transport="own") as place:
        assert await shown_by(place.port, ssl.TLSVersion.TLSv1_3) == der(server())
        with capture_logs() as logs, pytest.raises(OSError):  # noqa: PT011 - closed or reset, as it comes
            await shown_by(place.port, ssl.TLSVersion.TLSv1_2)
        assert [(line["event"], line["why"]) for line in logs] == [("TLS handshake failed", "unsupported protocol")]


async def test_in_the_own_door_changed_authorities_count_at_once_and_streams_stay(tmp_path: Path) -> None:
    evil = client("agent-b", SPIFFE.format("agent-b"), authority_="evil")
    async with opened(tmp_path, server_transport="own") as place:
        await streams(place.agent(AGENT_A))
        (tmp_path / "ca.crt").write_bytes(authority("evil").certificate)
        await place.security.refresh(place.hub.agents.sessions)
        # The agents go on to trust the authority of the principal, whose certificate is the same.
        (tmp_path / "agents").mkdir()
        roots = {"root_ca_path": write_roots(tmp_path / "agents")}
        assert await streams(place.agent(evil, **roots)) == "agent-b"
        refused = place.agent(client("agent-c", SPIFFE.format("agent-c")), **roots)
        assert await place.refused(refused) is not Cause.AUTHENTICATION_REFUSED
        assert sorted(session.agent.name for session in place.hub.agents.sessions()) == ["agent-a", "agent-b"]


async def test_older_versions_of_tls_are_not(tmp_path: Path, principal: Principal) -> None:
    users = tmp_path / "users"
    users.write_text("")
    async with principal(tmp_path, f"userpass:{users}") as place:
        hello = client_hello(b"\x03\x02")
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        writer.write(hello)
        async with asyncio.timeout(10):
            answer = await reader.read(7)
        writer.close()
        # Nothing, or a fatal alert: never a ServerHello.
        assert answer == b"" or (answer[0], answer[5]) == (21, 2)


def client_hello(version: bytes) -> bytes:
    """A ClientHello of an old version: the local TLS library may refuse to make one."""
    suites = bytes.fromhex("c013c009002f0035")
    groups = bytes.fromhex("000a00040002001d")
    body = version + b"\0" * 32 + b"\0" + len(suites).to_bytes(2, "big") + suites + b"\x01\0"
    body += len(groups).to_bytes(2, "big") + groups
    handshake = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(handshake).to_bytes(2, "big") + handshake


async def test_a_plaintext_agent_at_a_tls_port_is_told_so(tmp_path: Path, principal: Principal) -> None:
    async with principal(tmp_path) as place:
        assert await place.refused(place.agent(None, plaintext=True)) is Cause.TLS_UNEXPECTED
