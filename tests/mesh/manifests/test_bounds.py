"""Inputs made to hurt: each ends soon, with a fault, within the bounds of limits.py."""

import time
import tracemalloc

import pytest

from mesh.manifests import MAX_DEPTH, MAX_DOCUMENTS, MAX_NODES, MAX_TEXT, read_documents
from mesh.manifests.limits import MAX_FAULTS

SECONDS = 10.0
"""The requirement for bad input (reliability H11); each of these takes well under a second or two."""

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGE_BOMB = "a: &a {k0: 1, k1: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 9)}], {name}: {{x: *{before}, y: *{before}}}}}\n"
    for before, name in zip("abcdefghijklmnopqrstu", "bcdefghijklmnopqrstuv", strict=True)
)

HURTFUL = {
    "deep flow": "[" * 200_000,
    "deep flow over lines": "[\n" * 200_000,
    "deep mappings": "{a: " * 200_000,
    "deep block": "- " * 200_000,
    "deep json": '{"a":' * 200_000,
    "alias bomb": BOMB,
    "merge bomb": MERGE_BOMB,
    "many nodes": "a: [" + "1, " * 1_100_000 + "]",
    "many keys": "{" + ", ".join(f"k{n}: 1" for n in range(550_000)) + "}",
    "an unfit document with many nodes": "{a: 1, a: 2, b: [" + "1, " * 1_100_000 + "]}",
    "an unfit document that is deep": "{a: 1, a: 2, b: " + "[" * 200_000,
    "a deep alias": "a0: &a0 []\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 200)),
}


@pytest.mark.parametrize("text", HURTFUL.values(), ids=HURTFUL)
def test_a_bound_is_a_fault_and_is_met_soon(text):
    begun = time.monotonic()
    manifests, faults = read_documents(text, "f")
    assert time.monotonic() - begun < SECONDS
    assert not manifests
    assert "more than" in faults[-1].message


def test_an_alias_bomb_takes_little_memory():
    tracemalloc.start()
    try:
        read_documents(BOMB, "f")
        assert tracemalloc.get_traced_memory()[1] < 200 * 2**20
    finally:
        tracemalloc.stop()


def test_as_many_documents_as_allowed_are_returned():
    manifests, faults = read_documents("a: 1\n---\n" * (MAX_DOCUMENTS + 50), "f")
    assert len(manifests) == MAX_DOCUMENTS
    assert [fault.message for fault in faults] == [f"more than {MAX_DOCUMENTS} documents; nothing behind it is read"]
    manifests, faults = read_documents('{"a":1}\n' * (MAX_DOCUMENTS + 50), "f")
    assert (len(manifests), len(faults)) == (MAX_DOCUMENTS, 1)


def test_empty_documents_without_end_are_given_up_soon():
    begun = time.monotonic()
    manifests, faults = read_documents("---\n" * 4_000_000, "f")
    assert time.monotonic() - begun < SECONDS
    assert not manifests
    assert len(faults) == 1


def test_a_text_beyond_the_limit_is_not_looked_at():
    manifests, faults = read_documents("#" * (MAX_TEXT + 1), "f")
    assert not manifests
    assert faults[0].line == 0
    assert read_documents("#" * MAX_TEXT, "f") == ([], [])


def test_the_deepest_document_that_is_allowed_is_read():
    inner = MAX_DEPTH - 1
    (manifest,), faults = read_documents("a: " + "[" * inner + "]" * inner, "f")
    assert not faults
    assert manifest.lines.of(("a", 0, 0)) == 1
    _, faults = read_documents("a: " + "[" * (inner + 1) + "]" * (inner + 1), "f")
    assert str(MAX_DEPTH) in faults[0].message
    (manifest,), faults = read_documents('{"a":' + "[" * inner + "]" * inner + "}", "f")
    assert not faults


def test_no_more_faults_than_anybody_reads_are_kept():
    _, faults = read_documents("- 1\n---\n" * (MAX_FAULTS * 2), "f")
    assert len(faults) == MAX_FAULTS


def test_aliases_count_as_often_as_they_are_used():
    line = "x" + ": [" + "1, " * 1000 + "]\n"
    uses = "".join(f"u{n}: *a\n" for n in range(MAX_NODES // 1000))
    _, faults = read_documents("a: &a {" + line.strip() + "}\n" + uses, "f")
    assert "values" in faults[0].message
