import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.adapters.writing import fitting, write_commented
from mesh.manifests import read_documents

SCALARS = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=20)
DATA = st.dictionaries(
    st.text(min_size=1, max_size=8),
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3),
        max_leaves=12,
    ),
    min_size=1,
    max_size=5,
)


@given(data=DATA)
def test_what_is_written_is_read_back(data: dict[str, object]) -> None:
    manifests, faults = read_documents(write_commented(data, {}), "x")
    assert faults == []
    assert manifests[0].data == data


def test_comments_stand_above_their_fields() -> None:
    data = {"kind": "X", "spec": {"ports": [{"port": 1, "name": "a"}, {"port": 2}], "args": ["a", "b"]}}
    comments = {
        (): "whole",
        ("spec",): "s",
        ("spec", "ports", 0): "first",
        ("spec", "ports", 0, "port"): "number",
        ("spec", "ports", 0, "name"): "called",
        ("spec", "args", 1): "b",
    }
    assert write_commented(data, comments) == (
        "# whole\nkind: X\n# s\nspec:\n  ports:\n  # first\n  # number\n  - port: 1\n    # called\n    name: a\n"
        "  - port: 2\n  args:\n  - a\n  # b\n  - b\n"
    )


def test_long_comments_are_broken_between_words() -> None:
    text = write_commented({"a": 1}, {("a",): "word " * 60})
    assert max(map(len, text.splitlines())) <= 102
    assert text.count("word") == 60


def test_texts_of_some_lines_are_written_as_blocks() -> None:
    assert write_commented({"a": {"b": "x: 1\ny: 2\n"}}, {}) == "a:\n  b: |\n    x: 1\n    y: 2\n"


def test_comments_whose_fields_are_not_there_can_be_left_out() -> None:
    comments = {("a",): "1", ("a", 0): "2", ("a", 0, "b"): "3", ("a", 1): "4", ("c",): "5", ("a", 0, "c"): "6"}
    fit = fitting(comments, {"a": [{"b": 1}]})
    assert sorted(fit.values()) == ["1", "2", "3"]
    assert write_commented({"a": [{"b": 1}]}, fit).count("#") == 3


def test_a_comment_on_a_field_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        write_commented({"a": 1}, {("b",): "x"})
