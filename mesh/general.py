"""Checks of manifests of any kind: whether they are Kubernetes objects at all, each once, each in a namespace."""

from collections.abc import Iterator
from typing import Final

from mesh.bundle import Item
from mesh.findings import Finding, found
from mesh.world import Check, World

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
        if lacking and item.kind != "Kustomization":
            message = f"The document has no {' and no '.join(lacking)}, so that it is no Kubernetes object."
            yield found("MT1002", item.document, (), message)


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


CHECKS: Final[tuple[Check, ...]] = (objects, duplicates, namespaces)
"""The checks of this file."""
