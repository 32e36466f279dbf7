"""What the user wants: one value from which every adapter generates, and against which it verifies.

Every field has a default, so that the default intent gives a working set. Durations are whole nanoseconds
(mesh.durations). A value that cannot work is refused when it is made, by the kind in its field's metadata.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal

from mesh.durations import HOUR, MILLISECOND, SECOND
from mesh.intent import kinds
from mesh.intent.kinds import Kind
from mesh.intent.versions import VERSION, Version
from mesh.networks import PRIVATE
from mesh.socketopts import MAX_KEEPALIVE_PROBES, MAX_KEEPALIVE_SECONDS

DAY: Final = 24 * HOUR
"""Nanoseconds; the most for what is meant to notice something within a working day."""

LEAST_PING: Final = 10 * SECOND
"""Nanoseconds; grpc-go raises a shorter client ping interval to this, without a word."""

PROXY_UID: Final = 1337
"""The user id of Istio's proxy, whose traffic is not redirected: an application may not have it."""

_VERSION: Final = {"kind": VERSION}

System = Literal["istio", "linkerd", "envoy", "kgateway", "gloo", "agentgateway"]


class IntentError(ValueError):
    """An intent that cannot be: where, which field, which value, and what would be accepted."""


def _of(kind: Kind, default: Any) -> Any:
    if isinstance(default, Mapping):
        return field(default_factory=lambda: dict(default), metadata={"kind": kind})
    return field(default=default, metadata={"kind": kind})


class _Checked:
    """Refuses values that are not of their field's kind."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for each in fields(self):  # type: ignore[arg-type]  # every heir is a dataclass
            kind = each.metadata.get("kind")
            value = getattr(self, each.name)
            if kind is not None and not kind.check(value):
                raise IntentError(f"{camel(each.name)}: {value!r} is not accepted; accepted: {kind.accepted}")


def camel(name: str) -> str:
    """A field's name as it is written in YAML: `idle_timeout` is `idleTimeout`."""
    first, *rest = name.split("_")
    return first + "".join(each.title() for each in rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal(_Checked):
    """The hub's Deployment and Service."""

    name: str = _of(kinds.LABEL, "argocd-agent-principal")
    """Of the Deployment and the Service."""
    namespace: str = _of(kinds.LABEL, "argocd")
    port: int = _of(kinds.PORT, 8443)
    """Where the principal listens, in its pod."""
    service_port: int = _of(kinds.PORT, 8443)
    """Where agents dial it, on the Service. argocd-agent's own Service has 443."""
    hostname: str = _of(kinds.HOSTNAME, "")
    """The name under which agents dial it, where that is not its Service's: outside of its cluster."""
    listen_host: str = _of(kinds.LISTEN_HOST, "127.0.0.1")
    """Where it listens, as far as the mesh can reach it there; the Linkerd adapter binds the pod's IP instead of
    loopback."""
    service_account: str = _of(kinds.LABEL, "argocd-agent-principal")
    labels: Mapping[str, str] = _of(kinds.LABELS, {"app.kubernetes.io/name": "argocd-agent-principal"})
    """Of its pods, and so the Service's selector."""
    image: str = _of(kinds.TEXT, "meshtether:latest")
    uid: int = _of(kinds.whole(1, 2**31 - 1), 10001)
    """The user id in its pod; never the proxy's."""

    def __post_init__(self) -> None:
        _Checked.__post_init__(self)
        _refuse_proxy_uid(self.uid)

    @property
    def host(self) -> str:
        """The Service's name in the cluster's DNS."""
        return f"{self.name}.{self.namespace}.svc.cluster.local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agents(_Checked):
    """The spokes: one service account each, of the agent's name."""

    trust_domain: str = _of(kinds.TRUST_DOMAIN, "cluster.local")
    namespace: str = _of(kinds.LABEL, "argocd-agents")
    """Of their pods; must be theirs alone, for who may run a pod there may be an agent."""
    names: tuple[str, ...] = _of(kinds.texts(kinds.LABEL), ("agent-a",))
    """Each the name of an agent, of its service account and of its Deployment. Empty: every service account of the
    namespace is an agent, and none is generated."""
    mode: str = _of(kinds.one_of("managed", "autonomous"), "managed")
    label: str = _of(kinds.LABEL, "argocd-agent-agent")
    """Value of the pods' label `app.kubernetes.io/name`."""
    image: str = _of(kinds.TEXT, "meshtether:latest")
    uid: int = _of(kinds.whole(1, 2**31 - 1), 10001)
    """The user id in their pods; never the proxy's."""

    def __post_init__(self) -> None:
        _Checked.__post_init__(self)
        _refuse_proxy_uid(self.uid)

    def spiffe_id(self, name: str) -> str:
        """The SPIFFE ID of the agent `name` (or of `{agent}`) in Istio's form."""
        return f"spiffe://{self.trust_domain}/ns/{self.namespace}/sa/{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tcp(_Checked):
    """TCP keepalive: what the kernel sends on a silent connection."""

    time: int = _of(kinds.duration(least=SECOND, most=MAX_KEEPALIVE_SECONDS * SECOND, step=SECOND), 60 * SECOND)
    """Silence before the first probe."""
    interval: int = _of(kinds.duration(least=SECOND, most=MAX_KEEPALIVE_SECONDS * SECOND, step=SECOND), 20 * SECOND)
    """Between probes."""
    probes: int = _of(kinds.whole(1, MAX_KEEPALIVE_PROBES), 3)
    """Unanswered before the connection is dead."""

    @property
    def time_seconds(self) -> int:
        """Silence before the first probe, in seconds."""
        return self.time // SECOND

    @property
    def interval_seconds(self) -> int:
        """Between probes, in seconds."""
        return self.interval // SECOND

    @property
    def dead_after(self) -> int:
        """Nanoseconds from the last sign of life to the end of an idle connection."""
        return self.time + self.interval * self.probes


@dataclass(frozen=True, slots=True, kw_only=True)
class Keepalive(_Checked):
    """How a stream is kept, and how its death is noticed."""

    heartbeat: int = _of(kinds.duration(least=SECOND, most=DAY, step=MILLISECOND, zero="no heartbeats"), 30 * SECOND)
    """Between an agent's heartbeats: messages on the stream, which reset every stream timer on the way."""
    ping: int = _of(kinds.duration(least=LEAST_PING, most=DAY, step=SECOND, zero="no pings"), 30 * SECOND)
    """Between HTTP/2 PINGs, of the agent and of proxies that can send them. They end at the next hop."""
    ping_timeout: int = _of(kinds.duration(least=SECOND, most=DAY, step=SECOND), 20 * SECOND)
    """For the answer to a PING. grpc-go has 20s, fixed."""
    min_interval: int = _of(kinds.duration(least=SECOND, most=DAY, step=SECOND, zero="no limit"), 10 * SECOND)
    """The principal ends connections that PING more often. Must be less than `ping`, or the two race."""
    tcp: Tcp = field(default_factory=Tcp)
    idle_timeout: int = _of(kinds.duration(least=SECOND, most=30 * DAY, step=SECOND, zero="never"), HOUR)
    """After which a proxy may close a connection on which no stream is open."""
    downstream: bool = _of(kinds.SWITCH, False)
    """Whether proxies also probe the connections that they accept, where that takes more than a field of the mesh's own
    (an EnvoyFilter in Istio)."""

    def __post_init__(self) -> None:
        _Checked.__post_init__(self)
        if self.ping and self.min_interval >= self.ping:
            raise IntentError(
                f"minInterval: {self.min_interval // SECOND}s is not less than ping ({self.ping // SECOND}s): the "
                "principal would end connections for too many pings; accepted: less than ping, or 0 (no limit)"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh(_Checked):
    """Which release line of each system is meant."""

    istio: Version = field(default=Version(1, 30), metadata=_VERSION)
    linkerd: Version = field(default=Version(2, 20), metadata=_VERSION)
    envoy: Version = field(default=Version(1, 37), metadata=_VERSION)
    kgateway: Version = field(default=Version(2, 4), metadata=_VERSION)
    gloo: Version = field(default=Version(1, 22), metadata=_VERSION)
    agentgateway: Version = field(default=Version(1, 4), metadata=_VERSION)
    linkerd_namespace: str = _of(kinds.LABEL, "linkerd")
    """Of Linkerd's control plane, which is part of its identities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway(_Checked):
    """A gateway between agents and principal."""

    system: str = _of(kinds.one_of("istio", "linkerd", "envoy", "kgateway", "gloo", "agentgateway"), "envoy")
    name: str = _of(kinds.LABEL, "argocd-agent")
    """Of the Gateway object, or of the proxy."""
    namespace: str = _of(kinds.LABEL, "argocd")
    port: int = _of(kinds.PORT, 8443)
    """Where agents dial it."""
    hostname: str = _of(kinds.HOSTNAME, "")
    """The name under which agents dial it; nothing: any."""
    service_account: str = _of(kinds.OPTIONAL_LABEL, "")
    """As which it calls the principal, when it is part of the mesh; nothing: its name."""
    pod_networks: tuple[str, ...] = _of(kinds.NETWORKS, tuple(map(str, PRIVATE)))
    """Where its pods have their addresses: the principal believes its identity header from there, where it calls
    without a sidecar in between (kgateway, Gloo, agentgateway). None: the principal believes its own pod only."""

    @property
    def identity(self) -> str:
        """The service account as which it calls the principal."""
        return self.service_account or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent(_Checked):
    """All of it."""

    principal: Principal = field(default_factory=Principal)
    agents: Agents = field(default_factory=Agents)
    keepalive: Keepalive = field(default_factory=Keepalive)
    mesh: Mesh = field(default_factory=Mesh)
    gateways: tuple[Gateway, ...] = ()
    """In the order in which an agent's bytes pass them; none: agents and principal are in one mesh."""

    def __post_init__(self) -> None:
        if self.principal.name in self.agents.names and self.principal.namespace == self.agents.namespace:
            raise IntentError(
                f"agents.names: {self.principal.name!r} is the principal's name in the same namespace; accepted: other "
                "names, or another namespace"
            )
        passed = [(each.namespace, each.name) for each in self.gateways]
        twice = next((each for each in passed if passed.count(each) > 1), None)
        if twice is not None:
            raise IntentError(
                f"gateways: {twice[1]!r} of {twice[0]} is in the path twice; accepted: each name once in a namespace, "
                "in the order in which bytes pass"
            )

    def gateway_of(self, system: System) -> Gateway:
        """The first gateway of `system` in the path, or a default one."""
        return next((each for each in self.gateways if each.system == system), Gateway(system=system))


def _refuse_proxy_uid(uid: int) -> None:
    if uid == PROXY_UID:
        raise IntentError(f"uid: {uid} is the user id of Istio's proxy; accepted: any other")
