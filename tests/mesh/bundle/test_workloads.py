from mesh.bundle import Bundle, workloads
from mesh.manifests import read_documents

TEXT = """\
{apiVersion: apps/v1, kind: %s, metadata: {name: w, namespace: ns}, spec: {template: {
  metadata: {labels: {a: b, c: 1}, annotations: {d: e}},
  spec: {serviceAccount: old, containers: [
    {ports: [{name: x, containerPort: 1}, {containerPort: y}, {containerPort: 2}, z]}]}
}}}
"""


def test_every_kind_with_a_template_makes_pods() -> None:
    for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"):
        (found,) = workloads(Bundle(read_documents(TEXT % kind, "x")[0]))
        assert (found.namespace, found.labels, found.annotations) == ("ns", {"a": "b"}, {"d": "e"})
        assert found.service_account == "old"
        assert [port[:2] for port in found.ports()] == [("x", 1), ("", 2)]


def test_other_kinds_make_none_and_all_are_looked_for_once() -> None:
    bundle = Bundle(read_documents(TEXT % "ControllerRevision", "x")[0])
    assert workloads(bundle) == []
    assert workloads(bundle) is workloads(bundle)
