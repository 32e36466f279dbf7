import math

import pytest

from mesh.manifests import MAX_DEPTH
from stores.model import StoreError
from stores.values import checked_copy, copy_of, same


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True), (True, 1, False), (0, False, False), (True, True, True), (None, None, True),
        (None, False, False), ("1", 1, False), ({"a": 1}, {"a": True}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True), ([1], [1, 2], False),
        ([], {}, False), ({}, None, False), ({"a": None}, {}, False), ([{"a": [1]}], [{"a": [1]}], True),
    ],
)  # fmt: skip
def test_values_are_equal_as_json_has_it(one, other, equal):
    assert same(one, other) is equal
    assert same(other, one) is equal


def test_a_copy_shares_nothing():
    data = {"a": [{"b": 1}]}
    copied = copy_of(data)
    copied["a"][0]["b"] = 2
    assert data == {"a": [{"b": 1}]}


def deep(levels):
    data = inner = {}
    for _ in range(levels):
        inner["a"] = {}
        inner = inner["a"]
    return data


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (math.nan, "JSON"), (math.inf, "JSON"), ("\ud800", "surrogate"), (b"x", "bytes"), ({1: 2}, "no text"),
        ({"\udfff": 1}, "surrogate"), (deep(MAX_DEPTH + 1), "levels"), (object(), "object"),
    ],
)  # fmt: skip
def test_what_a_manifest_cannot_hold_is_refused_by_its_place(value, part):
    with pytest.raises(StoreError, match=part) as caught:
        checked_copy({"spec": [value]})
    assert not caught.value.retryable
    assert "spec.0" in str(caught.value)


def test_tuples_become_lists():
    assert checked_copy({"a": (1, 2)}) == {"a": [1, 2]}
