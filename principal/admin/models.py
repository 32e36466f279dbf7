"""What the admin API answers: its JSON, field by field. Keys are stable; more may be added (docs/admin.md)."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """camelCase on the wire, as Kubernetes writes its JSON."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class RoundTrip(Model):
    """Heartbeat round trips in milliseconds, as the agent measured them; null before the second heartbeat."""

    last: float | None
    min: float | None
    median: float | None
    p99: float | None
    samples: int


class Heartbeat(Model):
    """An agent's heartbeats since the principal started."""

    received: int
    acked: int
    last: str | None
    """RFC 3339, UTC."""
    rtt_ms: RoundTrip


class Connection(Model):
    """The transport connection that an agent's stream is on."""

    id: str
    shared_by: int
    """Agents whose streams are on it: a sidecar pools."""
    peer: str
    pings_sent: int
    """HTTP/2 PINGs that the principal sent on it."""
    pings_received: int | None
    """HTTP/2 PINGs that the peer sent: behind a sidecar, the sidecar. This and the following: null where the server's
    library does not tell (`--server-transport=grpcio`)."""
    ping_gap_seconds: float | None
    """Between the peer's last two."""
    ping_rtt_ms: float | None
    """Of the last one of ours that was answered."""
    bytes_received: int | None
    bytes_sent: int | None
    frames_received: dict[str, int] | None
    """HTTP/2 frames by type."""
    streams: int | None
    """Streams that are open on it."""
    resets_received: int | None
    resets_sent: int | None
    last_reset: str | None
    goaway: str | None


class Stream(Model):
    """What has passed over an agent's stream since it opened."""

    messages_received: int
    messages_sent: int
    unsent_bytes: int
    """Waiting, because the agent's side does not take them."""
    bytes_received: int | None
    """This and the following: null where the server's library does not tell."""
    bytes_sent: int | None
    frames_received: int | None
    frames_sent: int | None


class DeathReport(Model):
    """What the agent itself said of the same end. Untrusted, for display."""

    cause: str
    detail: str
    lived_seconds: float
    quiet_seconds: float


class Death(Model):
    """One stream's end."""

    agent: str
    at: str
    """RFC 3339, UTC."""
    cause: str
    detail: str
    lived_seconds: float
    quiet_seconds: float
    report: DeathReport | None


class Queue(Model):
    """Events on their way to an agent."""

    pending: int
    awaiting_ack: int


class Agent(Model):
    """One agent that has authenticated since the principal started."""

    name: str
    identity: str | None
    """SPIFFE ID or Linkerd name; null where the header tells neither."""
    mode: str
    connected: bool
    connected_since: str | None
    """RFC 3339, UTC; null while it is not connected."""
    transport: str | None
    heartbeat: Heartbeat
    connection: Connection | None
    stream: Stream | None
    queue: Queue
    streams: int
    """Streams opened since the principal started."""
    takeovers: int
    """Streams that ended because a newer one of the same agent took their place."""
    contended_at: str | None
    """RFC 3339, UTC: when two agents were last found to fight over the name; null if never."""
    deaths: int
    """Streams ended since then."""
    last_death: Death | None
    events_received: int
    events_refused: int


class AgentDetail(Agent):
    """One agent with the deaths that are remembered, the newest last."""

    recent_deaths: list[Death]


class AgentPage(Model):
    """A page of agents by name, and the cursor of the next page or null."""

    agents: list[Agent]
    next: str | None


class DeathPage(Model):
    """Remembered deaths of all agents, the newest first."""

    deaths: list[Death]


class RefusedConnection(Model):
    """A connection, or under gRPC's server a call, that was refused because it is not the sidecar's."""

    at: str
    """RFC 3339, UTC."""
    rule: str
    why: str
    peer: str
    uid: int | None
    """User id of the peer's socket; null where the kernel knows no open socket."""
    inode: int | None
    """Number of the peer's socket: `ss -tenp` shows its process by it."""
    method: str


class Attestation(Model):
    """Whether connections are attested, and how that went since the principal started."""

    mode: str
    """netns, socket-file or off."""
    sidecar_uids: list[int]
    """User ids that are accepted; empty is any."""
    attested: int
    """Connections from the sidecar; under gRPC's server, calls."""
    header_peers: list[str]
    """Networks beyond the pod whose peers are believed."""
    believed: int
    """Connections from these networks."""
    refused: dict[str, int]
    """The others, by rule."""
    last_refusals: list[RefusedConnection]
    """The newest first."""


class AuditEntry(Model):
    """Something that the hub refused, or found suspicious."""

    at: str
    """RFC 3339, UTC."""
    kind: str
    agent: str
    """The agent's name; empty where it was not asked for."""
    identity: str
    peer: str
    detail: str


class AuditPage(Model):
    """What was refused since the principal started."""

    counts: dict[str, int]
    """By kind."""
    entries: list[AuditEntry]
    """The last ones, the newest first."""


class Finding(Model):
    """Something that is wrong with the principal's own pod."""

    code: str
    level: str
    message: str
    path: str
    """The field of the pod, as its manifest has it."""
    remedy: str
    doc: str
    """The page about the code, in this project."""


class Findings(Model):
    """What the principal saw of its own pod when it started."""

    checked: bool
    """False until it has looked."""
    podinfo: bool
    """Whether the downward API told the pod's labels or annotations."""
    sidecar: str | None
    """istio, linkerd, some (somebody listens in the pod) or none; null until it has looked."""
    faults: list[str]
    """What could not be read."""
    findings: list[Finding]


class Problem(Model):
    """Why a request has no answer."""

    error: str


class Ready(Model):
    """Whether the principal serves, and what is wrong with its store."""

    ready: bool
    store_faults: list[str]
