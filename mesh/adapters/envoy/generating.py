"""Bootstraps and settings for an intent.

The messages are Envoy's own classes, put together by the lab's blocks. They take half a second to import and need the
package envoy-data-plane: this module is imported only to generate.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from betterproto2 import Casing

from mesh.adapters.base import Generated
from mesh.adapters.common.objects import config_map
from mesh.adapters.envoy.facts import LISTENER_KEEPALIVE
from mesh.adapters.envoy.planning import (
    ADMIN_PORTS,
    CERTIFICATE_FILE,
    FOLDER,
    KEY_FILE,
    SECRET_FILE,
    SVIDS,
    TRUST_FILE,
    Hop,
    hops,
    wiring,
)
from mesh.adapters.writing import Path as Place
from mesh.adapters.writing import fitting
from mesh.durations import SECOND
from mesh.intent import Intent
from mesh.lab import blocks, http_blocks, tls_blocks
from mesh.lab.config import XfccDetails, XfccMode
from mesh.lab.messages import (
    bootstrap_v3,
    cluster_v3,
    core_v3,
    discovery_v3,
    listener_v3,
    protobuf,
    tls_v3,
)
from mesh.lab.timers import Http2Keepalive, TcpKeepalive, Timers
from mesh.socketopts import keepalive_options

LOG: Final = Path("/dev/stdout")

ONLY_URI: Final = XfccDetails(subject=False, uri=True, dns=False)
"""The SPIFFE ID is all that is asked for; a certificate's subject is whatever its holder wanted."""


def generate(intent: Intent) -> list[Generated]:
    """The configuration of both sides, a bootstrap for every Envoy on the way, and the file that tells it its SVID."""
    wired = wiring(intent)
    return [
        config_map(intent, wired, "principal"),
        config_map(intent, wired, "agent"),
        *(_generated(intent, hop) for hop in reversed(hops(intent))),
        secret(),
    ]


def bootstrap(intent: Intent, hop: Hop) -> bootstrap_v3.Bootstrap:
    """One Envoy's whole configuration."""
    timers = _timers(intent, hop)
    admin = core_v3.Address(socket_address=core_v3.SocketAddress(address="127.0.0.1", port_value=ADMIN_PORTS[hop.role]))
    return bootstrap_v3.Bootstrap(
        node=core_v3.Node(id=hop.node, cluster=hop.role),
        admin=bootstrap_v3.Admin(address=admin),
        static_resources=bootstrap_v3.BootstrapStaticResources(
            listeners=[_listener(intent, hop, timers)], clusters=[_cluster(hop, timers)]
        ),
    )


def _timers(intent: Intent, hop: Hop) -> Timers:
    """Off where they could end a stream; keepalive on what leads to another machine."""
    keepalive = intent.keepalive
    probes = TcpKeepalive(
        time=keepalive.tcp.time_seconds, interval=keepalive.tcp.interval_seconds, probes=keepalive.tcp.probes
    )
    pings = None
    if keepalive.ping:
        pings = Http2Keepalive(interval=keepalive.ping / SECOND, timeout=keepalive.ping_timeout / SECOND)
    idle = keepalive.idle_timeout / SECOND
    timers = Timers(connection_idle=idle, cluster_idle=idle)
    if hop.callers:
        own_field = intent.mesh.envoy >= LISTENER_KEEPALIVE
        timers = replace(timers, downstream_pings=pings, downstream_keepalive=probes if own_field else None)
    if hop.server:
        timers = replace(timers, upstream_pings=pings, upstream_keepalive=probes)
    return timers


def _listener(intent: Intent, hop: Hop, timers: Timers) -> listener_v3.Listener:
    filters = [
        http_blocks.http_filter(
            prefix=hop.role,
            cluster=_next(hop),
            timers=timers,
            xfcc=XfccMode(hop.forwarding),
            details=ONLY_URI if hop.callers else None,
            log=LOG,
        )
    ]
    chain = listener_v3.FilterChain(filters=filters, transport_socket=_server_side(hop))
    listener = blocks.listener(name=hop.role, port=hop.port, chains=[chain], timers=timers)
    listener.address = blocks.address(hop.port, host=hop.host)
    listener.enable_reuse_port = None
    if hop.callers and intent.mesh.envoy < LISTENER_KEEPALIVE:
        tcp = intent.keepalive.tcp
        listener.socket_options = [
            core_v3.SocketOption(level=each.option.level, name=each.option.name, int_value=each.value)
            for each in keepalive_options(time=tcp.time_seconds, interval=tcp.interval_seconds, probes=tcp.probes)
        ]
    return listener


def _cluster(hop: Hop, timers: Timers) -> cluster_v3.Cluster:
    cluster = blocks.cluster(
        name=_next(hop), stat_name=_next(hop), port=hop.next_port, timers=timers, transport=_client_side(hop)
    )
    cluster.alt_stat_name = ""
    if hop.resolves:
        cluster.type = cluster_v3.ClusterDiscoveryType.LOGICAL_DNS
        cluster.dns_lookup_family = cluster_v3.ClusterDnsLookupFamily.ALL
    if cluster.load_assignment is not None:
        endpoint = cluster.load_assignment.endpoints[0].lb_endpoints[0].endpoint
        if endpoint is not None:
            endpoint.address = blocks.address(hop.next_port, host=hop.next_host)
    return cluster


def _next(hop: Hop) -> str:
    """The name of the cluster behind it."""
    return "next" if hop.server else "principal"


def _server_side(hop: Hop) -> core_v3.TransportSocket | None:
    if not hop.callers:
        return None
    peers = [
        tls_blocks.uri_starts_with(each) if each.endswith("/") else tls_blocks.uri_is(each) for each in hop.callers
    ]
    return tls_blocks.server_side(
        secret=Path(SECRET_FILE), trust=Path(TRUST_FILE), peers=peers, require_client_certificate=True
    )


def _client_side(hop: Hop) -> core_v3.TransportSocket | None:
    if not hop.server:
        return None
    return tls_blocks.client_side(
        secret=Path(SECRET_FILE), trust=Path(TRUST_FILE), peers=[tls_blocks.uri_is(hop.server)], sni=hop.next_host
    )


def secret() -> Generated:
    """The file in which every Envoy finds its certificate; it watches the folder, and reads both files anew."""
    pair = tls_v3.TlsCertificate(
        certificate_chain=core_v3.DataSource(filename=CERTIFICATE_FILE),
        private_key=core_v3.DataSource(filename=KEY_FILE),
        watched_directory=core_v3.WatchedDirectory(path=SVIDS),
    )
    packed = protobuf.Any.pack(tls_v3.Secret(name=tls_blocks.SVID, tls_certificate=pair))
    data = discovery_v3.DiscoveryResponse(resources=[packed]).to_dict(casing=Casing.SNAKE)
    comments: dict[Place, str] = {
        (): f"{SECRET_FILE} on every machine: where its Envoy finds its certificate. spiffe-helper, or whatever renews "
        f"it, writes {CERTIFICATE_FILE}, {KEY_FILE} and {TRUST_FILE}.",
        (
            "resources",
            0,
            "tls_certificate",
            "watched_directory",
        ): "A file that is renamed into it makes Envoy read both anew. Streams that are open stay.",
    }
    return Generated(data, comments, Path(SECRET_FILE).name)


def _generated(intent: Intent, hop: Hop) -> Generated:
    data = _plain(bootstrap(intent, hop).to_dict(casing=Casing.SNAKE))
    notes = {**_notes(hop), **_option_notes(intent)}
    return Generated(data, fitting(notes, data), hop.file)


def _option_notes(intent: Intent) -> dict[Place, str]:
    """What each raw socket option is."""
    tcp = intent.keepalive.tcp
    options = keepalive_options(time=tcp.time_seconds, interval=tcp.interval_seconds, probes=tcp.probes)
    return {(*_LISTENER, "socket_options", number): each.description for number, each in enumerate(options)}


def _plain(value: Any) -> Any:
    """The message as people write it: 64-bit numbers, which JSON has as texts, as numbers."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    data = {key: _plain(each) for key, each in value.items()}
    if "level" in data and "name" in data:
        data |= {key: int(data[key]) for key in ("level", "name", "int_value") if key in data}
    return data


_LISTENER: Final = ("static_resources", "listeners", 0)
_CHAIN: Final = (*_LISTENER, "filter_chains", 0)
_MANAGER: Final = (*_CHAIN, "filters", 0, "typed_config")
_ROUTE: Final = (*_MANAGER, "route_config", "virtual_hosts", 0, "routes", 0, "route")
_CLUSTER: Final = ("static_resources", "clusters", 0)
_TLS: Final = ("transport_socket", "typed_config")
_NAMES: Final = ("common_tls_context", "validation_context", "match_typed_subject_alt_names")


def _notes(hop: Hop) -> Mapping[Place, str]:
    """Comments where a reader would wonder."""
    behind = {
        "agent": "For the agent, which dials it in plaintext on loopback.",
        "gateway": "A gateway: mutual TLS in, mutual TLS out.",
        "principal": "In front of the principal, which listens on loopback only.",
    }
    return {
        (): f"{behind[hop.role]} Run it with: envoy -c {FOLDER}/{hop.file}",
        (*_MANAGER, "stream_idle_timeout"): "Off. Left out it is 5 minutes, after which a quiet stream is reset; PINGs "
        "do not count.",
        (*_MANAGER, "common_http_protocol_options"): "Of connections without a stream: an open one never lets it fire.",
        (*_MANAGER, "forward_client_cert_details"): "What a caller wrote is thrown away; who called is written anew."
        if hop.forwarding == "SANITIZE_SET"
        else "The gateway's word is kept, and who called (the gateway) is written behind it.",
        (
            *_MANAGER,
            "http2_protocol_options",
            "max_concurrent_streams",
        ): "Left out it is 1024 since Envoy 1.36, for all agents on one connection together.",
        (*_ROUTE, "timeout"): "Off. Left out it is 15 seconds from the end of a request.",
        (*_CHAIN, *_TLS, "require_client_certificate"): "Without a certificate nobody is anybody.",
        (*_CHAIN, *_TLS, *_NAMES): "Only they get in, whoever else the same authority has signed for.",
        (*_LISTENER, "tcp_keepalive"): "Probes on accepted connections (Envoy 1.37 and later).",
        (*_LISTENER, "socket_options"): "Probes on accepted connections, by Linux's numbers: before Envoy 1.37 a "
        "listener has no field for them. Set before binding, or accepted sockets do not inherit them.",
        (*_CLUSTER, "type"): "A change of the name's address leaves open connections alone."
        if hop.resolves
        else "One address, on loopback.",
        (*_CLUSTER, "dns_lookup_family"): "Tries both families. Left out, a name that has an IPv6 address is called "
        "there only, and the next Envoy may listen in IPv4 only.",
        (*_CLUSTER, "circuit_breakers"): "Left out, at most 1024 streams at once.",
        (*_CLUSTER, *_TLS, *_NAMES): "Nobody else is taken for the next on the way.",
        (*_CLUSTER, "upstream_connection_options"): "Probes: a peer that is gone is noticed. No timer of a proxy is "
        "reset by them.",
    }
