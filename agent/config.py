"""What an agent is told to do, as one value.

The command line builds it from flags, environment and ConfigMap (meshtether/commands) and has checked it by
then: ranges, pairs that exclude each other, and whether to speak plaintext. Durations are seconds as `float`.
"""

from dataclasses import dataclass
from pathlib import Path

DEFAULT_MAX_MESSAGE_SIZE = 200 * 1024 * 1024
"""Bytes of one gRPC message either way; argocd-agent's default, and a peer may send one that large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """One agent's settings."""

    server_address: str
    """Host name or address of the principal."""

    server_port: int = 443
    """TCP port of the principal, 1…65535."""

    plaintext: bool
    """Speak HTTP/2 without TLS: to a sidecar of our own, which does it. Decided by options, see `plaintext_reason`."""

    plaintext_reason: str
    """One sentence that says why plaintext or TLS was chosen; the agent logs it at start."""

    insecure_tls: bool = False
    """With TLS: do not verify the server's certificate."""

    root_ca_path: Path | None = None
    """PEM file of the authorities that may sign the server's certificate; None is the system's set."""

    tls_client_cert: Path | None = None
    """PEM file of the agent's certificate chain; given together with `tls_client_key`."""

    tls_client_key: Path | None = None
    """PEM file of the agent's private key."""

    principal_identity: str = ""
    """Who the principal must be; empty for anybody that the mesh or TLS lets answer. With TLS, the one SPIFFE ID in the
    server's certificate; in plaintext a SPIFFE ID or Linkerd name, which a Linkerd sidecar checks."""

    creds_method: str
    """Method name on the wire: `header`, `userpass` or `mtls`."""

    creds_config: str = ""
    """What follows the colon of `--creds`: a file for `userpass`; not used by the other methods."""

    mode: str
    """`managed` or `autonomous`."""

    namespace: str = "argocd"
    """The agent's own namespace, a DNS label."""

    heartbeat_interval: float = 0.0
    """Seconds between heartbeats; 0 sends none."""

    heartbeat_deadline: float = 10.0
    """Seconds after which an unanswered heartbeat counts as a dead stream."""

    keep_alive_ping_interval: float = 0.0
    """Seconds without received data after which an HTTP/2 ping is sent; 0 sends none."""

    enable_compression: bool = False
    """Send gRPC messages gzipped."""

    max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE
    """Bytes of one gRPC message, in and out."""

    protocol_version: str = "99.9.9-unreleased"
    """Version claimed on the wire; argocd-agent refuses a peer whose version string differs."""

    store: Path
    """Folder of the directory store."""

    allowed_namespaces: tuple[str, ...] = ()
    """Further namespaces whose objects are synced: names, globs or `/regex/` (RE2)."""

    healthz_port: int = 8001
    """TCP port of the health endpoint, which this release does not open."""
