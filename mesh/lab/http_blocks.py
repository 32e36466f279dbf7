"""The HTTP side of a sidecar: connection manager, timers, its one route, and what happens to identity headers."""

from pathlib import Path

from mesh.lab import blocks
from mesh.lab.config import XfccDetails, XfccMode
from mesh.lab.messages import core_v3, hcm_v3, listener_v3, protobuf, route_v3, router_v3, tcp_proxy_v3
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
) -> listener_v3.Filter:
    """A connection manager that sends every request to `cluster`; statistics `http.<prefix>.…`.

    `details` is what to write of the client's certificate in the modes that write. With `client_id` it also does what
    Linkerd's inbound proxy does: removes `l5d-client-id`, then writes the certificate's DNS SAN into it.
    """
    manager = hcm_v3.HttpConnectionManager(
        stat_prefix=prefix,
        http_filters=[
            hcm_v3.HttpFilter(name="envoy.filters.http.router", typed_config=protobuf.Any.pack(router_v3.Router()))
        ],
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
        forward_client_cert_details=hcm_v3.HttpConnectionManagerForwardClientCertDetails[xfcc.name],
        set_current_client_cert_details=_details(details),
        access_log=[blocks.access_log(log)],
    )
    return blocks.network_filter("http_connection_manager", manager)


def tcp_filter(*, prefix: str, cluster: str, timers: Timers, log: Path) -> listener_v3.Filter:
    """Bytes in, bytes out, no header read or written; statistics `tcp.<prefix>.…`."""
    proxy = tcp_proxy_v3.TcpProxy(
        stat_prefix=prefix,
        cluster=cluster,
        idle_timeout=blocks.seconds(timers.tcp_idle),
        max_downstream_connection_duration=blocks.seconds(timers.tcp_max_connection_duration),
        access_log=[blocks.access_log(log)],
    )
    return blocks.network_filter("tcp_proxy", proxy)


def _routes(*, prefix: str, cluster: str, timers: Timers, client_id: bool) -> route_v3.RouteConfiguration:
    """Everything to one cluster. Envoy removes headers before it adds any, at the same level of its routes."""
    host = route_v3.VirtualHost(
        name=prefix,
        domains=["*"],
        routes=[route_v3.Route(match=route_v3.RouteMatch(prefix="/"), route=_action(cluster, timers))],
        request_headers_to_remove=[L5D_CLIENT_ID] if client_id else [],
        request_headers_to_add=[_peer_name()] if client_id else [],
    )
    return route_v3.RouteConfiguration(name=prefix, virtual_hosts=[host])


def _peer_name() -> core_v3.HeaderValueOption:
    """`l5d-client-id` from the client's certificate. Without a DNS SAN the value is empty and Envoy adds nothing."""
    return core_v3.HeaderValueOption(
        header=core_v3.HeaderValue(key=L5D_CLIENT_ID, value="%DOWNSTREAM_PEER_DNS_SAN%"),
        append_action=core_v3.HeaderValueOptionHeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    )


def _action(cluster: str, timers: Timers) -> route_v3.RouteAction:
    """Where requests go, and the route's own timers."""
    longest = timers.route_max_stream_duration
    return route_v3.RouteAction(
        cluster=cluster,
        timeout=blocks.seconds(timers.route),
        idle_timeout=blocks.seconds(timers.route_idle),
        retry_policy=_retries(timers),
        max_stream_duration=None
        if longest is None
        else route_v3.RouteActionMaxStreamDuration(max_stream_duration=blocks.seconds(longest)),
    )


def _retries(timers: Timers) -> route_v3.RetryPolicy | None:
    """A retry policy only where a per-try timer needs one to live in."""
    if timers.per_try is None and timers.per_try_idle is None:
        return None
    return route_v3.RetryPolicy(
        retry_on="connect-failure,refused-stream",
        num_retries=RETRIES,
        per_try_timeout=blocks.seconds(timers.per_try),
        per_try_idle_timeout=blocks.seconds(timers.per_try_idle),
    )


def _details(details: XfccDetails | None) -> hcm_v3.HttpConnectionManagerSetCurrentClientCertDetails | None:
    """Which facts of the certificate go into the header."""
    if details is None:
        return None
    return hcm_v3.HttpConnectionManagerSetCurrentClientCertDetails(
        subject=details.subject, uri=details.uri, dns=details.dns, cert=details.cert, chain=details.chain
    )
