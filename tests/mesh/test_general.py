import pytest

from mesh.general import CHECKS
from mesh.world import MAX_PRINCIPALS
from tests.mesh.texts import codes, findings, pod


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{apiVersion: v1, kind: Service, metadata: {name: a, namespace: ns}}", []),
        ("{apiVersion: v1, kind: Service, metadata: {name: a}}", ["MT1004"]),
        ("{apiVersion: v1, kind: Namespace, metadata: {name: a}}", []),
        ("{apiVersion: v1, kind: Pod, metadata: {generateName: a-, namespace: ns}}", []),
        ("{apiVersion: v1, kind: Service}", ["MT1002"]),
        ("{apiVersion: v1, metadata: {name: a}}", ["MT1002"]),
        ("{apiVersion: [v1], kind: {a: b}, metadata: [name]}", ["MT1002"]),
        ("{apiVersion: extensions/v1beta1, kind: Deployment, metadata: {name: a, namespace: ns}}", ["MT1005"]),
        ("{apiVersion: serving.example.org/v1, kind: Service, metadata: {name: a, namespace: ns}}", []),
    ],
)
def test_a_document_is_an_object_that_kubernetes_serves(text: str, found: list[str]) -> None:
    assert codes(CHECKS, text) == found


def test_an_object_twice_is_told_with_the_place_of_the_first() -> None:
    text = "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: %s}}"
    (finding,) = findings(CHECKS, text % "one", text % "two", text % "one")
    assert (finding.code, finding.file) == ("MT1003", "2.yaml")
    assert "0.yaml:1" in finding.message


def test_more_principals_than_are_compared_are_said_once() -> None:
    pods = [pod("principal", name=f"p{n}") for n in range(MAX_PRINCIPALS + 3)]
    assert codes(CHECKS, *pods[:MAX_PRINCIPALS]) == []
    (finding,) = findings(CHECKS, *pods)
    assert (finding.code, finding.file) == ("MT1006", f"{MAX_PRINCIPALS}.yaml")
