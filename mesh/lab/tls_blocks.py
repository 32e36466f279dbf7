"""mTLS between sidecars: certificates from files that may change while Envoy runs, and whom each side lets in.

A workload's certificate and key reach Envoy as a *secret file*, a discovery response on disk that Envoy watches and
reads again when another file is renamed onto it: a rotation needs no restart, as in a mesh with a secret discovery
service.
"""

from collections.abc import Iterable
from pathlib import Path

from mesh.lab.messages import core_v3, discovery_v3, matcher_v3, protobuf, tls_v3

SVID = "svid"
"""The name of the one secret a sidecar has; its statistics are `sds.svid.…`."""

TLS_SOCKET = "envoy.transport_sockets.tls"


def secret_file(*, certificate: bytes, key: bytes) -> str:
    """The text of a secret file: certificate and private key in one, so that they can never be read out of step."""
    pair = tls_v3.TlsCertificate(
        certificate_chain=core_v3.DataSource(inline_string=certificate.decode("ascii")),
        private_key=core_v3.DataSource(inline_string=key.decode("ascii")),
    )
    secret = protobuf.Any.pack(tls_v3.Secret(name=SVID, tls_certificate=pair))
    return discovery_v3.DiscoveryResponse(resources=[secret]).to_json()


def uri_is(name: str) -> tls_v3.SubjectAltNameMatcher:
    """Exactly this URI SAN."""
    return _matcher(tls_v3.SubjectAltNameMatcherSanType.URI, matcher_v3.StringMatcher(exact=name))


def uri_starts_with(prefix: str) -> tls_v3.SubjectAltNameMatcher:
    """Any URI SAN that begins so."""
    return _matcher(tls_v3.SubjectAltNameMatcherSanType.URI, matcher_v3.StringMatcher(prefix=prefix))


def dns_is(name: str) -> tls_v3.SubjectAltNameMatcher:
    """Exactly this DNS SAN."""
    return _matcher(tls_v3.SubjectAltNameMatcherSanType.DNS, matcher_v3.StringMatcher(exact=name))


def dns_ends_with(suffix: str) -> tls_v3.SubjectAltNameMatcher:
    """Any DNS SAN that ends so."""
    return _matcher(tls_v3.SubjectAltNameMatcherSanType.DNS, matcher_v3.StringMatcher(suffix=suffix))


def server_side(
    *,
    secret: Path,
    trust: Path,
    peers: Iterable[tls_v3.SubjectAltNameMatcher],
    require_client_certificate: bool,
    alpn: Iterable[str] = ("h2",),
) -> core_v3.TransportSocket:
    """TLS towards whoever connects. A certificate that is shown is verified even where none is required."""
    context = tls_v3.DownstreamTlsContext(
        common_tls_context=_common(secret=secret, trust=trust, peers=peers, alpn=alpn),
        require_client_certificate=require_client_certificate,
    )
    return core_v3.TransportSocket(name=TLS_SOCKET, typed_config=protobuf.Any.pack(context))


def client_side(
    *, secret: Path, trust: Path, peers: Iterable[tls_v3.SubjectAltNameMatcher], sni: str, alpn: Iterable[str] = ("h2",)
) -> core_v3.TransportSocket:
    """TLS towards the endpoint of a cluster."""
    context = tls_v3.UpstreamTlsContext(
        common_tls_context=_common(secret=secret, trust=trust, peers=peers, alpn=alpn), sni=sni
    )
    return core_v3.TransportSocket(name=TLS_SOCKET, typed_config=protobuf.Any.pack(context))


def _common(
    *, secret: Path, trust: Path, peers: Iterable[tls_v3.SubjectAltNameMatcher], alpn: Iterable[str]
) -> tls_v3.CommonTlsContext:
    """Who we are, whom we believe, what we speak."""
    source = core_v3.ConfigSource(path_config_source=core_v3.PathConfigSource(path=str(secret)))
    return tls_v3.CommonTlsContext(
        tls_certificate_sds_secret_configs=[tls_v3.SdsSecretConfig(name=SVID, sds_config=source)],
        validation_context=tls_v3.CertificateValidationContext(
            trusted_ca=core_v3.DataSource(filename=str(trust)), match_typed_subject_alt_names=list(peers)
        ),
        alpn_protocols=list(alpn),
    )


def _matcher(kind: tls_v3.SubjectAltNameMatcherSanType, text: matcher_v3.StringMatcher) -> tls_v3.SubjectAltNameMatcher:
    return tls_v3.SubjectAltNameMatcher(san_type=kind, matcher=text)
