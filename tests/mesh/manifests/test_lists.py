from mesh.manifests import expand_lists, read_documents

LIST = """\
apiVersion: v1
kind: List
items:
- kind: A
  n: 1
- kind: B
  spec:
    x: 1
- text
"""


def test_a_list_stands_for_its_items():
    manifests, faults = read_documents(f"kind: First\n---\n{LIST}", "f")
    assert not faults
    found, faults = expand_lists(manifests)
    assert [(m.data["kind"], m.line, m.within) for m in found] == [
        ("First", 1, ()),
        ("A", 6, ("items", 0)),
        ("B", 8, ("items", 1)),
    ]
    assert found[2].lines.of(("spec", "x")) == 10
    assert [(fault.line, "items[2]" in fault.message) for fault in faults] == [(11, True)]


def test_the_items_of_a_typed_list_are_of_its_kind():
    manifests, _ = read_documents("kind: ApplicationList\napiVersion: g/v1\nitems:\n- a: 1\n- kind: Other\n", "f")
    found, _ = expand_lists(manifests)
    assert [dict(m.data) for m in found] == [
        {"apiVersion": "g/v1", "kind": "Application", "a": 1},
        {"apiVersion": "g/v1", "kind": "Other"},
    ]


def test_other_documents_stay_as_they_are():
    manifests, _ = read_documents("kind: List\n---\nitems: []\n---\nkind: Listen\nitems: [1]\n", "f")
    assert expand_lists(manifests) == (manifests, [])
