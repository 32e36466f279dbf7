"""Proxies' own files among manifests: no Kubernetes objects, and yet what verification is about. Pure.

They are told by keys that nothing else has, never by the file's name.
"""

from collections.abc import Mapping
from typing import Any, Final

BOOTSTRAP: Final = ("static_resources", "staticResources")
"""Keys of Envoy's bootstraps, in both of its spellings."""

SECRET: Final = "/envoy.extensions.transport_sockets.tls.v3.Secret"  # noqa: S105 - a type's name
"""How the type of an Envoy's secret ends."""

STANDALONE: Final = ("binds", "frontendPolicies")
"""Keys of agentgateway's own configuration that no other program's file has."""


DUMPED_BOOTSTRAP: Final = "/envoy.admin.v3.BootstrapConfigDump"
"""How the type of a bootstrap ends in what a running Envoy says of itself."""

PROXIES: Final = "gatewayProxies"
"""The key of the proxies in values of Gloo's chart."""


def is_foreign(data: Mapping[str, Any]) -> bool:
    """Whether a document is the configuration of a proxy that is looked at here."""
    return any(told(data) for told in KINDS)


def is_bootstrap(data: Mapping[str, Any]) -> bool:
    """Whether a document is a bootstrap of Envoy's."""
    return "apiVersion" not in data and any(key in data for key in BOOTSTRAP)


def is_secret_file(data: Mapping[str, Any]) -> bool:
    """Whether a document is a file in which Envoy looks up secrets."""
    resources = data.get("resources")
    return (
        "apiVersion" not in data
        and isinstance(resources, list)
        and any(isinstance(each, Mapping) and str(each.get("@type", "")).endswith(SECRET) for each in resources)
    )


def is_envoy_dump(data: Mapping[str, Any]) -> bool:
    """Whether a document is what a running Envoy says of itself (`/config_dump`)."""
    configs = data.get("configs")
    return "kind" not in data and isinstance(configs, list) and any(map(is_dumped_bootstrap, configs))


def is_dumped_bootstrap(value: Any) -> bool:
    """Whether a part of what an Envoy says is its bootstrap."""
    return isinstance(value, Mapping) and str(value.get("@type", "")).endswith(DUMPED_BOOTSTRAP)


def is_standalone(data: Mapping[str, Any]) -> bool:
    """Whether a document is the configuration of an agentgateway without its controller."""
    return "kind" not in data and any(key in data for key in STANDALONE) and not is_dump(data)


def is_dump(data: Mapping[str, Any]) -> bool:
    """Whether a document is what a running agentgateway says of itself (`/config_dump`), or one policy of that."""
    if "kind" in data:
        return False
    policies = data.get("policies")
    return is_dumped_policy(data) or (isinstance(policies, list) and any(map(is_dumped_policy, policies)))


def is_gloo_values(data: Mapping[str, Any]) -> bool:
    """Whether a document is values of Gloo's Helm chart, or of one that has it within."""
    within = data.get("gloo")
    places = (data, within if isinstance(within, Mapping) else {})
    return "kind" not in data and any(isinstance(each.get(PROXIES), Mapping) for each in places)


def is_dumped_policy(value: Any) -> bool:
    """Whether a value is a policy as agentgateway has it in memory: a key, a target and what it does."""
    return isinstance(value, Mapping) and isinstance(value.get("key"), str) and isinstance(value.get("policy"), Mapping)


KINDS: Final = (is_bootstrap, is_secret_file, is_envoy_dump, is_standalone, is_dump, is_gloo_values)
"""How each kind of file is told."""
