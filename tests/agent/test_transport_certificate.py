"""An agent that is told who its principal must be: in TLS by the certificate, in plaintext by Linkerd's sidecar."""

import datetime as dt
import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agent import transport_channel
from agent.causes import Cause, Verdict
from agent.config import AgentConfig
from agent.transport import CallError
from agent.transport_grpc import REQUIRE_ID, GrpcTransport
from hubproto.auth_pb2 import AuthRequest, AuthResponse, RefreshTokenRequest
from tests.agent.fake_principal import Context, FakePrincipal, Script

Configs = Callable[..., AgentConfig]

ID = "spiffe://cluster.local/ns/argocd/sa/principal"
OWN = (x509.IPAddress(ipaddress.ip_address("127.0.0.1")),)


@dataclass
class Authority:
    """A certificate authority that signs what a test asks for."""

    folder: Path

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority")])
        root = self._sign(self.name, self.key, x509.BasicConstraints(ca=True, path_length=None), ())
        self.roots = self.folder / f"ca-{id(self)}.pem"
        self.roots.write_bytes(root)

    def pair(self, *names: x509.GeneralName, valid: bool = True) -> tuple[bytes, bytes]:
        """Key and certificate of a server with these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = self._sign(x509.Name([]), key, x509.BasicConstraints(ca=False, path_length=None), names, valid=valid)
        plain = serialization.NoEncryption()
        return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain), leaf

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        constraints: x509.BasicConstraints,
        names: tuple[x509.GeneralName, ...],
        *,
        valid: bool = True,
    ) -> bytes:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=2))
            .not_valid_after(now + dt.timedelta(hours=1 if valid else -1))
            .add_extension(constraints, critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def served(pair: tuple[bytes, bytes]) -> AsyncIterator[FakePrincipal]:
    async with FakePrincipal().serve(credentials=grpc.ssl_server_credentials([pair])) as principal:
        yield principal


async def attempt(config: AgentConfig) -> Verdict | None:
    """None when the login went well."""
    connection = GrpcTransport(config).attempt()
    try:
        await connection.connect()
        await connection.login()
    except CallError as failed:
        return failed.verdict
    finally:
        await connection.close()
    return None


def uri(text: str) -> x509.GeneralName:
    return x509.UniformResourceIdentifier(text)


async def test_the_principal_that_was_named_is_connected_to(config: Configs, authority: Authority) -> None:
    async with served(authority.pair(*OWN, uri(ID))) as principal:
        settings = {"plaintext": False, "root_ca_path": authority.roots, "principal_identity": ID}
        assert await attempt(config(principal.port, **settings)) is None


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ((uri(ID + "x"),), "principalx"),
        ((uri(ID[:-1]),), "principa"),
        ((uri("spiffe://other.domain/ns/argocd/sa/principal"),), "other.domain"),
        ((uri("SPIFFE://cluster.local/ns/argocd/sa/principal"),), "scheme"),
        ((), "URI"),
        ((x509.DNSName("spiffe.cluster.local"),), "URI"),
        ((uri(ID), uri("spiffe://cluster.local/ns/evil/sa/x")), "URI"),
        ((uri("https://principal.example"),), "spiffe"),
    ],
    ids=["longer", "shorter", "another trust domain", "upper case", "none", "no URI", "two", "no SPIFFE ID"],
)
async def test_another_than_the_principal_that_was_named_is_not_spoken_to(
    config: Configs, authority: Authority, names: tuple[x509.GeneralName, ...], told: str
) -> None:
    async with served(authority.pair(*OWN, *names)) as principal:
        settings = {"plaintext": False, "root_ca_path": authority.roots, "principal_identity": ID}
        verdict = await attempt(config(principal.port, **settings))
        assert verdict is not None
        assert verdict.cause is Cause.WRONG_PRINCIPAL
        assert told in verdict.detail
        assert principal.log == [], "nothing was said to it"


async def test_the_right_name_from_another_authority_is_worth_nothing(
    config: Configs, authority: Authority, tmp_path: Path
) -> None:
    async with served(Authority(tmp_path).pair(*OWN, uri(ID))) as principal:
        settings = {"plaintext": False, "root_ca_path": authority.roots, "principal_identity": ID}
        verdict = await attempt(config(principal.port, **settings))
        assert verdict is not None
        assert verdict.cause is Cause.CERTIFICATE_REFUSED


@pytest.mark.parametrize("fault", ["expired", "another host"])
async def test_what_is_verified_without_a_pin_is_verified_with_one(
    config: Configs, authority: Authority, fault: str
) -> None:
    names = (x509.DNSName("principal.example"),) if fault == "another host" else OWN
    async with served(authority.pair(*names, uri(ID), valid=fault != "expired")) as principal:
        settings = {"plaintext": False, "root_ca_path": authority.roots, "principal_identity": ID}
        verdict = await attempt(config(principal.port, **settings))
        assert verdict is not None
        assert verdict.cause is Cause.CERTIFICATE_REFUSED
        assert principal.log == []


async def test_a_server_that_is_swapped_after_the_look_is_not_spoken_to(
    config: Configs, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same authority, the same name: but not the certificate that was looked at."""
    right, impostor = authority.pair(*OWN, uri(ID)), authority.pair(*OWN, uri(ID))

    async def looked_at(_config: AgentConfig) -> bytes:
        return right[1]

    monkeypatch.setattr(transport_channel, "pinned", looked_at)
    async with served(impostor) as principal:
        settings = {"plaintext": False, "root_ca_path": authority.roots, "principal_identity": ID}
        assert await attempt(config(principal.port, **settings)) is not None
        assert principal.log == []


async def test_a_missing_authority_file_is_named(config: Configs, tmp_path: Path) -> None:
    settings = {"plaintext": False, "root_ca_path": tmp_path / "none.pem", "principal_identity": ID}
    verdict = await attempt(config(1, **settings))
    assert verdict is not None
    assert verdict.cause is Cause.CREDENTIALS_UNREADABLE
    assert "none.pem" in verdict.detail


class Noting(FakePrincipal):
    """Remembers what each call was told about who must answer it."""

    def __init__(self, script: Script | None = None) -> None:
        super().__init__(script)
        self.required: list[tuple[str, list[str]]] = []

    def note(self, context: Context, name: str) -> None:
        values = [str(value) for key, value in context.invocation_metadata() or () if key == REQUIRE_ID]
        self.required.append((name, values))

    async def Authenticate(self, request: AuthRequest, context: Context) -> AuthResponse:  # noqa: N802
        self.note(context, "Authenticate")
        return await super().Authenticate(request, context)

    async def RefreshToken(self, request: RefreshTokenRequest, context: Context) -> AuthResponse:  # noqa: N802
        self.note(context, "RefreshToken")
        return await super().RefreshToken(request, context)

    def _authorized(self, context: Context) -> None:
        self.note(context, "authorized")
        super()._authorized(context)


async def calls_of(config: AgentConfig, principal: Noting) -> None:
    connection = GrpcTransport(config).attempt()
    try:
        await connection.connect()
        await connection.login()
        await connection.subscribe(None)
        await principal.stream()
    finally:
        await connection.close()


@pytest.mark.parametrize("pin", [ID, "principal.argocd.serviceaccount.identity.linkerd.cluster.local"])
async def test_in_plaintext_every_call_says_who_must_answer_it(config: Configs, pin: str) -> None:
    script = Script(expires=0.0)  # an access token that must be renewed at once
    async with Noting(script).serve() as principal:
        assert isinstance(principal, Noting)
        await calls_of(config(principal.port, principal_identity=pin), principal)
        assert {name for name, _ in principal.required} == {"Authenticate", "RefreshToken", "authorized"}
        assert len(principal.required) >= 4
        assert {tuple(values) for _, values in principal.required} == {(pin,)}


async def test_without_a_pin_nothing_is_said(config: Configs) -> None:
    async with Noting().serve() as principal:
        assert isinstance(principal, Noting)
        await calls_of(config(principal.port), principal)
        assert {tuple(values) for _, values in principal.required} == {()}
