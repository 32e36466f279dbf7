import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.manifests import Fault, decode_text, read_documents, write_document
from mesh.manifests import events as events_module
from tests.conftest import missing

PARSERS = ["libyaml", "python"]


@pytest.fixture(params=PARSERS)
def parser(request, monkeypatch):
    """Both of PyYAML's parsers, since a platform may have only the second."""
    if request.param == "python":
        monkeypatch.setattr(events_module, "_LOADER", yaml.SafeLoader)
        monkeypatch.setattr(events_module, "HAS_LIBYAML", False)
    elif not events_module.HAS_LIBYAML:
        missing("PyYAML was built without libyaml")
    return request.param


def data_of(text):
    manifests, faults = read_documents(text, "f.yaml")
    assert not faults, faults
    return [dict(manifest.data) for manifest in manifests]


def faults_of(text):
    return read_documents(text, "f.yaml")[1]


@pytest.mark.usefixtures("parser")
class TestDocuments:
    def test_every_document_is_returned_with_its_line(self):
        manifests, faults = read_documents("# top\na: 1\n---\n\nb: 2\n--- # c\nc: 3\n...\n---\nd: 4", "f.yaml")
        assert not faults
        assert [(dict(m.data), m.line, m.where) for m in manifests] == [
            ({"a": 1}, 2, "f.yaml:2"),
            ({"b": 2}, 5, "f.yaml:5"),
            ({"c": 3}, 7, "f.yaml:7"),
            ({"d": 4}, 10, "f.yaml:10"),
        ]

    def test_empty_documents_are_nothing(self):
        assert data_of("") == []
        assert data_of("---\n---\n# only a comment\n---\n~\n---\nnull\n") == []

    def test_offsets_cut_each_document_out_of_its_text(self):
        text = "# top\na: 1\n---\nb: 2\n--- {c: 3}\n...\n%YAML 1.1\n---\nd: 4\n"
        manifests, _ = read_documents(text, "f")
        assert [text[m.start : m.end] for m in manifests] == ["# top\na: 1\n", "b: 2\n", "{c: 3}\n", "d: 4\n"]
        assert [text[m.outer_start : m.outer_end] for m in manifests] == [
            "# top\na: 1\n",
            "---\nb: 2\n",
            "--- {c: 3}\n...\n",
            "%YAML 1.1\n---\nd: 4\n",
        ]

    def test_offsets_count_characters_also_behind_a_byte_order_mark(self):
        text = "\ufeffä: 😀\r\n---\r\nb: 2"
        manifests, faults = read_documents(text, "f")
        assert not faults
        assert [text[m.start : m.end] for m in manifests] == ["ä: 😀\r\n", "b: 2"]

    def test_a_syntax_error_is_a_fault_with_its_line_and_what_was_before_it_is_returned(self):
        manifests, faults = read_documents("a: 1\n---\nb: [1\n---\nc: 3\n", "f.yaml")
        assert [dict(m.data) for m in manifests] == [{"a": 1}]
        assert [(fault.source, fault.line) for fault in faults] in ([("f.yaml", 4)], [("f.yaml", 5)])

    @pytest.mark.parametrize("text", ["a: \x00", "a: \x1b[0m", "b: 1\na: \ufffe"])
    def test_a_character_that_yaml_does_not_take_is_a_fault(self, text):
        (fault,) = faults_of(text)
        assert fault.line == text.count("\n") + 1
        assert "character" in fault.message

    def test_half_a_surrogate_pair_is_a_fault(self):
        (fault,) = faults_of("a: 1\nb: \ud800")
        assert fault.line == 2

    @pytest.mark.parametrize(
        "text", ["a: 1\na: 2", "{a: 1, a: 2}", "1: a\n'1': b", "on: 1\n'true': 2", "b:\n- x: 1\n  x: 2"]
    )
    def test_a_key_twice_in_one_mapping_is_a_fault_and_the_next_document_is_read(self, text):
        manifests, faults = read_documents(f"{text}\n---\nnext: 1\n", "f")
        assert [dict(m.data) for m in manifests] == [{"next": 1}]
        assert "twice" in faults[0].message

    @pytest.mark.parametrize(
        ("text", "part"),
        [
            ("- 1", "not a list"), ("just text", "not text"), ("3", "not a number"), ("true", "not a boolean"),
            ("? [a]\n: 1", "cannot be a key"), ("~: 1", "null cannot be a key"), ("a: .nan", "no value in JSON"),
            ("!!int x: 1", "tag does not fit"), ("<<: 3", "merge key"), ("<<: [{a: 1}, 3]", "merge key"),
            ("a: *b", "no anchor"), ("a: &a [*a]", "stands inside it"), ("a: &a {b: *a}", "stands inside it"),
        ],
    )  # fmt: skip
    def test_an_unfit_document_is_a_fault_and_the_next_is_read(self, text, part):
        manifests, faults = read_documents(f"{text}\n---\nnext: 1\n", "f")
        assert [dict(m.data) for m in manifests] == [{"next": 1}]
        assert part in faults[0].message
        assert faults[0].line == 1

    def test_anchors_end_with_their_document(self):
        assert "no anchor" in faults_of("a: &x 1\n---\nb: *x\n")[0].message

    def test_aliases_are_copies(self):
        (data,) = data_of("a: &x {b: [1]}\nc: *x\nd: *x\n")
        data["c"]["b"].append(2)
        assert data == {"a": {"b": [1]}, "c": {"b": [1, 2]}, "d": {"b": [1]}}

    def test_an_anchor_may_be_used_again(self):
        assert data_of("a: &x 1\nb: *x\nc: &x 2\nd: *x\n") == [{"a": 1, "b": 1, "c": 2, "d": 2}]

    @pytest.mark.parametrize(
        ("text", "data"),
        [
            ("base: &b {x: 1, w: 2}\nuse:\n  <<: *b\n  w: 3", {"x": 1, "w": 3}),
            ("base: &b {x: 1, w: 2}\nuse:\n  w: 3\n  <<: *b", {"x": 1, "w": 3}),
            ("base: 1\nuse: {<<: [{x: 1}, {x: 2, w: 2}]}", {"x": 1, "w": 2}),
            ("base: 1\nuse: {<<: {x: 1}, <<: {x: 2, z: 3}}", {"x": 1, "z": 3}),
            ("base: 1\nuse: {'<<': 1}", {"<<": 1}),
            ("base: 1\nuse: {a: <<}", {"a": "<<"}),
        ],
    )
    def test_merge_keys_add_what_a_mapping_lacks_and_the_first_wins(self, text, data):
        assert data_of(text)[0]["use"] == data

    def test_quoted_scalars_are_text(self):
        assert data_of("a: 'yes'\nb: \"1\"\nc: ''\nd: |\n  on\n") == [{"a": "yes", "b": "1", "c": "", "d": "on\n"}]

    def test_scalars_are_read_as_kubernetes_reads_them(self):
        assert data_of("a: 2024-01-01\nb: 010\nc: on\nd: =\n1: x\nyes: z") == [
            {"a": "2024-01-01", "b": 8, "c": True, "d": "=", "1": "x", "true": "z"}
        ]

    def test_what_the_safe_loader_reads_is_read_alike(self):
        text = "a: [1, two, {b: 3.5}]\nc:\n- d: >\n    folded\n    text\n- 'it''s'\n- \"tab\\t\"\n- ? k\n  : v\n"
        assert data_of(text) == [yaml.safe_load(text)]


def test_json_objects_may_follow_one_another_but_not_other_values():
    assert data_of('{"a": 1}\n{"b": 2}{"c": 3}') == [{"a": 1}, {"b": 2}, {"c": 3}]
    assert faults_of("{}5")
    assert faults_of('{"a": 1}\n"b"')


def test_text_that_is_not_utf_8_is_a_fault_with_its_line():
    assert decode_text(b"a: 1\n", "f") == ("a: 1\n", [])
    text, faults = decode_text(b"a: 1\nb: \xff\n", "f")
    assert text == ""
    assert faults == [Fault("f", 2, "not UTF-8: invalid start byte at byte 8")]


def test_a_fault_reads_as_place_and_message():
    assert str(Fault("f.yaml", 3, "bad")) == "f.yaml:3: bad"
    assert str(Fault("f.yaml", 0, "bad")) == "f.yaml: bad"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200)
@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_what_is_written_is_read_back(data):
    (found,) = data_of(write_document(data))
    assert found == json.loads(json.dumps(data))


@settings(max_examples=150)
@given(st.dictionaries(st.text(), JSON, max_size=5), st.sampled_from([None, 2]))
def test_json_is_read_as_json(data, indent):
    assert data_of(json.dumps(data, indent=indent)) == [data]
    assert data_of(json.dumps(data, indent=indent, ensure_ascii=False)) == [data]


@settings(max_examples=500)
@given(st.text(alphabet="abc:-[]{}&*!|>'\"%#?, \n\t<0.\\/", max_size=60))
def test_no_text_makes_reading_raise(text):
    manifests, faults = read_documents(text, "f")
    assert all(0 <= m.outer_start <= m.start <= m.end <= m.outer_end <= len(text) for m in manifests)
    assert all(fault.line >= 1 for fault in faults)


@pytest.mark.parametrize("document", ["foo", "- foo", "'foo'", "7"])
def test_a_document_that_is_no_mapping_is_named_by_its_own_line(document: str) -> None:
    _, faults = read_documents(f"a: 1\n---\n# why\n{document}\n", "a.yaml")
    assert [(fault.line, "a manifest is a mapping" in fault.message) for fault in faults] == [(4, True)]
