"""The two bootstraps of a lab: the principal's sidecar, which lets agents in, and an agent's, which leads out.

Both are the mesh's shape in small: plaintext on loopback between an application and its own sidecar, mTLS with names
checked on both sides between the sidecars.
"""

from dataclasses import dataclass
from pathlib import Path

from mesh.lab import blocks, http_blocks, tls_blocks
from mesh.lab.config import Flavour, LabConfig, Workload, XfccMode, linkerd_suffix
from mesh.lab.messages import bootstrap_v3, listener_v3, protobuf, tls_inspector_v3, tls_v3

INBOUND = "inbound"
"""Prefix of the principal's sidecar's statistics: `http.inbound.…`, `listener.inbound.…`, `cluster.inbound.…`."""

OUTBOUND = "outbound"
"""Prefix of an agent's sidecar's statistics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one sidecar's files lie and which ports it takes."""

    secret: Path
    """Its certificate and key, as Envoy reads them."""
    trust: Path
    """The root certificates it believes."""
    access_log: Path
    admin_port: int
    port: int
    """Where it listens for its agent, or for other sidecars."""


def inbound(config: LabConfig, place: Place) -> bootstrap_v3.Bootstrap:
    """The principal's sidecar: mTLS in, plaintext out to the principal."""
    name = f"inbound|{config.principal_port}||"
    transport = tls_blocks.server_side(
        secret=place.secret,
        trust=place.trust,
        peers=_clients(config) if config.match_clients else [],
        require_client_certificate=config.require_client_certificate,
        alpn=_alpn(config),
    )
    mtls = listener_v3.FilterChain(
        filter_chain_match=listener_v3.FilterChainMatch(transport_protocol="tls") if config.permissive else None,
        filters=[_inbound_filter(config, place, cluster=name)],
        transport_socket=transport,
    )
    plaintext = listener_v3.FilterChain(
        filter_chain_match=listener_v3.FilterChainMatch(transport_protocol="raw_buffer"),
        filters=[_inbound_filter(config, place, cluster=name)],
    )
    return blocks.bootstrap(
        node=config.principal.name,
        admin_port=place.admin_port,
        listeners=[
            blocks.listener(
                name=INBOUND,
                port=place.port,
                chains=[mtls, plaintext] if config.permissive else [mtls],
                timers=config.inbound,
                listener_filters=[_first_bytes()] if config.permissive else [],
            )
        ],
        clusters=[
            blocks.cluster(
                name=name,
                stat_name=INBOUND,
                port=config.principal_port,
                timers=config.inbound,
                http2=not config.opaque,
            )
        ],
    )


def outbound(
    config: LabConfig, place: Place, workload: Workload, *, principal_sidecar_port: int
) -> bootstrap_v3.Bootstrap:
    """An agent's sidecar: plaintext HTTP/2 in from the agent, mTLS out to the principal's sidecar."""
    timers = workload.timers or config.outbound
    host = f"{config.principal.name}.{config.principal.namespace or config.namespace}.svc.{config.trust_domain}"
    name = f"outbound|{config.principal_port}||{host}"
    if config.opaque:
        leading_out = http_blocks.tcp_filter(prefix=OUTBOUND, cluster=name, timers=timers, log=place.access_log)
    else:
        leading_out = http_blocks.http_filter(
            prefix=OUTBOUND,
            cluster=name,
            timers=timers,
            xfcc=_outbound_xfcc(config, workload),
            log=place.access_log,
        )
    transport = tls_blocks.client_side(
        secret=place.secret,
        trust=place.trust,
        peers=_server(config) if config.pin_server else [],
        sni=host,
        alpn=_alpn(config),
    )
    return blocks.bootstrap(
        node=workload.name,
        admin_port=place.admin_port,
        listeners=[
            blocks.listener(
                name=OUTBOUND, port=place.port, chains=[listener_v3.FilterChain(filters=[leading_out])], timers=timers
            )
        ],
        clusters=[
            blocks.cluster(
                name=name,
                stat_name=OUTBOUND,
                port=principal_sidecar_port,
                timers=timers,
                transport=transport,
                http2=not config.opaque,
            )
        ],
    )


def _inbound_filter(config: LabConfig, place: Place, *, cluster: str) -> listener_v3.Filter:
    """What the principal's sidecar does with the bytes or requests that were let in."""
    if config.opaque:
        return http_blocks.tcp_filter(prefix=INBOUND, cluster=cluster, timers=config.inbound, log=place.access_log)
    linkerd = config.flavour is Flavour.LINKERD
    return http_blocks.http_filter(
        prefix=INBOUND,
        cluster=cluster,
        timers=config.inbound,
        xfcc=XfccMode.ALWAYS_FORWARD_ONLY if linkerd else config.xfcc_mode,
        details=None if linkerd else config.details,
        client_id=linkerd,
        log=place.access_log,
    )


def _first_bytes() -> listener_v3.ListenerFilter:
    """Tells TLS from plaintext by the first bytes, so that one port can take both (Istio's PERMISSIVE)."""
    return listener_v3.ListenerFilter(
        name="envoy.filters.listener.tls_inspector", typed_config=protobuf.Any.pack(tls_inspector_v3.TlsInspector())
    )


def _outbound_xfcc(config: LabConfig, workload: Workload) -> XfccMode:
    """Linkerd's outbound proxy does not know the header and lets it pass."""
    if config.flavour is Flavour.LINKERD:
        return XfccMode.ALWAYS_FORWARD_ONLY
    return workload.forward_client_cert


def _clients(config: LabConfig) -> list[tls_v3.SubjectAltNameMatcher]:
    """Anybody of a trust domain that the principal's sidecar believes."""
    if config.flavour is Flavour.LINKERD:
        return [tls_blocks.dns_ends_with(linkerd_suffix(domain)) for domain in config.believed_domains()]
    return [tls_blocks.uri_starts_with(f"spiffe://{domain}/") for domain in config.believed_domains()]


def _server(config: LabConfig) -> list[tls_v3.SubjectAltNameMatcher]:
    """The principal, by every name its certificate should carry in this flavour."""
    if config.flavour is Flavour.LINKERD:
        return [tls_blocks.dns_is(config.linkerd_name(config.principal))]
    return [tls_blocks.uri_is(config.spiffe_id(config.principal))]


def _alpn(config: LabConfig) -> tuple[str, ...]:
    """HTTP/2 where HTTP is read; nothing is promised about opaque bytes."""
    return () if config.opaque else ("h2",)
