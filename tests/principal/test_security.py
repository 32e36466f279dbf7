"""What the settings come to, and what follows when their files change."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from structlog.testing import capture_logs

from mesh.identity.rules import RuleError
from principal.auth import security
from principal.auth.errors import FileError
from principal.auth.header import HeaderMethod
from principal.auth.mtls import MtlsMethod
from principal.auth.security import Security, make_method
from principal.auth.userpass import UserpassMethod
from principal.config import PrincipalConfig
from principal.tls import GeneratedTls, ServerTls
from principal.tokens import ACCESS, Bearer, TokenError, generate_key
from tests.principal.certificates import server, write, write_roots
from tests.principal.virtual import AUTH

NOW = 1_790_000_000.0
AGENT = Bearer(agent="agent-a", mode="managed", method="header", identity="spiffe://td/ns/a/sa/agent-a")
FIRST, SECOND = generate_key(), generate_key()


def config(auth: str = AUTH, **more: object) -> PrincipalConfig:
    settings: dict[str, object] = {"insecure_plaintext": True, "auth": auth, "namespace": "argocd", "store": None}
    return PrincipalConfig(**settings | more)  # type: ignore[arg-type]


def with_tls(auth: str = "mtls:subject:CN=([^,]+)", **more: object) -> PrincipalConfig:
    return config(auth, insecure_plaintext=False, **more)


def pem(*keys: rsa.RSAPrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return b"".join(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain) for key in keys
    )


def test_each_method_is_made_from_its_spelling(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("")
    assert isinstance(make_method(config(AUTH)), HeaderMethod)
    assert isinstance(make_method(config("header:x-id:(.+)")), HeaderMethod)
    assert isinstance(make_method(config("mtls:uri:(.+)")), MtlsMethod)
    assert isinstance(make_method(config(f"userpass:{users}")), UserpassMethod)


@pytest.mark.parametrize("auth", ["mtls:", "oidc:x", "header:x", ""])
def test_a_spelling_of_no_method_is_refused(auth: str) -> None:
    with pytest.raises(RuleError):
        make_method(config(auth))


def test_behind_a_sidecar_there_is_no_tls_and_nothing_is_asked_of_certificates() -> None:
    built = Security.build(config(require_client_certs=True, client_cert_subject_match=True))
    assert built.tls is None
    assert built.blocklist is None


def test_certificate_files_come_before_a_generated_one(tmp_path: Path) -> None:
    certificate, key = write(tmp_path, "server", server())
    more = {"root_ca_path": write_roots(tmp_path), "insecure_tls_generate": True}
    assert isinstance(Security.build(with_tls(tls_cert=certificate, tls_key=key, **more)).tls, ServerTls)
    with capture_logs() as logs:
        assert isinstance(Security.build(with_tls(**more)).tls, GeneratedTls)
    assert [entry for entry in logs if "agents can't verify it" in entry["event"]]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, "--root-ca-path is needed"),
        ({"root_ca_path": "/nowhere/ca.crt", "insecure_tls_generate": True}, "/nowhere/ca.crt: No such file"),
        ({"jwt_key": "/nowhere/jwt.key"}, "/nowhere/jwt.key: No such file .* signing keys is needed"),
        ({"tls_blocklist": "/nowhere/list"}, "/nowhere/list: No such file"),
    ],
)
def test_what_is_missing_is_named(more: dict[str, object], told: str) -> None:
    paths = {name: Path(value) if isinstance(value, str) else value for name, value in more.items()}
    with pytest.raises(FileError, match=told):
        Security.build(with_tls(**paths))


def test_without_certificate_files_generating_one_must_be_asked_for(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="--insecure-tls-generate"):
        Security.build(with_tls(root_ca_path=write_roots(tmp_path)))


def test_a_blocklist_that_is_not_understood_is_an_error_at_start(tmp_path: Path) -> None:
    blocklist = tmp_path / "list"
    blocklist.write_text("CN=agent-a\nCN=agent-b\n")
    with pytest.raises(FileError) as raised:
        Security.build(with_tls(tls_blocklist=blocklist))
    assert [line.partition(": ")[0] for line in str(raised.value).splitlines()] == [f"{blocklist}:1", f"{blocklist}:2"]


async def test_a_line_that_is_not_understood_later_is_an_error_in_the_log_and_the_others_count(tmp_path: Path) -> None:
    blocklist = tmp_path / "list"
    blocklist.write_text("")
    more = {"root_ca_path": write_roots(tmp_path), "insecure_tls_generate": True}
    built = await asyncio.to_thread(Security.build, with_tls(tls_blocklist=blocklist, **more))
    blocklist.write_text(f"CN=agent-a\n{'ab' * 32}\n")
    with capture_logs() as logs:
        await built.refresh(list)
    assert built.blocklist is not None
    assert built.blocklist.value.fingerprints == {"AB" * 32}
    [entry] = [entry for entry in logs if entry["log_level"] == "error"]
    assert entry["reason"].startswith(f"{blocklist}:1: ")


def test_that_tokens_will_not_survive_is_said_unless_it_was_asked_for() -> None:
    with capture_logs() as logs:
        Security.build(config())
        Security.build(config(insecure_jwt_generate=True))
    assert len([entry for entry in logs if entry["event"].startswith("signing key generated")]) == 1


async def test_a_key_file_is_rotated_while_the_principal_runs(tmp_path: Path) -> None:
    path = tmp_path / "jwt.key"
    path.write_bytes(pem(FIRST))
    built = await asyncio.to_thread(Security.build, config(jwt_key=path))
    old = built.issuer.issue(AGENT, now=NOW).access

    path.write_bytes(pem(SECOND, FIRST))
    await built.refresh(list)
    assert built.issuer.check(old, ACCESS, now=NOW).bearer == AGENT
    new = built.issuer.issue(AGENT, now=NOW).access

    path.write_bytes(pem(SECOND))
    await built.refresh(list)
    assert built.issuer.check(new, ACCESS, now=NOW).bearer == AGENT
    with pytest.raises(TokenError):
        built.issuer.check(old, ACCESS, now=NOW)


async def test_a_key_file_that_breaks_leaves_the_keys_in_force(tmp_path: Path) -> None:
    path = tmp_path / "jwt.key"
    path.write_bytes(pem(FIRST))
    built = await asyncio.to_thread(Security.build, config(jwt_key=path))
    token = built.issuer.issue(AGENT, now=NOW).access
    path.write_bytes(b"half a k")
    with capture_logs() as logs:
        await built.refresh(list)
        await built.refresh(list)
    assert [entry["log_level"] for entry in logs] == ["error"]
    assert built.issuer.check(token, ACCESS, now=NOW).bearer == AGENT


async def test_a_look_that_fails_is_not_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "POLL", 0.001)
    looks: list[int] = []

    async def look(_self: Security, _sessions: object) -> None:
        looks.append(len(looks))
        raise OSError("no file descriptors left")

    monkeypatch.setattr(Security, "refresh", look)
    with capture_logs() as logs:
        following = asyncio.create_task(Security.build(config(insecure_jwt_generate=True)).follow(list))
        async with asyncio.timeout(10):
            while len(looks) < 3:
                await asyncio.sleep(0.001)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    assert logs[0]["event"] == "files of credentials could not be looked at"


async def test_files_are_looked_at_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "POLL", 0.001)
    path = tmp_path / "jwt.key"
    path.write_bytes(pem(FIRST))
    built = await asyncio.to_thread(Security.build, config(jwt_key=path))
    following = asyncio.create_task(built.follow(list))
    for keys in ((SECOND, FIRST), (SECOND,)):
        path.write_bytes(pem(*keys))
        async with asyncio.timeout(10):
            while built.keys is None or len(built.keys.value) != len(keys):
                await asyncio.sleep(0.001)
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
    assert built.issuer.check(built.issuer.issue(AGENT, now=NOW).access, ACCESS, now=NOW).bearer == AGENT
