"""agentgateway without its controller: one YAML file, whose fields have other names than the policies'.

On Kubernetes the file is in a ConfigMap, for a Deployment of your own.
"""

from collections.abc import Iterator
from typing import Any, Final

from mesh.adapters.base import Generated
from mesh.adapters.common.gatewayapi import XFCC
from mesh.adapters.writing import Path, write_commented
from mesh.bundle import Bundle, Field
from mesh.durations import format_duration
from mesh.foreign import STANDALONE, is_standalone
from mesh.intent import Intent
from mesh.manifests import Manifest, read_documents

FILE: Final = "config.yaml"
"""The key in the ConfigMap."""

SECTIONS: Final = frozenset(
    {
        "config",
        "binds",
        "frontendPolicies",
        "policies",
        "workloads",
        "services",
        "backends",
        "routeGroups",
        "gateways",
        "routes",
        "tcpRoutes",
        "llm",
        "mcp",
        "ui",
    }
)
"""The file's top-level fields; no others are taken."""

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


def files(bundle: Bundle) -> Iterator[tuple[Field, Field]]:
    """Every such file: its content, and the place to which findings belong.

    In a document of its own both are the same; in a ConfigMap the place is the ConfigMap's key.
    """
    for item in bundle.items:
        if is_standalone(item.root.mapping):
            yield item.root, item.root
    for item in bundle.of("", "ConfigMap"):
        for _, place in item.at("data").entries():
            if place.text is None or not any(f"{each}:" in place.text for each in STANDALONE):
                continue
            documents, _ = read_documents(place.text, item.document.source)
            for document in documents[:1]:
                yield _root(document), place


def _root(document: Manifest) -> Field:
    return Field.root(document)
