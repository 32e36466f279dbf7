"""The parts an Envoy bootstrap is made of, each a function from plain values to one message of Envoy's v3 API.

Nothing here knows the lab: whoever writes Envoy configuration builds with these. A timer that is None is left out, so
that Envoy's default holds. `envoy --mode validate` is the judge of the whole: the generated classes check types and
oneofs but none of Envoy's own constraints.
"""

import socket
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import betterproto2
from envoy_data_plane.envoy.config.accesslog.v3 import AccessLog
from envoy_data_plane.envoy.config.bootstrap.v3 import Admin, Bootstrap, BootstrapStaticResources
from envoy_data_plane.envoy.config.cluster.v3 import (
    CircuitBreakers,
    CircuitBreakersThresholds,
    Cluster,
    ClusterDiscoveryType,
    UpstreamConnectionOptions,
)
from envoy_data_plane.envoy.config.core.v3 import (
    Address,
    BindConfig,
    Http2ProtocolOptions,
    HttpProtocolOptions,
    KeepaliveSettings,
    Node,
    SocketAddress,
    SocketOption,
    SubstitutionFormatString,
    TransportSocket,
)
from envoy_data_plane.envoy.config.core.v3 import TcpKeepalive as TcpKeepaliveMessage
from envoy_data_plane.envoy.config.endpoint.v3 import ClusterLoadAssignment, Endpoint, LbEndpoint, LocalityLbEndpoints
from envoy_data_plane.envoy.config.listener.v3 import Filter, FilterChain, Listener, ListenerFilter
from envoy_data_plane.envoy.extensions.access_loggers.file.v3 import FileAccessLog
from envoy_data_plane.envoy.extensions.upstreams.http.v3 import HttpProtocolOptions as UpstreamHttpOptions
from envoy_data_plane.envoy.extensions.upstreams.http.v3 import HttpProtocolOptionsExplicitHttpConfig
from envoy_data_plane.google.protobuf import Any, Struct

from mesh.lab.ports import LOOPBACK
from mesh.lab.timers import Http2Keepalive, TcpKeepalive, Timers

NO_LIMIT = 2**32 - 1
"""The highest count Envoy takes, which Istio sets for every circuit breaker: the sidecar shall not be what limits."""

MAX_STREAMS = 2**31 - 1
"""The highest number of concurrent streams HTTP/2 can name (RFC 9113 §6.5.2), Istio's choice."""

TCP_USER_TIMEOUT = 18
"""Linux's number of the option (`tcp(7)`); Python's socket module has the name on Linux only."""

UPSTREAM_HTTP = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
"""The key under which a cluster keeps its HTTP options."""

ACCESS_LOG_FIELDS = {
    "start": "%START_TIME%",
    "path": "%REQ(:PATH)%",
    "code": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "grpc": "%GRPC_STATUS%",
    "milliseconds": "%DURATION%",
    "received": "%BYTES_RECEIVED%",
    "sent": "%BYTES_SENT%",
    "connection": "%CONNECTION_ID%",
    "peer_uri": "%DOWNSTREAM_PEER_URI_SAN%",
    "peer_dns": "%DOWNSTREAM_PEER_DNS_SAN%",
    "terminated": "%CONNECTION_TERMINATION_DETAILS%",
    "downstream_failure": "%DOWNSTREAM_TRANSPORT_FAILURE_REASON%",
    "upstream_failure": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
}
"""One JSON object a line: what ended a stream, by Envoy's own words."""


def seconds(value: float | None) -> timedelta | None:
    """A number of seconds as the message field wants it; None stays out of the message."""
    return None if value is None else timedelta(seconds=value)


def address(port: int, *, host: str = LOOPBACK) -> Address:
    """An IP address and TCP port."""
    return Address(socket_address=SocketAddress(address=host, port_value=port))


def tcp_keepalive(keepalive: TcpKeepalive | None) -> TcpKeepaliveMessage | None:
    """Keepalive of accepted or opened sockets."""
    if keepalive is None:
        return None
    return TcpKeepaliveMessage(
        keepalive_time=keepalive.time, keepalive_interval=keepalive.interval, keepalive_probes=keepalive.probes
    )


def http2_options(pings: Http2Keepalive | None) -> Http2ProtocolOptions:
    """HTTP/2 without a limit on streams, with PINGs if asked."""
    settings = (
        None if pings is None else KeepaliveSettings(interval=seconds(pings.interval), timeout=seconds(pings.timeout))
    )
    return Http2ProtocolOptions(max_concurrent_streams=MAX_STREAMS, connection_keepalive=settings)


def http_options(
    *, idle: float | None, max_connection: float | None, max_stream: float | None
) -> HttpProtocolOptions | None:
    """The timers that listeners and clusters share; None when all are left to Envoy."""
    if idle is None and max_connection is None and max_stream is None:
        return None
    return HttpProtocolOptions(
        idle_timeout=seconds(idle),
        max_connection_duration=seconds(max_connection),
        max_stream_duration=seconds(max_stream),
    )


def access_log(path: Path) -> AccessLog:
    """Lines of JSON to a file, keys as in ACCESS_LOG_FIELDS."""
    line = SubstitutionFormatString(json_format=Struct.from_dict(ACCESS_LOG_FIELDS))
    return AccessLog(
        name="envoy.access_loggers.file", typed_config=Any.pack(FileAccessLog(path=str(path), log_format=line))
    )


def network_filter(name: str, config: betterproto2.Message) -> Filter:
    """A network filter by its registered name."""
    return Filter(name=f"envoy.filters.network.{name}", typed_config=Any.pack(config))


def listener(
    *,
    name: str,
    port: int,
    chains: list[FilterChain],
    timers: Timers,
    listener_filters: list[ListenerFilter] | None = None,
) -> Listener:
    """A TCP listener on loopback whose statistics are `listener.<name>.…`. It may share its port (SO_REUSEPORT)."""
    return Listener(
        name=name,
        stat_prefix=name,
        address=address(port),
        filter_chains=chains,
        listener_filters=listener_filters or [],
        enable_reuse_port=True,
        tcp_keepalive=tcp_keepalive(timers.downstream_keepalive),
    )


def cluster(
    *,
    name: str,
    stat_name: str,
    port: int,
    timers: Timers,
    transport: TransportSocket | None = None,
    http2: bool = True,
) -> Cluster:
    """One endpoint on loopback, statistics `cluster.<stat_name>.…`; `http2` off carries bytes only."""
    endpoint = LbEndpoint(endpoint=Endpoint(address=address(port)))
    return Cluster(
        name=name,
        alt_stat_name=stat_name,
        type=ClusterDiscoveryType.STATIC,
        connect_timeout=seconds(timers.connect),
        load_assignment=ClusterLoadAssignment(
            cluster_name=name, endpoints=[LocalityLbEndpoints(lb_endpoints=[endpoint])]
        ),
        circuit_breakers=CircuitBreakers(
            thresholds=[
                CircuitBreakersThresholds(
                    max_connections=NO_LIMIT, max_pending_requests=NO_LIMIT, max_requests=NO_LIMIT, max_retries=NO_LIMIT
                )
            ]
        ),
        typed_extension_protocol_options={UPSTREAM_HTTP: Any.pack(_upstream_http(timers))} if http2 else {},
        upstream_connection_options=_upstream_connection(timers),
        upstream_bind_config=_upstream_bind(timers),
        transport_socket=transport,
    )


def bootstrap(*, node: str, admin_port: int, listeners: Iterable[Listener], clusters: Iterable[Cluster]) -> Bootstrap:
    """A whole configuration with nothing dynamic but its secrets; the admin port may be shared (SO_REUSEPORT)."""
    shared = SocketOption(level=socket.SOL_SOCKET, name=socket.SO_REUSEPORT, int_value=1)
    return Bootstrap(
        node=Node(id=node, cluster=node),
        admin=Admin(address=address(admin_port), socket_options=[shared]),
        static_resources=BootstrapStaticResources(listeners=list(listeners), clusters=list(clusters)),
    )


def _upstream_http(timers: Timers) -> UpstreamHttpOptions:
    """HTTP/2 towards the endpoint, stated and not negotiated."""
    return UpstreamHttpOptions(
        common_http_protocol_options=http_options(
            idle=timers.cluster_idle,
            max_connection=timers.cluster_max_connection_duration,
            max_stream=timers.cluster_max_stream_duration,
        ),
        explicit_http_config=HttpProtocolOptionsExplicitHttpConfig(
            http2_protocol_options=http2_options(timers.upstream_pings)
        ),
    )


def _upstream_connection(timers: Timers) -> UpstreamConnectionOptions | None:
    """TCP keepalive of the sockets that the cluster opens."""
    keepalive = tcp_keepalive(timers.upstream_keepalive)
    return None if keepalive is None else UpstreamConnectionOptions(tcp_keepalive=keepalive)


def _upstream_bind(timers: Timers) -> BindConfig | None:
    """TCP_USER_TIMEOUT has no field of its own in Envoy: it goes in as a raw socket option (Linux numbers)."""
    if timers.upstream_user_timeout is None:
        return None
    milliseconds = round(timers.upstream_user_timeout * 1000)
    option = SocketOption(level=socket.IPPROTO_TCP, name=TCP_USER_TIMEOUT, int_value=milliseconds)
    return BindConfig(socket_options=[option])
