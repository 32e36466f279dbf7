"""gRPC channels: every argument named and reasoned, since gRPC's defaults and several of its names are traps.

What each argument does was measured with grpcio 1.85; arguments with a wrong name are ignored silently.
"""

import ipaddress
from importlib.metadata import version
from typing import Final

import grpc
from grpc import aio

from agent.config import AgentConfig
from agent.transport_certificate import pinned, unverified
from agent.transport_files import read_files

PING_TIMEOUT_MS: Final = 20_000
"""Milliseconds in which an HTTP/2 ping must be answered; grpc-go's default, which argocd-agent uses."""

MAX_METADATA: Final = 64 * 1024
"""Bytes of response headers or trailers that are taken. Both limits are set to it: between gRPC's own soft (8 KiB) and
hard limit a response is refused at random."""

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
    files = read_files(config)
    roots = files.roots
    if config.insecure_tls:
        roots, name = await unverified(config)
        options.append(("grpc.ssl_target_name_override", name))
    elif config.principal_identity:
        roots = await pinned(config)
    credentials = grpc.ssl_channel_credentials(roots, files.key, files.chain)
    return aio.secure_channel(target(config), credentials, options, compression)
