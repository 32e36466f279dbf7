"""The server's certificate, looked at on a connection of its own before gRPC connects.

gRPC can neither skip verification nor compare a certificate's SPIFFE ID. So the certificate is fetched and judged here,
and gRPC is then told to trust this very certificate and no other: what answers on its connection has the key of the
certificate that was judged, or there is no connection.
"""

import asyncio
import ssl
from typing import Final

import structlog
from cryptography import x509

from agent.causes import Cause, Verdict, printable
from agent.config import AgentConfig
from agent.transport import CallError
from mesh.identity.errors import IdentityError
from mesh.identity.svid import certificate_id

log = structlog.stdlib.get_logger(__name__)

FETCH_TIMEOUT: Final = 5.0
"""Seconds to fetch a server's certificate."""


async def unverified(config: AgentConfig) -> tuple[bytes, str]:
    """The certificate that the server shows right now, as PEM, and a name that it is valid for; CallError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    certificate = await _shown(config, context)
    name = _valid_name(x509.load_der_x509_certificate(certificate))
    log.warning("server certificate not verified", server=config.server_address, name=name)
    return ssl.DER_cert_to_PEM_cert(certificate).encode(), name


async def pinned(config: AgentConfig) -> bytes:
    """The server's certificate as PEM, verified like any and found to be `principal_identity`'s; CallError."""
    try:
        context = ssl.create_default_context(cafile=config.root_ca_path)
    except (OSError, ssl.SSLError) as error:
        raise CallError(Verdict(Cause.CREDENTIALS_UNREADABLE, printable(f"{config.root_ca_path}: {error}"))) from error
    certificate = await _shown(config, context)
    try:
        found = str(certificate_id(x509.load_der_x509_certificate(certificate)))
    except (IdentityError, ValueError) as error:
        raise CallError(Verdict(Cause.WRONG_PRINCIPAL, printable(f"the server's certificate: {error}"))) from error
    if found != config.principal_identity:
        detail = f"the server is {found}; accepted: {config.principal_identity}"
        raise CallError(Verdict(Cause.WRONG_PRINCIPAL, printable(detail)))
    return ssl.DER_cert_to_PEM_cert(certificate).encode()


async def _shown(config: AgentConfig, context: ssl.SSLContext) -> bytes:
    """The certificate that the server shows in a handshake with `context`, in DER."""
    context.set_alpn_protocols(["h2"])
    try:
        if config.tls_client_cert is not None:
            context.load_cert_chain(config.tls_client_cert, config.tls_client_key)
        async with asyncio.timeout(FETCH_TIMEOUT):
            return await _certificate(config, context)
    except TimeoutError as error:
        raise CallError(Verdict(Cause.DEADLINE, "the server showed no certificate in time")) from error
    except ssl.SSLError as error:
        raise CallError(Verdict(_tls_cause(error), printable(f"TLS handshake: {error}"))) from error
    except OSError as error:
        cause = Cause.CONNECTION_REFUSED if isinstance(error, ConnectionRefusedError) else Cause.UNREACHABLE
        raise CallError(Verdict(cause, printable(str(error)))) from error


def _tls_cause(error: ssl.SSLError) -> Cause:
    return Cause.PLAINTEXT_UNEXPECTED if error.reason == "WRONG_VERSION_NUMBER" else Cause.CERTIFICATE_REFUSED


async def _certificate(config: AgentConfig, context: ssl.SSLContext) -> bytes:
    _, writer = await asyncio.open_connection(config.server_address, config.server_port, ssl=context)
    try:
        connection: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return connection.getpeercert(binary_form=True) or b""
    finally:
        writer.transport.abort()


def _valid_name(certificate: x509.Certificate) -> str:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        for name in names.get_values_for_type(x509.DNSName):
            return name.replace("*", "any", 1)
        for address in names.get_values_for_type(x509.IPAddress):
            return str(address)
    except x509.ExtensionNotFound:
        pass  # then the subject's common name is what gRPC compares
    for attribute in certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME):
        return str(attribute.value)
    raise CallError(Verdict(Cause.CERTIFICATE_REFUSED, "the server's certificate has no DNS name, address or CN"))
