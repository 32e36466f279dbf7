import pytest

from mesh.manifests import read_documents
from mesh.manifests.positions import compose

TEXT = """\
# one
a: 1
---
# two
kind: Application
metadata:
  name: x   # comment
  labels: {app: web,
    tier: front}
spec:
  list:
  - first: 1
    second: 2
  - plain
  text: |
    line
    line

  after: &anchor
    deep: yes
  alias: *anchor
  merged:
    <<: *anchor
    own: 1
  8: number
"""


def second():
    manifests, faults = read_documents(TEXT, "f.yaml")
    assert not faults
    return manifests[1]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 5), (("kind",), 5), (("metadata",), 6), (("metadata", "name"), 7), (("metadata", "labels", "tier"), 9),
        (("spec", "list"), 11), (("spec", "list", 0), 12), (("spec", "list", 0, "second"), 13),
        (("spec", "list", 1), 14), (("spec", "text"), 15), (("spec", "after", "deep"), 20), (("spec", "alias"), 21),
        (("spec", "merged", "own"), 24), (("spec", "8"), 25),
    ],
)  # fmt: skip
def test_a_field_has_the_line_of_its_key(path, line):
    manifest = second()
    assert manifest.lines.of(path) == line
    assert manifest.where_of(path) == f"f.yaml:{line}"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("status",), 5), (("metadata", "uid"), 6), (("metadata", "name", "x"), 7), (("spec", "list", 7), 11),
        (("spec", "list", -1), 11), (("spec", "list", "a"), 11), (("spec", "alias", "deep"), 21),
        (("spec", "merged", "deep"), 22), (("metadata", 0), 6),
    ],
)  # fmt: skip
def test_a_field_that_is_not_written_has_the_line_of_its_nearest_ancestor(path, line):
    assert second().lines.of(path) == line


def test_json_has_lines_too():
    (manifest,), _ = read_documents('\n{\n  "a": {\n    "b": [\n      1,\n      2\n]}}', "f.json")
    assert manifest.line == 2
    assert manifest.lines.of(("a", "b", 1)) == 6


def test_a_document_that_cannot_be_read_by_itself_has_one_line():
    (manifest,), faults = read_documents("%TAG !e! tag:e,2024:\n---\na: !e!x 1\n", "f")
    assert not faults
    assert manifest.lines.of(("a",)) == 3


def test_a_lookup_below_a_field_starts_there():
    assert second().lines.below("spec", "list", 0).of(("second",)) == 13


def test_a_collection_by_indentation_ends_with_its_last_part():
    text = "a:\n  b: 1 # c\n\n# d\ne: {f: 1}\n"
    root = compose(text)
    assert root is not None
    a, e = root.entries
    assert text[a.value.start : a.value.end] == "b: 1"
    assert text[e.value.start : e.value.end] == "{f: 1}"
    assert (a.value.block, e.value.block) == (True, False)


@pytest.mark.parametrize("text", ["", "[" * 300, "a: [", "# only"])
def test_what_cannot_be_read_has_no_tree(text):
    assert compose(text) is None
