"""mTLS between sidecars: certificates from files that may change while Envoy runs, and whom each side lets in.

A workload's certificate and key reach Envoy as a *secret file*, a discovery response on disk that Envoy watches and
reads again when another file is renamed onto it: a rotation needs no restart, as in a mesh with a secret discovery
service.
"""

from collections.abc import Iterable
from pathlib import Path

from envoy_data_plane.envoy.config.core.v3 import ConfigSource, DataSource, PathConfigSource, TransportSocket
from envoy_data_plane.envoy.extensions.transport_sockets.tls.v3 import (
    CertificateValidationContext,
    CommonTlsContext,
    DownstreamTlsContext,
    SdsSecretConfig,
    Secret,
    SubjectAltNameMatcher,
    SubjectAltNameMatcherSanType,
    TlsCertificate,
    UpstreamTlsContext,
)
from envoy_data_plane.envoy.service.discovery.v3 import DiscoveryResponse
from envoy_data_plane.envoy.type.matcher.v3 import StringMatcher
from envoy_data_plane.google.protobuf import Any

SVID = "svid"
"""The name of the one secret a sidecar has; its statistics are `sds.svid.…`."""

TLS_SOCKET = "envoy.transport_sockets.tls"


def secret_file(*, certificate: bytes, key: bytes) -> str:
    """The text of a secret file: certificate and private key in one, so that they can never be read out of step."""
    pair = TlsCertificate(
        certificate_chain=DataSource(inline_string=certificate.decode("ascii")),
        private_key=DataSource(inline_string=key.decode("ascii")),
    )
    response = DiscoveryResponse(resources=[Any.pack(Secret(name=SVID, tls_certificate=pair))])
    return response.to_json()


def uri_is(name: str) -> SubjectAltNameMatcher:
    """Exactly this URI SAN."""
    return _matcher(SubjectAltNameMatcherSanType.URI, StringMatcher(exact=name))


def uri_starts_with(prefix: str) -> SubjectAltNameMatcher:
    """Any URI SAN that begins so."""
    return _matcher(SubjectAltNameMatcherSanType.URI, StringMatcher(prefix=prefix))


def dns_is(name: str) -> SubjectAltNameMatcher:
    """Exactly this DNS SAN."""
    return _matcher(SubjectAltNameMatcherSanType.DNS, StringMatcher(exact=name))


def dns_ends_with(suffix: str) -> SubjectAltNameMatcher:
    """Any DNS SAN that ends so."""
    return _matcher(SubjectAltNameMatcherSanType.DNS, StringMatcher(suffix=suffix))


def server_side(
    *,
    secret: Path,
    trust: Path,
    peers: Iterable[SubjectAltNameMatcher],
    require_client_certificate: bool,
    alpn: Iterable[str] = ("h2",),
) -> TransportSocket:
    """TLS towards whoever connects. A certificate that is shown is verified even where none is required."""
    context = DownstreamTlsContext(
        common_tls_context=_common(secret=secret, trust=trust, peers=peers, alpn=alpn),
        require_client_certificate=require_client_certificate,
    )
    return TransportSocket(name=TLS_SOCKET, typed_config=Any.pack(context))


def client_side(
    *, secret: Path, trust: Path, peers: Iterable[SubjectAltNameMatcher], sni: str, alpn: Iterable[str] = ("h2",)
) -> TransportSocket:
    """TLS towards the endpoint of a cluster."""
    context = UpstreamTlsContext(
        common_tls_context=_common(secret=secret, trust=trust, peers=peers, alpn=alpn), sni=sni
    )
    return TransportSocket(name=TLS_SOCKET, typed_config=Any.pack(context))


def _common(
    *, secret: Path, trust: Path, peers: Iterable[SubjectAltNameMatcher], alpn: Iterable[str]
) -> CommonTlsContext:
    """Who we are, whom we believe, what we speak."""
    source = ConfigSource(path_config_source=PathConfigSource(path=str(secret)))
    return CommonTlsContext(
        tls_certificate_sds_secret_configs=[SdsSecretConfig(name=SVID, sds_config=source)],
        validation_context=CertificateValidationContext(
            trusted_ca=DataSource(filename=str(trust)), match_typed_subject_alt_names=list(peers)
        ),
        alpn_protocols=list(alpn),
    )


def _matcher(kind: SubjectAltNameMatcherSanType, text: StringMatcher) -> SubjectAltNameMatcher:
    return SubjectAltNameMatcher(san_type=kind, matcher=text)
