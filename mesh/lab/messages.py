"""Envoy's v3 API as Python classes, by package. Everything of ours that builds or reads them imports them from here.

One place, because the generated classes must be imported with care: they take half a second, and pydantic warns about
how their generator writes validators, which is nothing to whoever runs the lab (and an error under a test runner that
is strict about warnings).
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from betterproto2 import Message
    from envoy_data_plane.envoy.config.accesslog import v3 as accesslog_v3
    from envoy_data_plane.envoy.config.bootstrap import v3 as bootstrap_v3
    from envoy_data_plane.envoy.config.cluster import v3 as cluster_v3
    from envoy_data_plane.envoy.config.core import v3 as core_v3
    from envoy_data_plane.envoy.config.endpoint import v3 as endpoint_v3
    from envoy_data_plane.envoy.config.listener import v3 as listener_v3
    from envoy_data_plane.envoy.config.route import v3 as route_v3
    from envoy_data_plane.envoy.extensions.access_loggers.file import v3 as file_log_v3
    from envoy_data_plane.envoy.extensions.filters.http.router import v3 as router_v3
    from envoy_data_plane.envoy.extensions.filters.listener.tls_inspector import v3 as tls_inspector_v3
    from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager import v3 as hcm_v3
    from envoy_data_plane.envoy.extensions.filters.network.tcp_proxy import v3 as tcp_proxy_v3
    from envoy_data_plane.envoy.extensions.transport_sockets.tls import v3 as tls_v3
    from envoy_data_plane.envoy.extensions.upstreams.http import v3 as upstream_http_v3
    from envoy_data_plane.envoy.service.discovery import v3 as discovery_v3
    from envoy_data_plane.envoy.type.matcher import v3 as matcher_v3
    from envoy_data_plane.google import protobuf

__all__ = [
    "Message",
    "accesslog_v3",
    "bootstrap_v3",
    "cluster_v3",
    "core_v3",
    "discovery_v3",
    "endpoint_v3",
    "file_log_v3",
    "hcm_v3",
    "listener_v3",
    "matcher_v3",
    "protobuf",
    "route_v3",
    "router_v3",
    "tcp_proxy_v3",
    "tls_inspector_v3",
    "tls_v3",
    "upstream_http_v3",
]
