from mesh.findings import ObjectRef, found, path_text
from mesh.findings.model import MAX_PART
from mesh.manifests import read_documents
from mesh.report import FORMATS, Report
from mesh.verify import verify

LONG = "x" * 100_000


def test_an_object_is_told_by_kind_namespace_and_name() -> None:
    assert str(ObjectRef("v1", "Pod", "a", "b")) == "Pod a/b"
    assert str(ObjectRef("", "", "", "")) == "? ?"


def test_a_path_is_told_as_people_write_it() -> None:
    assert path_text(("spec", "ports", 0, "name")) == "spec.ports[0].name"
    assert path_text(("data", "a.b")) == 'data["a.b"]'


def test_what_is_told_is_never_as_long_as_what_was_read() -> None:
    (document,) = read_documents(f"{{apiVersion: v1, kind: {LONG}, metadata: {{name: {LONG}}}}}", "x")[0]
    finding = found("MT1817", document, (LONG, 0, LONG), f"{ObjectRef.of(document)} is odd.")
    told = f"{finding.message}{finding.object}{finding.path}"
    assert len(told) < 8 * (MAX_PART + 40)
    assert "(100000 characters)" in finding.path


def test_names_that_only_begin_alike_stay_different_objects() -> None:
    first, second = (ObjectRef("v1", "Pod", "a", f"{LONG}{n}") for n in range(2))
    assert first != second


def test_a_report_of_a_document_with_a_huge_name_is_small() -> None:
    spec = "{template: {spec: {containers: [{name: agent, image: meshtether, args: [agent]}]}}}"
    text = f"{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {LONG}, namespace: {LONG}}}, spec: {spec}}}"
    findings = tuple(verify(read_documents(text, "x")[0]))
    assert len(findings) >= 3
    for write in FORMATS.values():
        assert len(write(Report(findings=findings, documents=1, sources=("x",)))) < len(LONG)
