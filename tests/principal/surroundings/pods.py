"""Pods as a principal may see its own."""

from typing import Any

from principal.surroundings.facts import Facts

ISTIO = "identity:x-forwarded-client-cert:spiffe://cluster.local/ns/argocd-agents/sa/{agent}"
LINKERD = "identity:l5d-client-id:{agent}.argocd-agents.serviceaccount.identity.linkerd.cluster.local"


def pod(**changed: Any) -> Facts:
    """The facts of a principal on loopback behind some Envoy, unless something else is said; labels are known."""
    said = {"listen-host": "127.0.0.1", "insecure-plaintext": "true", "auth": ISTIO}
    usual: dict[str, Any] = {
        "said": {**said, **changed.pop("said", {})},
        "namespace": "argocd",
        "name": "argocd-agent-principal-0",
        "uid": 10001,
        "labels": {},
        "annotations": None,
        "ports": frozenset(),
    }
    return Facts(**{**usual, **changed})
