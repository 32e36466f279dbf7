import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agent.config import AgentConfig


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., AgentConfig]:
    """Makes an agent's settings, to which a test adds its own."""

    def make(port: int = 1, **settings: Any) -> AgentConfig:
        plain: dict[str, Any] = {
            "server_address": "127.0.0.1",
            "server_port": port,
            "plaintext": True,
            "plaintext_reason": "a test says so",
            "creds_method": "header",
            "mode": "managed",
            "store": tmp_path / "store",
        }
        return AgentConfig(**(plain | settings))

    return make


@pytest.fixture
def pem(tmp_path: Path) -> tuple[bytes, bytes]:
    """A key and a certificate of a CA's, for DNS name principal.example."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)]) for text in ("authority", "leaf")]

    def issue(subject: x509.Name, public: ec.EllipticCurvePublicKey, *, authority: bool) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(names[0])
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if not authority:
            alternative = x509.SubjectAlternativeName([x509.DNSName("principal.example")])
            builder = builder.add_extension(alternative, critical=False)
        return builder.sign(authority_key, hashes.SHA256())

    root = issue(names[0], authority_key.public_key(), authority=True)
    leaf = issue(names[1], key.public_key(), authority=False)
    (tmp_path / "ca.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return private, leaf.public_bytes(serialization.Encoding.PEM)
