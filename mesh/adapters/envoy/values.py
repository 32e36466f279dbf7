"""Values that Envoy refuses at start: durations without `s`, numbers out of range, words that it does not know.

Only fields that matter here are looked at, by the table below; Envoy itself is the judge of the whole
(`envoy --mode validate`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mesh.adapters.envoy.bootstraps import Bootstrap, Chain, Cluster
from mesh.adapters.envoy.facts import FILE_LOG, MAX_STREAMS, MAX_UINT32, MODES, STATES, TYPE, TYPES, UPSTREAM_HTTP
from mesh.adapters.envoy.fields import get, is_of, items, label, ns, number, word
from mesh.bundle import Field
from mesh.findings import Finding, Level
from mesh.world import World

DURATION: Final = "seconds with an s, such as 300s or 0.5s"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value."""

    accepted: str
    fits: Callable[[Field], bool]


def whole(least: int, most: int) -> Kind:
    """A whole number."""
    return Kind(
        f"a whole number from {least} to {most}",
        lambda at: (value := number(at)) is not None and least <= value <= most,
    )


def one_of(words: tuple[str, ...]) -> Kind:
    """One of a few words."""
    return Kind(", ".join(words), lambda at: word(at, words) is not None)


TIME: Final = Kind(DURATION, lambda at: (value := ns(at)) is not None and value >= 0)
POSITIVE: Final = Kind(f"{DURATION}, and more than 0s", lambda at: (ns(at) or 0) > 0)
SWITCH: Final = Kind("true or false", lambda at: at.boolean is not None)
COUNT: Final = whole(0, MAX_UINT32)
PORT: Final = whole(1, 65_535)
STREAMS: Final = whole(1, MAX_STREAMS)

HTTP: Final[Mapping[tuple[str, ...], Kind]] = {
    ("common_http_protocol_options", "idle_timeout"): TIME,
    ("common_http_protocol_options", "max_connection_duration"): TIME,
    ("common_http_protocol_options", "max_stream_duration"): TIME,
}
"""What connection managers and clusters share."""

HTTP2: Final[Mapping[tuple[str, ...], Kind]] = {
    ("max_concurrent_streams",): STREAMS,
    ("connection_keepalive", "interval"): TIME,
    ("connection_keepalive", "timeout"): POSITIVE,
}

MANAGER: Final[Mapping[tuple[str, ...], Kind]] = {
    **HTTP,
    ("stream_idle_timeout",): TIME,
    ("request_timeout",): TIME,
    ("request_headers_timeout",): TIME,
    ("drain_timeout",): TIME,
    ("forward_client_cert_details",): one_of(MODES),
    ("set_current_client_cert_details", "uri"): SWITCH,
    ("set_current_client_cert_details", "subject"): SWITCH,
}

ROUTE: Final[Mapping[tuple[str, ...], Kind]] = {
    ("route", "timeout"): TIME,
    ("route", "idle_timeout"): TIME,
    ("route", "max_stream_duration", "max_stream_duration"): TIME,
    ("route", "max_stream_duration", "grpc_timeout_header_max"): TIME,
}

CLUSTER: Final[Mapping[tuple[str, ...], Kind]] = {
    ("connect_timeout",): POSITIVE,
    ("type",): one_of(("STATIC", "STRICT_DNS", "LOGICAL_DNS", "EDS", "ORIGINAL_DST")),
    ("dns_lookup_family",): one_of(("AUTO", "V4_ONLY", "V6_ONLY", "V4_PREFERRED", "ALL")),
}

THRESHOLDS: Final = ("max_connections", "max_pending_requests", "max_requests", "max_retries")

TLS: Final[Mapping[tuple[str, ...], Kind]] = {("require_client_certificate",): SWITCH}


def refused(_: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1302: values that Envoy refuses."""
    yield from _node(bootstrap)
    for steps in (("static_resources",), ("admin",), ("node",)):
        at = get(bootstrap.root, *steps)
        if at.exists and not isinstance(at.value, Mapping):
            yield at.finding("MT1302", f"{label(at)} is {at.shown}; accepted: a mapping.")
    admin = get(bootstrap.root, "admin", "address")
    if admin.exists:
        yield from _address(admin)
    for chain in bootstrap.chains:
        yield from _chain(chain)
    for cluster in bootstrap.clusters:
        yield from _cluster(cluster)


def _node(bootstrap: Bootstrap) -> Iterator[Finding]:
    """Who looks up secrets must have a name, from here or from the command line."""
    looked_up = [get(each, "common_tls_context", "tls_certificate_sds_secret_configs") for each in bootstrap.contexts]
    if not any(each.exists for each in looked_up):
        return
    for name, flag in (("id", "--service-node"), ("cluster", "--service-cluster")):
        at = get(bootstrap.root, "node", name)
        if not at.text:
            message = f"node.{name} is {at.shown}: an Envoy that looks up its certificate needs it, or {flag}."
            yield at.finding("MT1302", message, level=Level.WARNING)


def _chain(chain: Chain) -> Iterator[Finding]:
    yield from _address(get(chain.listener, "address"))
    for option in items(chain.listener, "socket_options"):
        yield from _table(option, {("state",): one_of(STATES)})
        for name in ("level", "name", "int_value"):
            yield from _required(option, name, whole(-(2**63), 2**63 - 1))
    for each in items(chain.field, "filters"):
        yield from _extension(each)
    yield from _socket(get(chain.field, "transport_socket"))
    if chain.tls is not None:
        yield from _table(chain.tls, TLS)
    if chain.manager is not None:
        yield from _managed(chain.manager)
    for route in chain.routes:
        yield from _table(route, ROUTE)


def _managed(manager: Field) -> Iterator[Finding]:
    yield from _table(manager, MANAGER)
    yield from _http2(get(manager, "http2_protocol_options"))
    yield from _required(manager, "stat_prefix")
    for each in items(manager, "http_filters"):
        yield from _extension(each)
    for each in items(manager, "route_config", "virtual_hosts"):
        yield from _required(each, "name")
    for each in items(manager, "access_log"):
        config = get(each, "typed_config")
        yield from _required(config, TYPE)
        if is_of(config, FILE_LOG):
            yield from _required(config, "path")


def _extension(field: Field) -> Iterator[Finding]:
    """What has a name, and a configuration with a type."""
    yield from _required(field, "name")
    if get(field, "typed_config").exists:
        yield from _required(get(field, "typed_config"), TYPE)


def _socket(field: Field) -> Iterator[Finding]:
    if field.exists:
        yield from _extension(field)


def _cluster(cluster: Cluster) -> Iterator[Finding]:
    yield from _table(cluster.field, CLUSTER)
    yield from _table(cluster.options, HTTP)
    yield from _socket(get(cluster.field, "transport_socket"))
    if cluster.options.exists and not is_of(cluster.options, UPSTREAM_HTTP):
        at = cluster.options.at(TYPE)
        yield at.finding("MT1302", f"@type is {at.shown} there; accepted: {TYPES}{UPSTREAM_HTTP}.")
    yield from _http2(cluster.http2)
    for threshold in items(cluster.field, "circuit_breakers", "thresholds"):
        yield from _table(threshold, {(name,): COUNT for name in THRESHOLDS})
    for address in cluster.endpoints:
        yield from _address(address)
    if get(cluster.field, "load_assignment").exists:
        yield from _required(get(cluster.field, "load_assignment"), "cluster_name")


def _http2(options: Field) -> Iterator[Finding]:
    yield from _table(options, HTTP2)
    pings = get(options, "connection_keepalive")
    if pings.exists and not get(pings, "timeout").exists:
        yield pings.finding("MT1302", f"{label(pings)} has no timeout, which Envoy requires.")


def _address(address: Field) -> Iterator[Finding]:
    socket = get(address, "socket_address")
    if get(address, "pipe").exists or get(address, "envoy_internal_address").exists:
        return
    if not get(socket, "address").text:
        at = get(socket, "address")
        yield at.finding("MT1302", f"The address of {socket.name} is {at.shown}; Envoy requires one.")
    if not get(socket, "named_port").exists:
        yield from _required(socket, "port_value", PORT)


def _table(field: Field, table: Mapping[tuple[str, ...], Kind]) -> Iterator[Finding]:
    for steps, kind in table.items():
        at = get(field, *steps)
        if at.exists and not kind.fits(at):
            yield _refusal(at, kind)


def _required(field: Field, name: str, kind: Kind | None = None) -> Iterator[Finding]:
    at = get(field, name)
    if kind is None and not at.text:
        yield at.finding("MT1302", f"{label(at)} is {at.shown}, and Envoy requires a text.")
    if kind is not None and not kind.fits(at):
        yield _refusal(at, kind)


def _refusal(at: Field, kind: Kind) -> Finding:
    return at.finding("MT1302", f"{label(at)} is {at.shown}; accepted: {kind.accepted}.")
