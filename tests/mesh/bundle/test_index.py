from typing import Any

import pytest

from mesh.bundle import Bundle, Field, label_selector_takes, selects, workloads
from mesh.manifests import read_documents

TEXT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, namespace: ns}
spec:
  template:
    metadata: {labels: {app: a}}
    spec:
      containers:
      - name: c
        ports: [{name: grpc, containerPort: 8443}]
---
apiVersion: v1
kind: Pod
metadata: {name: p, labels: {app: b}}
spec: {serviceAccountName: sa, containers: []}
---
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: {name: r, namespace: ns}
"""


def bundle(text: str = TEXT) -> Bundle:
    return Bundle(read_documents(text, "x.yaml")[0])


def test_objects_are_found_by_group_kind_and_version() -> None:
    assert [each.name for each in bundle().of("networking.istio.io", "DestinationRule")] == ["r"]
    assert bundle().of("networking.istio.io", "DestinationRule", versions=("v1",)) == []
    assert bundle().of("", "DestinationRule") == []


def test_an_object_is_found_by_name_in_its_namespace_or_without_one() -> None:
    assert bundle().get("apps", "Deployment", namespace="ns", name="d") is not None
    assert bundle().get("apps", "Deployment", namespace="other", name="d") is None
    assert bundle().get("", "Pod", namespace="anywhere", name="p") is not None


def test_pods_are_found_in_templates_and_by_themselves() -> None:
    first, second = workloads(bundle())
    assert (first.labels, first.service_account) == ({"app": "a"}, "default")
    assert [port[:2] for port in first.ports()] == [("grpc", 8443)]
    assert (second.labels, second.service_account) == ({"app": "b"}, "sa")


def test_an_empty_selector_takes_everything() -> None:
    assert selects({}, {"a": "b"})
    assert not selects({"a": "c"}, {"a": "b"})


@pytest.mark.parametrize(
    ("selector", "taken"),
    [
        ("{}", True),
        ("{matchLabels: {app: a}}", True),
        ("{matchLabels: {app: b}}", False),
        ("{matchExpressions: [{key: app, operator: In, values: [a, b]}]}", True),
        ("{matchExpressions: [{key: app, operator: NotIn, values: [a]}]}", False),
        ("{matchExpressions: [{key: app, operator: Exists}]}", True),
        ("{matchExpressions: [{key: app, operator: DoesNotExist}]}", False),
        ("{matchExpressions: [{key: app, operator: Like}]}", False),
        ("[]", False),
    ],
)
def test_label_selectors_take_what_kubernetes_takes(selector: str, taken: bool) -> None:
    document: Any = read_documents(f"selector: {selector}", "x")[0][0]
    assert label_selector_takes(Field.root(document).at("selector"), {"app": "a"}) is taken
