"""What is known of Istio's releases and objects, in one place."""

from typing import Final

from mesh.durations import HOUR, MINUTE
from mesh.intent import Version

NETWORKING: Final = "networking.istio.io"
SECURITY: Final = "security.istio.io"

SERVED: Final[dict[str, tuple[str, ...]]] = {
    "DestinationRule": ("v1", "v1beta1", "v1alpha3"),
    "Sidecar": ("v1", "v1beta1", "v1alpha3"),
    "VirtualService": ("v1", "v1beta1", "v1alpha3"),
    "EnvoyFilter": ("v1alpha3",),
    "PeerAuthentication": ("v1", "v1beta1"),
    "AuthorizationPolicy": ("v1", "v1beta1"),
}
"""API versions that istiod serves, the stored one first."""

ROOT_NAMESPACE: Final = "istio-system"
"""Whose policies hold for the whole mesh, unless meshConfig.rootNamespace says otherwise."""

HTTP2_KEEPALIVE: Final = Version(1, 31)
"""Since when a DestinationRule has http2KeepAlive (absent from the 1.30.3 CRD)."""

ENVOY_LISTENER_KEEPALIVE: Final = Version(1, 37)
"""Since when Envoy's Listener has tcp_keepalive."""

ENVOY_AHEAD: Final = 8
"""Istio 1.N ships Envoy 1.(N+8): 1.28 has 1.36, 1.29 has 1.37, 1.30 has 1.38."""

DEFAULT_HTTP_IDLE: Final = HOUR
"""Nanoseconds; Envoy's idle_timeout of HTTP connections, which holds when a DestinationRule sets none."""

EDGE_STREAM_IDLE: Final = 5 * MINUTE
"""Nanoseconds; Envoy's own stream_idle_timeout, which Istio switches off everywhere."""

INJECT: Final = "sidecar.istio.io/inject"
"""Label (and, deprecated, annotation) that asks for a sidecar."""

STATUS: Final = "sidecar.istio.io/status"
"""Annotation that the injector writes into pods that got a sidecar."""

REVISION: Final = "istio.io/rev"
INJECTION: Final = "istio-injection"
DATAPLANE: Final = "istio.io/dataplane-mode"

TRAFFIC: Final = "traffic.sidecar.istio.io/"
INTERCEPTION: Final = "sidecar.istio.io/interceptionMode"
PROXY_CONFIG: Final = "proxy.istio.io/config"

XFCC: Final = "x-forwarded-client-cert"

INBOUND_LISTENER: Final = "virtualInbound"
"""The one listener on 15006 that accepts a sidecar's inbound connections."""


def envoy_of(istio: Version) -> Version:
    """The Envoy that an Istio release ships."""
    return Version(1, istio.minor + ENVOY_AHEAD)
