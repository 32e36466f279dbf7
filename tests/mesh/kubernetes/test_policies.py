from typing import Any

import pytest

from mesh.bundle import Bundle, Field
from mesh.kubernetes.policies import Peer, peer, policy_types, takes_peer, takes_port
from mesh.manifests import read_documents


def rule(text: str) -> Field:
    return Field.root(read_documents(text, "x.yaml")[0][0])


def pods(namespace: str = "agents", **labels: str) -> Peer:
    return peer(Bundle([]), namespace, labels)


@pytest.mark.parametrize(
    ("ports", "taken"),
    [
        ("{}", True),
        ("ports: []", True),
        ("ports: [{port: 8443}]", True),
        ("ports: [{port: 443}]", False),
        ("ports: [{port: grpc}]", True),
        ("ports: [{port: http}]", False),
        ("ports: [{port: 8000, endPort: 9000}]", True),
        ("ports: [{port: 9000, endPort: 9999}]", False),
        ("ports: [{protocol: UDP, port: 8443}]", False),
        ("ports: [{protocol: TCP}]", True),
        ("ports: x", False),
    ],
)
def test_ports_are_matched_as_kubernetes_does(ports: str, taken: bool) -> None:
    assert takes_port(rule(ports), 8443, {"grpc"}) is taken


@pytest.mark.parametrize(
    ("peers", "taken"),
    [
        ("{}", True),
        ("from: []", True),
        ("from: [{podSelector: {}}]", False),
        ("from: [{namespaceSelector: {}}]", True),
        ("from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: agents}}}]", True),
        ("from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}]", False),
        ("from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: agent}}}]", True),
        ("from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: other}}}]", False),
        ("from: [{ipBlock: {cidr: 10.0.0.0/8}}]", True),
        # What only the cluster knows of a namespace is not held against it.
        ("from: [{namespaceSelector: {matchLabels: {team: spokes}}}]", True),
        ("from: [{namespaceSelector: {matchLabels: {team: x, kubernetes.io/metadata.name: other}}}]", False),
    ],
)
def test_peers_are_matched_as_kubernetes_does(peers: str, taken: bool) -> None:
    assert takes_peer(rule(peers), "Ingress", pods(app="agent"), "argocd") is taken


def test_a_pod_selector_alone_means_the_policys_own_namespace() -> None:
    own = rule("from: [{podSelector: {matchLabels: {app: agent}}}]")
    assert takes_peer(own, "Ingress", pods("argocd", app="agent"), "argocd")
    assert not takes_peer(own, "Ingress", pods("agents", app="agent"), "argocd")


def test_a_namespaces_own_labels_count_when_it_is_among_the_manifests() -> None:
    text = "{apiVersion: v1, kind: Namespace, metadata: {name: agents, labels: {team: spokes}}}"
    known = peer(Bundle(read_documents(text, "x")[0]), "agents", {})
    selector = "from: [{namespaceSelector: {matchLabels: {team: %s}}}]"
    assert takes_peer(rule(selector % "spokes"), "Ingress", known, "argocd")
    assert not takes_peer(rule(selector % "other"), "Ingress", known, "argocd")


@pytest.mark.parametrize(
    ("spec", "types"),
    [
        ("{}", ["Ingress"]),
        ("{egress: []}", ["Ingress", "Egress"]),
        ("{policyTypes: [Egress]}", ["Egress"]),
        ("{policyTypes: []}", ["Ingress"]),
    ],
)
def test_policy_types_have_kubernetes_defaults(spec: str, types: list[str]) -> None:
    document: Any = read_documents(f"spec: {spec}", "x")[0][0]
    assert policy_types(Bundle([document]).items[0]) == types
