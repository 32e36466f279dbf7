"""Intents for tests: some that differ from the default in every field, and a strategy for any."""

from hypothesis import strategies as st

from mesh.durations import MILLISECOND, SECOND
from mesh.intent import Agents, Gateway, Intent, Keepalive, Mesh, Principal, Tcp, Version
from mesh.socketopts import MAX_KEEPALIVE_PROBES, MAX_KEEPALIVE_SECONDS

OTHER = Intent(
    principal=Principal(
        name="hub",
        namespace="hub-system",
        port=9443,
        service_port=443,
        service_account="hub-runner",
        labels={"app.kubernetes.io/name": "hub", "app.kubernetes.io/part-of": "fleet"},
        image="registry.example/meshtether:1.2.3",
        uid=4242,
    ),
    agents=Agents(trust_domain="corp.example", namespace="spokes", names=("east", "west-2"), mode="autonomous"),
    keepalive=Keepalive(
        heartbeat=20 * SECOND,
        ping=45 * SECOND,
        ping_timeout=7 * SECOND,
        min_interval=20 * SECOND,
        tcp=Tcp(time=45 * SECOND, interval=11 * SECOND, probes=4),
        idle_timeout=90 * 60 * SECOND,
        downstream=True,
    ),
)
"""Unlike the default in most fields."""

OPEN = Intent(
    principal=Principal(listen_host="0.0.0.0"),
    agents=Agents(names=()),
    keepalive=Keepalive(heartbeat=0, ping=0, min_interval=0, idle_timeout=0, downstream=True),
)
"""Everything off that can be off, no agents by name, and the principal on every interface."""

LABELS = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?", fullmatch=True)


def seconds(least: int, most: int) -> st.SearchStrategy[int]:
    """Whole seconds, in nanoseconds."""
    return st.integers(least, most).map(lambda value: value * SECOND)


@st.composite
def keepalives(draw: st.DrawFn) -> Keepalive:
    """Any that can work."""
    ping = draw(st.just(0) | seconds(10, 86_400))
    limit = (ping // SECOND or 86_400) - 1
    return Keepalive(
        heartbeat=draw(st.just(0) | st.integers(1000, 86_400_000).map(lambda ms: ms * MILLISECOND)),
        ping=ping,
        ping_timeout=draw(seconds(1, 86_400)),
        min_interval=draw(st.just(0) | seconds(1, limit)),
        tcp=Tcp(
            time=draw(seconds(1, MAX_KEEPALIVE_SECONDS)),
            interval=draw(seconds(1, MAX_KEEPALIVE_SECONDS)),
            probes=draw(st.integers(1, MAX_KEEPALIVE_PROBES)),
        ),
        idle_timeout=draw(st.just(0) | seconds(1, 30 * 86_400)),
        downstream=draw(st.booleans()),
    )


VERSIONS = {
    "istio": [(1, 28), (1, 30), (1, 31)],
    "linkerd": [(2, 16), (2, 17), (2, 20)],
    "envoy": [(1, 36), (1, 37), (1, 40)],
    "kgateway": [(2, 4), (2, 5)],
    "gloo": [(1, 22)],
    "agentgateway": [(1, 0), (1, 2), (1, 3), (1, 4)],
}
"""Release lines whose schemas are at hand."""


@st.composite
def intents(draw: st.DrawFn) -> Intent:
    """Any intent."""
    name, account, app, agent_app = (draw(LABELS) for _ in range(4))
    namespace = draw(LABELS)
    agent_namespace = draw(LABELS.filter(lambda other: other != namespace))
    uid = st.integers(1, 100_000).filter(lambda value: value != 1337)
    gateways = st.builds(
        Gateway,
        system=st.sampled_from(["envoy", "kgateway", "gloo", "agentgateway"]),
        name=LABELS,
        namespace=LABELS,
        port=st.integers(1, 65535),
        hostname=st.sampled_from(["", "hub.example.com"]),
        service_account=st.sampled_from(["", "edge"]),
        pod_networks=st.sampled_from([(), ("10.42.0.0/16",), ("10.0.0.0/8", "fd00::/8")]),
    )
    return Intent(
        principal=Principal(
            name=name,
            namespace=namespace,
            port=draw(st.integers(1024, 65535)),
            service_port=draw(st.integers(1, 65535)),
            hostname=draw(st.sampled_from(["", "hub.example.com"])),
            listen_host=draw(st.sampled_from(["127.0.0.1", "::1", "0.0.0.0", "::"])),
            service_account=account,
            labels={"app.kubernetes.io/name": app},
            uid=draw(uid),
        ),
        agents=Agents(
            trust_domain=draw(st.sampled_from(["cluster.local", "corp.example", "td-1"])),
            namespace=agent_namespace,
            names=tuple(draw(st.lists(LABELS, max_size=3, unique=True))),
            mode=draw(st.sampled_from(["managed", "autonomous"])),
            label=agent_app,
            uid=draw(uid),
        ),
        keepalive=draw(keepalives()),
        mesh=Mesh(**{name: Version(*draw(st.sampled_from(lines))) for name, lines in VERSIONS.items()}),
        gateways=tuple(draw(st.lists(gateways, max_size=2, unique_by=lambda each: (each.namespace, each.name)))),
    )
