"""The files of TLS: read and looked at before gRPC gets them, which would say only that there is no connection."""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from agent.causes import Cause, Verdict, printable
from agent.config import AgentConfig
from agent.transport import CallError


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What is in them, as gRPC takes it: PEM, or None where none is given."""

    roots: bytes | None
    chain: bytes | None
    key: bytes | None


def read_files(config: AgentConfig) -> TlsFiles:
    """Read them anew, for they may have changed; CallError (credentials unreadable) that names the file."""
    files = TlsFiles(_read(config.root_ca_path), _read(config.tls_client_cert), _read(config.tls_client_key))
    if files.roots is not None:
        _certificate(files.roots, config.root_ca_path)
    if files.chain is not None and files.key is not None:
        certificate = _certificate(files.chain, config.tls_client_cert)
        if _key(files.key, config.tls_client_key).public_key() != certificate.public_key():
            raise _unfit(config.tls_client_key, f"not the key of the certificate in {config.tls_client_cert}")
    return files


def _read(path: Path | None) -> bytes | None:
    try:
        return None if path is None else path.read_bytes()
    except OSError as error:
        raise _unfit(path, error.strerror or str(error)) from error


def _certificate(pem: bytes, path: Path | None) -> x509.Certificate:
    """The first certificate, which is a chain's own."""
    try:
        return x509.load_pem_x509_certificates(pem)[0]
    except ValueError as error:
        raise _unfit(path, "no certificate that can be read; accepted: certificates in PEM") from error


def _key(pem: bytes, path: Path | None) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unfit(path, "no private key that can be read; accepted: one in PEM, not encrypted") from error


def _unfit(path: Path | None, what: str) -> CallError:
    return CallError(Verdict(Cause.CREDENTIALS_UNREADABLE, printable(f"{path}: {what}")))
