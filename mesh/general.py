"""Checks of manifests of any kind: whether they are Kubernetes objects at all, each once, each in a namespace."""

from collections.abc import Iterator, Mapping
from typing import Final

from mesh.bundle import Item
from mesh.findings import Finding, found
from mesh.foreign import is_foreign
from mesh.world import MAX_PRINCIPALS, Check, World

CLUSTER_WIDE: Final = frozenset(
    {
        "APIService",
        "ClusterRole",
        "ClusterRoleBinding",
        "ComponentConfig",
        "CustomResourceDefinition",
        "GatewayClass",
        "IngressClass",
        "Kustomization",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "StorageClass",
        "ValidatingWebhookConfiguration",
    }
)
"""Kinds without a namespace that lie beside ours in repositories."""


SERVED: Final[Mapping[str, tuple[str, str]]] = {
    "ConfigMap": ("", "v1"),
    "Namespace": ("", "v1"),
    "Pod": ("", "v1"),
    "Secret": ("", "v1"),
    "Service": ("", "v1"),
    "ServiceAccount": ("", "v1"),
    "DaemonSet": ("apps", "v1"),
    "Deployment": ("apps", "v1"),
    "ReplicaSet": ("apps", "v1"),
    "StatefulSet": ("apps", "v1"),
    "NetworkPolicy": ("networking.k8s.io", "v1"),
}
"""Group and version of Kubernetes' own kinds that checks read."""

FORMER: Final = frozenset({"", "apps", "extensions", "networking.k8s.io"})
"""Groups in which Kubernetes has, or once had, these kinds; a kind of that name in any other is somebody else's."""


def objects(world: World) -> Iterator[Finding]:
    """MT1002: documents that are no Kubernetes objects."""
    for item in world.bundle.items:
        lacking = [
            name
            for name, value in (
                ("apiVersion", item.ref.api_version),
                ("kind", item.kind),
                ("metadata.name", _name(item)),
            )
            if not value
        ]
        if lacking and item.kind != "Kustomization" and not is_foreign(item.root.mapping):
            message = f"The document has no {' and no '.join(lacking)}, so that it is no Kubernetes object."
            yield found("MT1002", item.document, (), message)


def versions(world: World) -> Iterator[Finding]:
    """MT1005: Kubernetes' own kinds with an apiVersion that is not served."""
    for item in world.bundle.items:
        wanted = SERVED.get(item.kind)
        if wanted is None or not item.ref.api_version or (item.group, item.version) == wanted:
            continue
        if item.group in FORMER:
            version = "/".join(filter(None, wanted))
            message = f"apiVersion is {item.at('apiVersion').shown} for a {item.kind}, which is of {version}."
            yield found("MT1005", item.document, ("apiVersion",), message, remedy=f"Write apiVersion: {version}.")


def duplicates(world: World) -> Iterator[Finding]:
    """MT1003: objects that are there twice."""
    first: dict[tuple[str, str, str, str], Item] = {}
    for item in world.bundle.items:
        if not item.kind or not item.name:
            continue
        before = first.setdefault((item.group, item.kind, item.namespace, item.name), item)
        if before is not item:
            where = f"{before.document.source}:{before.document.line}"
            yield found("MT1003", item.document, ("metadata", "name"), f"{item.ref} is already in {where}.")


def namespaces(world: World) -> Iterator[Finding]:
    """MT1004: objects without a namespace."""
    for item in world.bundle.items:
        if item.kind and item.kind not in CLUSTER_WIDE and item.name and not item.namespace:
            yield found("MT1004", item.document, ("metadata",), f"{item.ref} has no namespace.")


def _name(item: Item) -> str:
    return item.name or item.at("metadata", "generateName").text or ""


def bounded(world: World) -> Iterator[Finding]:
    """MT1006: more principals than are compared with everything else."""
    principals = [each for each in world.components if each.side == "principal"]
    for principal in principals[MAX_PRINCIPALS : MAX_PRINCIPALS + 1]:
        message = f"There are {len(principals)} principals; those from here on are not compared with other objects."
        yield principal.home.finding("MT1006", message)


CHECKS: Final[tuple[Check, ...]] = (objects, versions, duplicates, namespaces, bounded)
"""The checks of this file."""
