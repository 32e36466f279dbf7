import pytest
import yaml

from mesh.manifests import needs_quotes, read_documents, write_document, write_inline


@pytest.mark.parametrize("text", ["", "yes", "y", "010", "0o7", "1e3", "null", "~", ".inf", "<<", "1_000", "08", ".5"])
def test_text_that_means_something_else_is_quoted(text):
    assert needs_quotes(text)
    (manifest,), faults = read_documents(write_document({"a": text, text: 1}), "f")
    assert not faults
    assert manifest.data == {"a": text, text: 1}


@pytest.mark.parametrize("text", ["plain", "v1.2.3", "2024-01-01", "12:30", "not"])
def test_other_text_needs_no_quotes_of_ours(text):
    assert not needs_quotes(text)


def test_text_of_several_lines_is_written_as_such():
    assert write_document({"a": "one\ntwo\n"}) == "a: |\n  one\n  two\n"


def test_long_text_is_not_folded():
    assert write_document({"a": "word " * 100 + "end"}).count("\n") == 1


def test_keys_keep_their_order_and_nothing_is_shared():
    shared = {"x": 1}
    assert write_document({"b": shared, "a": shared}) == "b:\n  x: 1\na:\n  x: 1\n"


@pytest.mark.parametrize(
    "value",
    ["a, b", "{", "yes", "one\ntwo", [1, {"a": "b: c"}], {"k": None}, {}, [], True, 1.5, "", "#", "ä", "x" * 3000],
)
def test_a_value_in_one_line_is_fit_for_braces(value):
    line = write_inline(value)
    assert "\n" not in line
    (manifest,), _ = read_documents(f"a: {{first: {line}, second: 2}}", "f")
    assert manifest.data == {"a": {"first": value, "second": 2}}


def test_what_is_no_json_value_is_refused():
    with pytest.raises(yaml.YAMLError):
        write_document({"a": object()})
