"""Checks of manifests of any kind: whether they are Kubernetes objects at all, each once, each in a namespace."""

from collections.abc import Iterator, Sequence
from typing import Final

from mesh.bundle import Bundle, Item
from mesh.findings import Document, Finding, found

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


def general_findings(manifests: Sequence[Document]) -> list[Finding]:
    """What is wrong with `manifests`, whatever their kinds."""
    bundle = Bundle(manifests)
    return [finding for check in (_objects, _duplicates, _namespaces) for finding in check(bundle)]


def _objects(bundle: Bundle) -> Iterator[Finding]:
    for item in bundle.items:
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


def _duplicates(bundle: Bundle) -> Iterator[Finding]:
    first: dict[tuple[str, str, str, str], Item] = {}
    for item in bundle.items:
        if not item.kind or not item.name:
            continue
        before = first.setdefault((item.group, item.kind, item.namespace, item.name), item)
        if before is not item:
            where = f"{before.document.source}:{before.document.line}"
            yield found("MT1003", item.document, ("metadata", "name"), f"{item.ref} is already in {where}.")


def _namespaces(bundle: Bundle) -> Iterator[Finding]:
    for item in bundle.items:
        if item.kind and item.kind not in CLUSTER_WIDE and item.name and not item.namespace:
            yield found("MT1004", item.document, ("metadata",), f"{item.ref} has no namespace.")


def _name(item: Item) -> str:
    return item.name or item.at("metadata", "generateName").text or ""
