"""PeerAuthentication: whether callers must show a certificate of the mesh."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.istio.facts import ROOT_NAMESPACE
from mesh.adapters.istio.lookup import security
from mesh.bundle import Field, Item, same_namespace, selects
from mesh.configuration.settings import Component
from mesh.findings import Finding, Level
from mesh.world import Check, World

ARGO_CD: Final = "argocd"
"""The namespace where Argo CD's own pods usually are."""


def enforced(world: World) -> Iterator[Finding]:
    """MT1109: principals whose callers need no certificate."""
    for principal in world.principals:
        if principal.workload is None:
            continue
        mode = _mode(world, principal)
        if mode is None:
            if world.intent is not None:
                message = f"No PeerAuthentication holds for {principal}: plaintext is let in beside mutual TLS."
                yield principal.item.root.finding("MT1109", message)
        elif mode.text != "STRICT":
            level = Level.ERROR if mode.text == "DISABLE" else None
            message = f"The mode for {principal} is {mode.shown}, where STRICT is needed."
            yield mode.finding("MT1109", message, level=level)


def _mode(world: World, principal: Component) -> Field | None:
    """The field that decides for the principal's port: the pod's policy before the namespace's before the mesh's."""
    items = security(world, "PeerAuthentication")
    port = str(principal.get("listen-port").port)
    for candidates in (_of_pod(items, principal), _of_namespace(items, principal), _of_mesh(items)):
        for item in candidates:
            for mode in (item.at("spec", "portLevelMtls", port, "mode"), item.at("spec", "mtls", "mode")):
                if mode.exists and mode.text != "UNSET":
                    return mode
    return None


def _labels(item: Item) -> Field:
    return item.at("spec", "selector", "matchLabels")


def _of_pod(items: list[Item], principal: Component) -> Iterator[Item]:
    labels = principal.workload.labels if principal.workload is not None else {}
    for item in items:
        selector = _labels(item).mapping
        if selector and selects(selector, labels) and same_namespace(item.namespace, principal.item.namespace):
            yield item


def _of_namespace(items: list[Item], principal: Component) -> Iterator[Item]:
    for item in items:
        if not _labels(item).mapping and same_namespace(item.namespace, principal.item.namespace):
            yield item


def _of_mesh(items: list[Item]) -> Iterator[Item]:
    return (item for item in items if not _labels(item).mapping and item.namespace == ROOT_NAMESPACE)


def whole_namespaces(world: World) -> Iterator[Finding]:
    """MT1110: STRICT for all pods of the principal's namespace."""
    namespaces = {each.item.namespace for each in world.principals} | {ARGO_CD}
    if world.intent is not None:
        namespaces.add(world.intent.principal.namespace)
    for item in security(world, "PeerAuthentication"):
        mode = item.at("spec", "mtls", "mode")
        if mode.text == "STRICT" and not _labels(item).mapping and item.namespace in namespaces:
            message = f"{item.ref} has no selector: STRICT holds for every pod of the namespace {item.namespace}."
            yield mode.finding("MT1110", message)


def ineffective(world: World) -> Iterator[Finding]:
    """MT1119: policies that istiod ignores."""
    ports = {str(each.get("listen-port").port) for each in world.principals}
    for item in security(world, "PeerAuthentication"):
        selector, levels = item.at("spec", "selector"), item.at("spec", "portLevelMtls")
        if item.namespace == ROOT_NAMESPACE and selector.exists:
            yield selector.finding("MT1119", f"{item.ref} is in the root namespace, where a selector is ignored.")
        for port, level in levels.entries():
            if world.principals and port not in ports and _is_for_principal(world, item):
                message = f"portLevelMtls has port {port}, where no principal listens: it takes the pod's ports."
                yield level.finding("MT1119", message)


def _is_for_principal(world: World, item: Item) -> bool:
    labels = _labels(item).mapping
    return any(each.workload is not None and selects(labels, each.workload.labels) for each in world.principals)


CHECKS: Final[tuple[Check, ...]] = (enforced, whole_namespaces, ineffective)
"""The checks of this file."""
