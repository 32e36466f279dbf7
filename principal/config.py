"""What a principal is told to do, as one value.

The command line builds it from flags, environment and ConfigMap (meshtether/commands) and has checked it by
then: ranges, pairs that exclude each other and the identity rule's grammar. Durations are seconds as `float`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from mesh.identity.options import NO_OPTIONS, IdentityOptions
from mesh.networks import Network
from principal import caps

DEFAULT_MAX_MESSAGE_SIZE = 200 * 1024 * 1024
"""Bytes of one gRPC message either way; argocd-agent's default, and a peer may send one that large."""


class Attest(StrEnum):
    """What is asked about whoever opens a connection, before its headers are believed."""

    NETNS = "netns"
    """The kernel: the peer's socket is in our network namespace and, with user ids, belongs to one of them."""
    SOCKET_FILE = "socket-file"
    """On a unix socket: nobody, whoever may open its file (mode 0600) may connect; with user ids, the kernel is asked
    of which user the process is that connected, and the file is open to all."""
    OFF = "off"
    """Nobody: whoever reaches the port is believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalConfig:
    """One principal's settings."""

    listen_host: str = ""
    """Address that agents connect to, or `unix:/PATH`; empty means every interface."""

    listen_port: int = 8443
    """TCP port that agents connect to, 0…65535; 0 takes a free one."""

    insecure_plaintext: bool
    """Serve without TLS of our own: a sidecar in front does it."""

    auth: str
    """The method as given: `header:<name>:<regex>`, `identity:<header>:<template>`, `mtls:subject:<regex>`,
    `mtls:uri:<regex>` or `userpass:<path>`."""

    identity: IdentityOptions = NO_OPTIONS
    """What is asked beside the rule: trusted gateways, the own identity, the agents that may come."""

    namespace: str
    """The principal's own namespace, a DNS label; no agent may bear this name."""

    allowed_namespaces: tuple[str, ...] = ()
    """Namespaces whose objects are synced: names, globs or `/regex/` (RE2); empty allows all."""

    store: Path | None
    """Folder of the directory store; None stands for a Kubernetes store."""

    jwt_key: Path | None = None
    """PEM file of RSA keys: the first signs tokens, each is accepted; None when a key is generated."""

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
    """Whether agents may arrive by WebSocket; the own door's only."""

    server_transport: str = "own"
    """Which server carries the hub: `own` or `grpcio`."""

    tcp_keepalive_time: float = 30.0
    """Seconds of silence before the kernel's first probe; 0 sends none. These four are the own door's only."""

    tcp_keepalive_interval: float = 10.0
    """Seconds between probes; 0 is the kernel's own."""

    tcp_keepalive_probes: int = 3
    """Unanswered probes after which a connection is dead; 0 is the kernel's own."""

    tcp_user_timeout: float = 60.0
    """Seconds that what was sent may stay unacknowledged; 0 is the kernel's own."""

    tls_cert: Path | None = None
    """PEM file of the server's certificate chain; given together with `tls_key`."""

    tls_key: Path | None = None
    """PEM file of the server's private key."""

    insecure_tls_generate: bool = False
    """Make a self-signed certificate at start where no files are given."""

    root_ca_path: Path | None = None
    """PEM file of the authorities that sign agents' certificates."""

    require_client_certs: bool = False
    """Take only agents with a certificate; `mtls` does so in any case."""

    client_cert_subject_match: bool = False
    """Where certificates are required: their common name must be the agent's name."""

    tls_min_version: str = "tls1.3"
    """`tls1.2` or `tls1.3`. gRPC's server takes both whatever is asked; this and the next two are the own door's."""

    tls_max_version: str = ""
    """The same; empty is the newest."""

    tls_ciphersuites: tuple[str, ...] = ()
    """Suites of TLS 1.2, by their names in Go; empty offers all that HTTP/2 permits."""

    tls_blocklist: Path | None = None
    """File of certificates that are turned away, one SHA-256 a line."""

    attest: Attest = Attest.NETNS
    """Who may connect at all."""

    sidecar_uids: tuple[int, ...] = ()
    """User ids of which the peer must have one, unless `Attest.OFF`; empty takes any."""

    header_peers: tuple[Network, ...] = ()
    """Networks of which a peer is believed although it is not in our network namespace; with `Attest.NETNS`."""

    max_sessions: int = caps.SESSIONS
    """Streams in all."""

    max_streams_per_identity: int = caps.STREAMS_PER_IDENTITY
    """Streams of one identity, those that are just closing included."""

    max_logins_per_second: int = caps.LOGINS_PER_SECOND
    """Authentications of one identity a second, beyond a first burst."""

    podinfo: Path | None = None
    """Folder with the pod's labels and annotations, as the downward API writes them; None does not look."""

    said: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """The options that somebody has set, by name, as users write them and without secrets: for checks of ourselves."""
