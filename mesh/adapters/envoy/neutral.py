"""Generated parts of Envoy's bootstraps, and of what is beside them, that may be changed without a finding."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.base import Change, Neutral

_CHANGED: Final[frozenset[Change]] = frozenset({"change"})
_DELETED: Final[frozenset[Change]] = frozenset({"delete"})
_BOTH: Final[frozenset[Change]] = frozenset({"change", "delete"})

_LISTENER: Final = ("static_resources", "listeners", "*")
_CHAIN: Final = (*_LISTENER, "filter_chains", "*")
_FILTER: Final = (*_CHAIN, "filters", "*")
_MANAGER: Final = (*_FILTER, "typed_config")
_ROUTES: Final = (*_MANAGER, "route_config")
_CLUSTER: Final = ("static_resources", "clusters", "*")
_TLS: Final = ("transport_socket", "typed_config", "common_tls_context")
_UPSTREAM: Final = (
    *_CLUSTER,
    "typed_extension_protocol_options",
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
)

_STATISTICS: Final = "it only names statistics and logs"
_BY_TYPE: Final = "Envoy goes by the type of typed_config"
_LOGGED: Final = "what is logged, and where to, is the user's own matter"
_PLACE: Final = "where a file lies is the machine's own matter"

BOOTSTRAP: Final[tuple[tuple[tuple[str, ...], frozenset[Change], str], ...]] = (
    (("node", "id"), _CHANGED, _STATISTICS),
    (("node", "cluster"), _CHANGED, _STATISTICS),
    ((*_LISTENER, "name"), _BOTH, _STATISTICS),
    ((*_LISTENER, "stat_prefix"), _BOTH, _STATISTICS),
    ((*_MANAGER, "stat_prefix"), _CHANGED, _STATISTICS),
    ((*_ROUTES, "name"), _BOTH, _STATISTICS),
    ((*_ROUTES, "virtual_hosts", "*", "name"), _CHANGED, _STATISTICS),
    ((*_FILTER, "name"), _CHANGED, _BY_TYPE),
    ((*_MANAGER, "http_filters", "*", "name"), _CHANGED, _BY_TYPE),
    ((*_CHAIN, "transport_socket", "name"), _CHANGED, _BY_TYPE),
    ((*_CLUSTER, "transport_socket", "name"), _CHANGED, _BY_TYPE),
    ((*_MANAGER, "access_log", "*", "name"), _BOTH, _BY_TYPE),
    ((*_MANAGER, "access_log", "*", "typed_config", "@type"), _CHANGED, _LOGGED),
    ((*_MANAGER, "access_log", "*", "typed_config", "path"), _CHANGED, _LOGGED),
    ((*_MANAGER, "access_log", "*", "typed_config", "log_format", "**"), _BOTH, _LOGGED),
    (
        (*_MANAGER, "set_current_client_cert_details", "subject"),
        _BOTH,
        "a subject beside the SPIFFE ID changes nothing: only the ID is looked at",
    ),
    ((*_MANAGER, "common_http_protocol_options", "idle_timeout"), _DELETED, "without it 1h holds"),
    ((*_UPSTREAM, "common_http_protocol_options", "idle_timeout"), _DELETED, "without it 1h holds"),
    ((*_CLUSTER, "load_assignment", "cluster_name"), _CHANGED, "an endpoint's assignment is part of its cluster"),
    ((*_CLUSTER, "type"), _DELETED, "without it STATIC holds, which an address needs"),
    ((*_CLUSTER, "dns_lookup_family"), _DELETED, "which addresses a name has, and where somebody listens, is not said"),
    ((*_CLUSTER, "transport_socket", "typed_config", "sni"), _BOTH, "who answers is told by its certificate"),
    ((*_CLUSTER, "circuit_breakers", "thresholds", "*", "max_retries"), _BOTH, "agents try again by themselves"),
    (
        ("admin", "address", "socket_address", "port_value"),
        _CHANGED,
        "any port of loopback will do",
    ),
)
"""Paths in a bootstrap, what may be done there, and why."""

FILES: Final = (
    ("tls_certificate_sds_secret_configs", "*", "sds_config", "path_config_source", "path"),
    ("validation_context", "trusted_ca", "filename"),
)
"""Paths of files, within a TLS context."""


def _entries() -> Iterator[Neutral]:
    for path, changes, reason in BOOTSTRAP:
        yield Neutral(kind="", path=path, reason=reason, changes=changes)
    for above in (_CHAIN, _CLUSTER):
        for file in FILES:
            yield Neutral(kind="", path=(*above, *_TLS, *file), reason=_PLACE, changes=_CHANGED)
    pair = ("resources", "*", "tls_certificate")
    for part in (("certificate_chain", "filename"), ("private_key", "filename"), ("watched_directory", "path")):
        yield Neutral(kind="", path=(*pair, *part), reason=_PLACE, changes=_CHANGED)
    for name in ("name", "namespace"):
        reason = "the settings are read as a file, by --config; nothing refers to them by their name"
        yield Neutral(kind="ConfigMap", path=("metadata", name), reason=reason, changes=_CHANGED)


NEUTRAL: Final[tuple[Neutral, ...]] = tuple(_entries())
"""All of them."""
