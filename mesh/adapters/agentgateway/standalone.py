"""agentgateway without its controller: one YAML file, whose fields have other names than the policies'.

On Kubernetes the file is in a ConfigMap, for a Deployment of your own.
"""

from typing import Any, Final

from mesh.adapters.base import Generated
from mesh.adapters.common.gatewayapi import XFCC
from mesh.adapters.writing import Path, write_commented
from mesh.durations import format_duration
from mesh.intent import Intent

FILE: Final = "config.yaml"
"""The key in the ConfigMap."""

CERTIFICATES: Final = "/etc/agentgateway/tls"
"""Where certificate, key and the agents' authority are in the proxy's container."""


def standalone(intent: Intent, keepalive: dict[str, Any], identity: str) -> Generated:
    """The file for an intent, in a ConfigMap; `identity` is CEL for the identity header."""
    own = intent.gateway_of("agentgateway")
    keepalives = {"enabled": True, **keepalive}
    frontend: dict[str, Any] = {"tcp": {"keepalives": keepalives}}
    if intent.keepalive.ping:
        frontend["http"] = {
            "http2KeepaliveInterval": format_duration(intent.keepalive.ping),
            "http2KeepaliveTimeout": format_duration(intent.keepalive.ping_timeout),
        }
    tls = {
        each: f"{CERTIFICATES}/{file}" for each, file in (("cert", "tls.crt"), ("key", "tls.key"), ("root", "ca.crt"))
    }
    host = f"{intent.principal.host}:{intent.principal.service_port}"
    content = {
        "config": {"backend": {"keepalives": keepalives}},
        "frontendPolicies": frontend,
        "gateways": {"agents": {"port": own.port, "protocol": "HTTPS", "tls": tls}},
        "routes": [
            {
                "name": "principal",
                "gateways": "agents",
                "policies": {"transformations": {"request": {"set": {XFCC: identity}}}},
                "backends": [{"host": host}],
            }
        ],
    }
    comments: dict[Path, str] = {
        ("frontendPolicies", "tcp", "keepalives"): "`keepalives` here, `keepalive` in an AgentgatewayPolicy; a "
        "misspelt field is refused.",
    }
    data = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{own.name}-standalone", "namespace": own.namespace},
        "data": {FILE: write_commented(content, comments)},
    }
    return Generated(data, {(): "For a proxy that runs without the controller; leave it out otherwise."})
