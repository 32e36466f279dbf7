from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agent.causes import Cause
from agent.config import AgentConfig
from agent.transport import CallError
from agent.transport_channel import make_channel
from agent.transport_files import read_files

Configs = Callable[..., AgentConfig]


@pytest.fixture
def settings(config: Configs, pem: tuple[bytes, bytes], tmp_path: Path) -> Callable[..., AgentConfig]:
    """Settings with TLS files that go together, but for what a test changes."""
    key, chain = pem
    (tmp_path / "tls.key").write_bytes(key)
    (tmp_path / "tls.crt").write_bytes(chain)

    def make(**contents: bytes) -> AgentConfig:
        for name, content in contents.items():
            (tmp_path / name.replace("_", ".")).write_bytes(content)
        paths = {"root_ca_path": "ca.pem", "tls_client_cert": "tls.crt", "tls_client_key": "tls.key"}
        return config(plaintext=False, **{name: tmp_path / file for name, file in paths.items()})

    return make


def private(*, secret: bytes = b"") -> bytes:
    """A new private key."""
    how = serialization.BestAvailableEncryption(secret) if secret else serialization.NoEncryption()
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


def test_files_that_go_together_are_handed_on_as_they_are(
    settings: Callable[..., AgentConfig], pem: tuple[bytes, bytes]
) -> None:
    files = read_files(settings())
    assert (files.key, files.chain) == pem
    assert files.roots is not None


def test_no_files_are_no_files(config: Configs) -> None:
    files = read_files(config(plaintext=False))
    assert (files.roots, files.chain, files.key) == (None, None, None)


@pytest.mark.parametrize(
    ("contents", "told"),
    [
        ({"tls_key": private()}, "tls.key: not the key of the certificate in "),
        (
            {"tls_key": private(secret=b"secret")},
            "tls.key: no private key that can be read; accepted: one in PEM, ",
        ),
        ({"tls_key": b"junk"}, "tls.key: no private key that can be read"),
        ({"tls_crt": b"junk"}, "tls.crt: no certificate that can be read; accepted: certificates in PEM"),
        ({"tls_crt": b""}, "tls.crt: no certificate that can be read"),
        ({"ca_pem": b"junk"}, "ca.pem: no certificate that can be read"),
    ],
)
async def test_a_file_that_gives_no_connection_is_named_instead(
    settings: Callable[..., AgentConfig], contents: dict[str, bytes], told: str
) -> None:
    with pytest.raises(CallError) as caught:
        await make_channel(settings(**contents))
    assert caught.value.verdict.cause is Cause.CREDENTIALS_UNREADABLE
    assert told in caught.value.verdict.detail


def test_a_file_that_went_away_is_named(settings: Callable[..., AgentConfig], tmp_path: Path) -> None:
    given = settings()
    (tmp_path / "tls.crt").unlink()
    with pytest.raises(CallError, match=r"tls\.crt: No such file or directory"):
        read_files(given)
