"""The fields of agentgateway's configuration without a controller, as far as connections depend on them.

Of release 1.4. An unknown field makes the proxy refuse the whole file, so that a misspelt one ends more than itself.
"""

from collections.abc import Mapping
from typing import Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SECTIONS: Final = _names(
    "config binds frontendPolicies policies workloads services backends routeGroups gateways routes tcpRoutes llm "
    "mcp ui"
)
"""At the top."""

CONFIG: Final = _names(
    "additionalTrustDomains adminAddr backend caAddress caAuthToken clusterId connectionMinTerminationDeadline "
    "connectionTerminationDeadline customFunctions database dns enableIpv6 gateway hbone histograms localXdsPath "
    "logging mcp metrics modelCatalog namespace network readinessAddr sensitiveHeaders serviceAccount session "
    "skipValidateTrustDomain spiffe standardAttributes statsAddr storage tracing trustDomain workerThreads "
    "xdsAddress xdsAuthToken"
)

FRONTEND: Final = _names(
    "accessLog connect http logging networkAuthorization networkExtAuthz proxy proxyProtocol tcp tls tracing"
)

HTTP: Final = _names(
    "http1HeaderCase http1IdleTimeout http1MaxHeaders http2ConnectionWindowSize http2FrameSize "
    "http2KeepaliveInterval http2KeepaliveTimeout http2MaxHeaderSize http2WindowSize maxBufferSize "
    "maxConnectionDuration"
)

TLS: Final = _names(
    "cert cipherSuites key keyExchangeGroups maxTLSVersion maxTlsVersion minTLSVersion minTlsVersion mode root spiffe"
)

AUTHENTICATION: Final = _names("apiKey authorization basicAuth cors extAuthz extProc jwtAuth oidc")

TRAFFIC: Final = _names(
    "a2a ai apiKey authorization backendAuth backendTLS backendTunnel basicAuth buffer cors csrf delay "
    "directResponse extAuthz extProc jwtAuth localRateLimit mcpAuthentication mcpAuthorization mcpGuardrails oidc "
    "remoteRateLimit requestHeaderModifier requestMirror requestRedirect responseHeaderModifier retry timeout "
    "transformations urlRewrite"
)
"""Policies of a route."""

BACKEND: Final = _names(
    "a2a ai authorization backendAuth backendTLS backendTunnel extAuthz health http inferenceRouting "
    "mcpAuthorization mcpGuardrails requestHeaderModifier requestRedirect responseHeaderModifier sessionAffinity "
    "tcp transformations"
)
"""Policies of a backend."""

KEEPALIVES: Final = frozenset({"enabled", "time", "interval", "retries"})
TIMEOUT: Final = frozenset({"requestTimeout", "backendRequestTimeout"})
ROUTE: Final = _names("backends hostnames matches name namespace policies ruleName")

_LISTENER: Final = ("binds", "*", "listeners", "*")
_ROUTES: Final = (("routes", "*"), (*_LISTENER, "routes", "*"))
_BACKENDS: Final = (("backends", "*", "policies"), *((*each, "backends", "*", "policies") for each in _ROUTES))

KNOWN: Final[Mapping[tuple[str, ...], frozenset[str]]] = {
    (): SECTIONS,
    ("config",): CONFIG,
    ("config", "backend"): frozenset({"connectTimeout", "keepalives", "poolIdleTimeout", "poolMaxSize"}),
    ("config", "backend", "keepalives"): KEEPALIVES,
    ("frontendPolicies",): FRONTEND,
    ("frontendPolicies", "tcp"): frozenset({"keepalives"}),
    ("frontendPolicies", "tcp", "keepalives"): KEEPALIVES,
    ("frontendPolicies", "http"): HTTP,
    ("gateways", "*"): AUTHENTICATION | {"listeners", "port", "protocol", "tls", "transformations"},
    ("gateways", "*", "tls"): TLS,
    ("gateways", "*", "listeners", "*"): AUTHENTICATION | {"hostname", "name", "protocol", "tls", "transformations"},
    ("binds", "*"): frozenset({"listeners", "mode", "port", "tunnelProtocol"}),
    _LISTENER: frozenset({"hostname", "name", "namespace", "policies", "protocol", "routes", "tcpRoutes", "tls"}),
    (*_LISTENER, "tls"): TLS,
    **{each: ROUTE | {"gateways"} if len(each) == 2 else ROUTE for each in _ROUTES},
    **{(*each, "policies"): TRAFFIC for each in _ROUTES},
    **{(*each, "policies", "timeout"): TIMEOUT for each in _ROUTES},
    **dict.fromkeys(_BACKENDS, BACKEND),
    **{(*each, "tcp"): frozenset({"connectTimeout", "keepalives"}) for each in _BACKENDS},
    **{(*each, "tcp", "keepalives"): KEEPALIVES for each in _BACKENDS},
    **{(*each, "http"): frozenset({"requestTimeout", "version"}) for each in _BACKENDS},
}
"""What may stand where; `*` is any member of a list or a mapping."""
