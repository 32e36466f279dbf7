"""gRPC channels: every argument named and reasoned, since gRPC's defaults and several of its names are traps.

What each argument does was measured with grpcio 1.85; arguments with a wrong name are ignored silently.
"""

import asyncio
import ipaddress
import ssl
from importlib.metadata import version
from pathlib import Path
from typing import Final

import grpc
import structlog
from cryptography import x509
from grpc import aio

from agent.causes import Cause, Verdict, printable
from agent.config import AgentConfig
from agent.transport import CallError

log = structlog.stdlib.get_logger(__name__)

PING_TIMEOUT_MS: Final = 20_000
"""Milliseconds in which an HTTP/2 ping must be answered; grpc-go's default, which argocd-agent uses."""

MAX_METADATA: Final = 64 * 1024
"""Bytes of response headers or trailers that are taken. Both limits are set to it: between gRPC's own soft (8 KiB) and
hard limit a response is refused at random."""

FETCH_TIMEOUT: Final = 5.0
"""Seconds to fetch the certificate of a server that is not to be verified."""

Argument = tuple[str, str | int]


def arguments(config: AgentConfig) -> list[Argument]:
    """The channel's arguments."""
    limits: list[Argument] = [
        ("grpc.max_send_message_length", config.max_message_size),
        ("grpc.max_receive_message_length", config.max_message_size),
        ("grpc.max_metadata_size", MAX_METADATA),
        ("grpc.absolute_max_metadata_size", MAX_METADATA),
    ]
    # A channel lives for one attempt. It must not repeat calls, nor share or inherit a connection or its backoff, nor
    # ask DNS for a configuration: what fails has to reach the link, which alone decides when to try again.
    plain: list[Argument] = [
        ("grpc.enable_retries", 0),
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.service_config_disable_resolution", 1),
        ("grpc.primary_user_agent", f"argocd-agent/v0.0.1 meshtether/{version('meshtether')}"),
        ("grpc.enable_http_proxy", 0 if is_loopback(config.server_address) else 1),
    ]
    return [*limits, *plain, *_pings(config.keep_alive_ping_interval)]


def _pings(interval: float) -> list[Argument]:
    if interval <= 0:
        return []
    return [
        ("grpc.keepalive_time_ms", max(1, round(interval * 1000))),
        # This bounds the answer; keepalive_timeout_ms, in spite of its name, only sets TCP_USER_TIMEOUT.
        ("grpc.http2.ping_timeout_ms", PING_TIMEOUT_MS),
        ("grpc.keepalive_timeout_ms", PING_TIMEOUT_MS),
        # Unset, a quiet stream is pinged twice and then once a minute, whatever the interval.
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.keepalive_permit_without_calls", 0),
    ]


def is_loopback(host: str) -> bool:
    """Whether a host is this machine's own: no HTTP proxy can be meant for it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def target(config: AgentConfig) -> str:
    """The server as gRPC and people write it."""
    host = f"[{config.server_address}]" if ":" in config.server_address else config.server_address
    return f"{host}:{config.server_port}"


async def make_channel(config: AgentConfig) -> aio.Channel:
    """A new channel, not yet connected; CallError when files or the server's certificate cannot be read."""
    compression = grpc.Compression.Gzip if config.enable_compression else grpc.Compression.NoCompression
    options = arguments(config)
    if config.plaintext:
        return aio.insecure_channel(target(config), options, compression)
    roots = _read(config.root_ca_path)
    if config.insecure_tls:
        roots, name = await _unverified(config)
        options.append(("grpc.ssl_target_name_override", name))
    credentials = grpc.ssl_channel_credentials(roots, _read(config.tls_client_key), _read(config.tls_client_cert))
    return aio.secure_channel(target(config), credentials, options, compression)


def _read(path: Path | None) -> bytes | None:
    try:
        return None if path is None else path.read_bytes()
    except OSError as error:
        raise CallError(Verdict(Cause.CREDENTIALS_UNREADABLE, f"{path}: {error.strerror}")) from error


async def _unverified(config: AgentConfig) -> tuple[bytes, str]:
    """The certificate that the server shows right now, as PEM, and a name that it is valid for.

    gRPC cannot skip verification, so exactly this certificate is trusted, for one connection.
    """
    try:
        async with asyncio.timeout(FETCH_TIMEOUT):
            certificate = await _certificate(config)
    except TimeoutError as error:
        raise CallError(Verdict(Cause.DEADLINE, "the server showed no certificate in time")) from error
    except ssl.SSLError as error:
        raise CallError(Verdict(_tls_cause(error), printable(f"TLS handshake: {error}"))) from error
    except OSError as error:
        cause = Cause.CONNECTION_REFUSED if isinstance(error, ConnectionRefusedError) else Cause.UNREACHABLE
        raise CallError(Verdict(cause, printable(str(error)))) from error
    name = _valid_name(x509.load_der_x509_certificate(certificate))
    log.warning("server certificate not verified", server=target(config), name=name)
    return ssl.DER_cert_to_PEM_cert(certificate).encode(), name


def _tls_cause(error: ssl.SSLError) -> Cause:
    return Cause.PLAINTEXT_UNEXPECTED if error.reason == "WRONG_VERSION_NUMBER" else Cause.CERTIFICATE_REFUSED


async def _certificate(config: AgentConfig) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    if config.tls_client_cert is not None:
        context.load_cert_chain(config.tls_client_cert, config.tls_client_key)
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
