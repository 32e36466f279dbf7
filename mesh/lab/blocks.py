"""The parts an Envoy bootstrap is made of, each a function from plain values to one message of Envoy's v3 API.

Nothing here knows the lab: whoever writes Envoy configuration builds with these. A timer that is None is left out, so
that Envoy's default holds. `envoy --mode validate` is the judge of the whole: the generated classes check types and
oneofs but none of Envoy's own constraints.
"""

import socket
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from mesh.lab.messages import (
    Message,
    accesslog_v3,
    bootstrap_v3,
    cluster_v3,
    core_v3,
    endpoint_v3,
    file_log_v3,
    listener_v3,
    protobuf,
    upstream_http_v3,
)
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


def address(port: int, *, host: str = LOOPBACK) -> core_v3.Address:
    """An IP address and TCP port."""
    return core_v3.Address(socket_address=core_v3.SocketAddress(address=host, port_value=port))


def tcp_keepalive(keepalive: TcpKeepalive | None) -> core_v3.TcpKeepalive | None:
    """Keepalive of accepted or opened sockets."""
    if keepalive is None:
        return None
    return core_v3.TcpKeepalive(
        keepalive_time=keepalive.time, keepalive_interval=keepalive.interval, keepalive_probes=keepalive.probes
    )


def http2_options(pings: Http2Keepalive | None) -> core_v3.Http2ProtocolOptions:
    """HTTP/2 without a limit on streams, with PINGs if asked."""
    settings = (
        None
        if pings is None
        else core_v3.KeepaliveSettings(interval=seconds(pings.interval), timeout=seconds(pings.timeout))
    )
    return core_v3.Http2ProtocolOptions(max_concurrent_streams=MAX_STREAMS, connection_keepalive=settings)


def http_options(
    *, idle: float | None, max_connection: float | None, max_stream: float | None
) -> core_v3.HttpProtocolOptions | None:
    """The timers that listeners and clusters share; None when all are left to Envoy."""
    if idle is None and max_connection is None and max_stream is None:
        return None
    return core_v3.HttpProtocolOptions(
        idle_timeout=seconds(idle),
        max_connection_duration=seconds(max_connection),
        max_stream_duration=seconds(max_stream),
    )


def access_log(path: Path) -> accesslog_v3.AccessLog:
    """Lines of JSON to a file, keys as in ACCESS_LOG_FIELDS."""
    line = core_v3.SubstitutionFormatString(json_format=protobuf.Struct.from_dict(ACCESS_LOG_FIELDS))
    return accesslog_v3.AccessLog(
        name="envoy.access_loggers.file",
        typed_config=protobuf.Any.pack(file_log_v3.FileAccessLog(path=str(path), log_format=line)),
    )


def network_filter(name: str, config: Message) -> listener_v3.Filter:
    """A network filter by its registered name."""
    return listener_v3.Filter(name=f"envoy.filters.network.{name}", typed_config=protobuf.Any.pack(config))


def listener(
    *,
    name: str,
    port: int,
    chains: list[listener_v3.FilterChain],
    timers: Timers,
    listener_filters: list[listener_v3.ListenerFilter] | None = None,
) -> listener_v3.Listener:
    """A TCP listener on loopback whose statistics are `listener.<name>.…`. It may share its port (SO_REUSEPORT)."""
    return listener_v3.Listener(
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
    transport: core_v3.TransportSocket | None = None,
    http2: bool = True,
) -> cluster_v3.Cluster:
    """One endpoint on loopback, statistics `cluster.<stat_name>.…`; `http2` off carries bytes only."""
    endpoint = endpoint_v3.LbEndpoint(endpoint=endpoint_v3.Endpoint(address=address(port)))
    return cluster_v3.Cluster(
        name=name,
        alt_stat_name=stat_name,
        type=cluster_v3.ClusterDiscoveryType.STATIC,
        connect_timeout=seconds(timers.connect),
        load_assignment=endpoint_v3.ClusterLoadAssignment(
            cluster_name=name, endpoints=[endpoint_v3.LocalityLbEndpoints(lb_endpoints=[endpoint])]
        ),
        circuit_breakers=cluster_v3.CircuitBreakers(
            thresholds=[
                cluster_v3.CircuitBreakersThresholds(
                    max_connections=NO_LIMIT, max_pending_requests=NO_LIMIT, max_requests=NO_LIMIT, max_retries=NO_LIMIT
                )
            ]
        ),
        typed_extension_protocol_options={UPSTREAM_HTTP: protobuf.Any.pack(_upstream_http(timers))} if http2 else {},
        upstream_connection_options=_upstream_connection(timers),
        upstream_bind_config=_upstream_bind(timers),
        transport_socket=transport,
    )


def bootstrap(
    *, node: str, admin_port: int, listeners: Iterable[listener_v3.Listener], clusters: Iterable[cluster_v3.Cluster]
) -> bootstrap_v3.Bootstrap:
    """A whole configuration with nothing dynamic but its secrets; the admin port may be shared (SO_REUSEPORT)."""
    shared = core_v3.SocketOption(level=socket.SOL_SOCKET, name=socket.SO_REUSEPORT, int_value=1)
    return bootstrap_v3.Bootstrap(
        node=core_v3.Node(id=node, cluster=node),
        admin=bootstrap_v3.Admin(address=address(admin_port), socket_options=[shared]),
        static_resources=bootstrap_v3.BootstrapStaticResources(listeners=list(listeners), clusters=list(clusters)),
    )


def _upstream_http(timers: Timers) -> upstream_http_v3.HttpProtocolOptions:
    """HTTP/2 towards the endpoint, stated and not negotiated."""
    return upstream_http_v3.HttpProtocolOptions(
        common_http_protocol_options=http_options(
            idle=timers.cluster_idle,
            max_connection=timers.cluster_max_connection_duration,
            max_stream=timers.cluster_max_stream_duration,
        ),
        explicit_http_config=upstream_http_v3.HttpProtocolOptionsExplicitHttpConfig(
            http2_protocol_options=http2_options(timers.upstream_pings)
        ),
    )


def _upstream_connection(timers: Timers) -> cluster_v3.UpstreamConnectionOptions | None:
    """TCP keepalive of the sockets that the cluster opens."""
    keepalive = tcp_keepalive(timers.upstream_keepalive)
    return None if keepalive is None else cluster_v3.UpstreamConnectionOptions(tcp_keepalive=keepalive)


def _upstream_bind(timers: Timers) -> core_v3.BindConfig | None:
    """TCP_USER_TIMEOUT has no field of its own in Envoy: it goes in as a raw socket option (Linux numbers)."""
    if timers.upstream_user_timeout is None:
        return None
    milliseconds = round(timers.upstream_user_timeout * 1000)
    option = core_v3.SocketOption(level=socket.IPPROTO_TCP, name=TCP_USER_TIMEOUT, int_value=milliseconds)
    return core_v3.BindConfig(socket_options=[option])
