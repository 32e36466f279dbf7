"""Which kinds of a live cluster the checks are about. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

KINDS: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset({"ConfigMap", "Namespace", "Service", "ServiceAccount"}),
    "apps": frozenset({"DaemonSet", "Deployment", "StatefulSet"}),
    "networking.k8s.io": frozenset({"NetworkPolicy"}),
}
"""Of Kubernetes' own groups. Secrets are never read."""

GROUPS: Final = frozenset(
    {
        "agentgateway.dev",
        "gateway.kgateway.dev",
        "gateway.networking.k8s.io",
        "gateway.solo.io",
        "gloo.solo.io",
        "networking.istio.io",
        "policy.linkerd.io",
        "security.istio.io",
    }
)
"""Of the meshes and gateways: every kind that can be listed."""

CONFIG_PREFIXES: Final = ("principal.", "agent.", "meshtether.")
"""How the keys of principal's and agents' ConfigMaps begin; others are none of ours."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind as the API server lists it."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """As in a manifest."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def base(self) -> str:
        """Path of the version's API."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    def path(self, namespace: str = "") -> str:
        """Path of the list, of one namespace or of all."""
        within = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{self.base}{within}/{self.plural}"

    @property
    def definition(self) -> str:
        """Path of the kind's CRD, if it is a kind of a mesh; empty for Kubernetes' own."""
        if self.group not in GROUPS:
            return ""
        return f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{self.plural}.{self.group}"


def wanted_groups(groups: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The groups of `/apis` that are asked for, each with the version that the server prefers."""
    found: list[tuple[str, str]] = []
    for entry in _mappings(groups.get("groups")):
        name, preferred = entry.get("name"), entry.get("preferredVersion")
        version = preferred.get("version") if isinstance(preferred, dict) else None
        if isinstance(name, str) and isinstance(version, str) and (name in GROUPS or name in KINDS):
            found.append((name, version))
    return sorted(found)


def wanted_resources(group: str, version: str, listing: Mapping[str, Any]) -> list[Resource]:
    """The resources of one version's listing that are asked for."""
    found: list[Resource] = []
    for entry in _mappings(listing.get("resources")):
        plural, kind, verbs = entry.get("name"), entry.get("kind"), entry.get("verbs")
        if not isinstance(plural, str) or not isinstance(kind, str) or "/" in plural or "list" not in (verbs or ()):
            continue
        if group in GROUPS or kind in KINDS.get(group, ()):
            found.append(Resource(group, version, plural, kind, entry.get("namespaced") is True))
    return sorted(found, key=lambda each: each.kind)


def is_ours(kind: str, data: Mapping[str, Any]) -> bool:
    """Whether an object is looked at: of ConfigMaps, only those with settings of principal or agent."""
    if kind != "ConfigMap":
        return True
    keys = data.get("data")
    return isinstance(keys, dict) and any(str(key).startswith(CONFIG_PREFIXES) for key in keys)


def _mappings(value: Any) -> Iterable[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
