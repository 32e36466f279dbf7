"""What a principal is told to do, as one value.

The command line builds it from flags, environment and ConfigMap (meshtether/commands) and has checked it by
then: ranges, pairs that exclude each other and the identity rule's grammar. Durations are seconds as `float`.
"""

from dataclasses import dataclass
from pathlib import Path

DEFAULT_MAX_MESSAGE_SIZE = 200 * 1024 * 1024
"""Bytes of one gRPC message either way; argocd-agent's default, and a peer may send one that large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalConfig:
    """One principal's settings."""

    listen_host: str = ""
    """Address that agents connect to; empty means every interface."""

    listen_port: int = 8443
    """TCP port that agents connect to, 0…65535; 0 takes a free one."""

    insecure_plaintext: bool
    """Serve without TLS of our own: a sidecar in front does it."""

    auth: str
    """The identity rule as given: `header:<name>:<regex>` or `identity:<header>:<template>`."""

    namespace: str
    """The principal's own namespace, a DNS label; no agent may bear this name."""

    allowed_namespaces: tuple[str, ...] = ()
    """Namespaces whose objects are synced: names, globs or `/regex/` (RE2); empty allows all."""

    store: Path | None
    """Folder of the directory store; None stands for a Kubernetes store."""

    jwt_key: Path | None = None
    """PEM file (PKCS#8, RSA) that signs tokens; None when a key is generated."""

    insecure_jwt_generate: bool = False
    """Make a signing key in memory; every token dies with the process."""

    admin_host: str = "127.0.0.1"
    """Address of the admin API; loopback, since it asks nobody who they are."""

    admin_port: int = 8090
    """TCP port of the admin API, 0…65535; 0 takes a free one."""

    protocol_version: str = "99.9.9-unreleased"
    """Version claimed on the wire; argocd-agent refuses a peer whose version string differs."""

    session_timeout: float | None = None
    """Seconds of silence after which a session that sent heartbeats is ended; None learns it from their gap."""

    keepalive_min_interval: float = 0.0
    """Seconds that must lie between two HTTP/2 pings of a connection; 0 is no limit."""

    max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE
    """Bytes of one gRPC message, in and out."""

    enable_websocket: bool = False
    """Whether agents may arrive by WebSocket."""

    server_transport: str = "grpcio"
    """Which server carries the hub."""
