"""The HTTP side of a sidecar: connection manager, timers, its one route, and what happens to identity headers."""

from pathlib import Path

from envoy_data_plane.envoy.config.core.v3 import HeaderValue, HeaderValueOption, HeaderValueOptionHeaderAppendAction
from envoy_data_plane.envoy.config.listener.v3 import Filter
from envoy_data_plane.envoy.config.route.v3 import (
    RetryPolicy,
    Route,
    RouteAction,
    RouteActionMaxStreamDuration,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)
from envoy_data_plane.envoy.extensions.filters.http.router.v3 import Router
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import (
    HttpConnectionManager,
    HttpConnectionManagerForwardClientCertDetails,
    HttpConnectionManagerSetCurrentClientCertDetails,
    HttpFilter,
)
from envoy_data_plane.envoy.extensions.filters.network.tcp_proxy.v3 import TcpProxy
from envoy_data_plane.google.protobuf import Any

from mesh.lab import blocks
from mesh.lab.config import XfccDetails, XfccMode
from mesh.lab.timers import Timers

RETRIES = 2
"""Attempts after the first, where a per-try timer asks for a retry policy; Istio's number."""

L5D_CLIENT_ID = "l5d-client-id"
"""Linkerd's identity header."""


def http_filter(
    *,
    prefix: str,
    cluster: str,
    timers: Timers,
    xfcc: XfccMode,
    details: XfccDetails | None = None,
    client_id: bool = False,
    log: Path,
) -> Filter:
    """A connection manager that sends every request to `cluster`; statistics `http.<prefix>.…`.

    `details` is what to write of the client's certificate in the modes that write. With `client_id` it also does what
    Linkerd's inbound proxy does: removes `l5d-client-id`, then writes the certificate's DNS SAN into it.
    """
    manager = HttpConnectionManager(
        stat_prefix=prefix,
        http_filters=[HttpFilter(name="envoy.filters.http.router", typed_config=Any.pack(Router()))],
        route_config=_routes(prefix=prefix, cluster=cluster, timers=timers, client_id=client_id),
        common_http_protocol_options=blocks.http_options(
            idle=timers.connection_idle,
            max_connection=timers.max_connection_duration,
            max_stream=timers.max_stream_duration,
        ),
        http2_protocol_options=blocks.http2_options(timers.downstream_pings),
        stream_idle_timeout=blocks.seconds(timers.stream_idle),
        request_timeout=blocks.seconds(timers.request),
        request_headers_timeout=blocks.seconds(timers.request_headers),
        drain_timeout=blocks.seconds(timers.drain),
        forward_client_cert_details=HttpConnectionManagerForwardClientCertDetails[xfcc.name],
        set_current_client_cert_details=_details(details),
        access_log=[blocks.access_log(log)],
    )
    return blocks.network_filter("http_connection_manager", manager)


def tcp_filter(*, prefix: str, cluster: str, timers: Timers, log: Path) -> Filter:
    """Bytes in, bytes out, no header read or written; statistics `tcp.<prefix>.…`."""
    proxy = TcpProxy(
        stat_prefix=prefix,
        cluster=cluster,
        idle_timeout=blocks.seconds(timers.tcp_idle),
        max_downstream_connection_duration=blocks.seconds(timers.tcp_max_connection_duration),
        access_log=[blocks.access_log(log)],
    )
    return blocks.network_filter("tcp_proxy", proxy)


def _routes(*, prefix: str, cluster: str, timers: Timers, client_id: bool) -> RouteConfiguration:
    """Everything to one cluster. Envoy removes headers before it adds any, at the same level of its routes."""
    host = VirtualHost(
        name=prefix,
        domains=["*"],
        routes=[Route(match=RouteMatch(prefix="/"), route=_action(cluster, timers))],
        request_headers_to_remove=[L5D_CLIENT_ID] if client_id else [],
        request_headers_to_add=[_peer_name()] if client_id else [],
    )
    return RouteConfiguration(name=prefix, virtual_hosts=[host])


def _peer_name() -> HeaderValueOption:
    """`l5d-client-id` from the client's certificate. Without a DNS SAN the value is empty and Envoy adds nothing."""
    return HeaderValueOption(
        header=HeaderValue(key=L5D_CLIENT_ID, value="%DOWNSTREAM_PEER_DNS_SAN%"),
        append_action=HeaderValueOptionHeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    )


def _action(cluster: str, timers: Timers) -> RouteAction:
    """Where requests go, and the route's own timers."""
    longest = timers.route_max_stream_duration
    return RouteAction(
        cluster=cluster,
        timeout=blocks.seconds(timers.route),
        idle_timeout=blocks.seconds(timers.route_idle),
        retry_policy=_retries(timers),
        max_stream_duration=None
        if longest is None
        else RouteActionMaxStreamDuration(max_stream_duration=blocks.seconds(longest)),
    )


def _retries(timers: Timers) -> RetryPolicy | None:
    """A retry policy only where a per-try timer needs one to live in."""
    if timers.per_try is None and timers.per_try_idle is None:
        return None
    return RetryPolicy(
        retry_on="connect-failure,refused-stream",
        num_retries=RETRIES,
        per_try_timeout=blocks.seconds(timers.per_try),
        per_try_idle_timeout=blocks.seconds(timers.per_try_idle),
    )


def _details(details: XfccDetails | None) -> HttpConnectionManagerSetCurrentClientCertDetails | None:
    """Which facts of the certificate go into the header."""
    if details is None:
        return None
    return HttpConnectionManagerSetCurrentClientCertDetails(
        subject=details.subject, uri=details.uri, dns=details.dns, cert=details.cert, chain=details.chain
    )
