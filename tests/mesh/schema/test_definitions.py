import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.manifests import read_documents
from mesh.schema.definitions import definitions_of, scan

CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.org, annotations: {kind: Nothing}}
spec:
  group: example.org
  names: {kind: Thing, plural: things}
  scope: Namespaced
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
    - {name: v2, served: false, storage: false, deprecated: true, subresources: {status: {}}}
"""
LATE = """\
spec:
  versions:
    - {name: v1, served: true, schema: {openAPIV3Schema: {type: object, properties: {group: {type: string}}}}}
  names: &names {kind: Late}
  group: example.org
kind: CustomResourceDefinition
"""


def found(text):
    definitions, faults = scan(text, "crds.yaml")
    assert faults == []
    return [(each.group, each.kind, each.source) for each in definitions]


def test_a_crd_is_found_with_its_line():
    assert found(CRD) == [("example.org", "Thing", "crds.yaml:1")]


def test_several_documents_are_told_apart():
    text = f"# a comment\n---\n{CRD}---\nkind: Other\n--- # behind\n{LATE}"
    assert found(text) == [("example.org", "Thing", "crds.yaml:2"), ("example.org", "Late", "crds.yaml:15")]


def test_a_mark_inside_a_text_block_ends_nothing_but_a_document():
    text = CRD.replace("scope: Namespaced", "description: |\n    x\n    --- y\n  scope: Namespaced")
    assert found(text) == [("example.org", "Thing", "crds.yaml:1")]


def test_json_and_lists_are_read_as_well():
    (manifest,), _ = read_documents(CRD, "x")
    import json

    assert found(json.dumps(manifest.data)) == [("example.org", "Thing", "crds.yaml:1")]
    listed = {"apiVersion": "v1", "kind": "List", "items": [manifest.data]}
    assert [each[:2] for each in found(json.dumps(listed))] == [("example.org", "Thing")]


def test_aliases_are_read_as_a_whole():
    text = CRD.replace("names: {kind: Thing, plural: things}", "names: *n").replace(
        "metadata:", "x: &n {kind: Thing}\nmetadata:"
    )
    assert found(text) == [("example.org", "Thing", "crds.yaml:1")]


def test_versions_say_whether_they_are_served_and_deprecated():
    (definition,) = scan(CRD, "x")[0]
    first, second = definition.versions["v1"], definition.versions["v2"]
    assert (first.served, first.deprecated, first.has_status) == (True, False, False)
    assert (second.served, second.deprecated, second.has_status, second.schema) == (False, True, True, {})


def test_a_definition_is_read_when_it_is_asked_for_and_then_kept():
    (definition,) = scan(CRD, "x")[0]
    assert definition.versions is definition.versions


def test_what_is_no_crd_is_nothing():
    assert found("kind: Service\nmetadata: {name: CustomResourceDefinition}\n") == []
    assert definitions_of(read_documents("kind: CustomResourceDefinition\nspec: 3\n", "x")[0]) == []


@pytest.mark.parametrize("text", ["kind: [CustomResourceDefinition", "kind: CustomResourceDefinition\nspec: *x\n"])
def test_what_cannot_be_read_is_a_fault_with_its_line(text):
    definitions, faults = scan(f"a: 1\n---\n{text}", "x")
    assert definitions == []
    assert [fault.line >= 3 for fault in faults] == [True]


@given(st.text(alphabet="-: {}[]&*\n'\"|>#!abkindCustomResourceDefinitionspec", max_size=200))
def test_any_text_is_scanned_without_an_error(text):
    scan(f"# CustomResourceDefinition\n{text}", "x")
