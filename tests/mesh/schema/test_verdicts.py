"""Objects against upstream CRDs: the same verdict, in the same words, as Kubernetes' own Go code: verdicts_go.json."""

import re

import pytest

from mesh.schema.cel import Budget
from mesh.schema.checking import check
from mesh.schema.nodes import Node
from mesh.schema.preparing import prepare
from mesh.schema.problems import plain_path
from mesh.schema.rules import evaluate
from tests.conftest import missing
from tests.mesh.schema.vectors import CRDS, VERDICTS, rows, schema

ROWS = rows(VERDICTS)


@pytest.fixture(scope="module")
def nodes():
    if not CRDS.is_dir():
        missing("the upstream CRDs beside the project")
    return {}


def texts(node, value):
    unknown = []
    value = prepare(node, value, unknown, root=True)
    problems = check(node, value) or []
    if not any(problem.blocks for problem in problems):
        problems += evaluate(node, value, Budget(1_000_000))
    return {problem.text for problem in problems}, sorted(plain_path(tuple(reversed(path))) for path in unknown)


def plain(text):
    """A message without what is otherwise on purpose: here each names its field, and long values are shortened."""
    text = re.sub(r'^[^ ]*: (?=Invalid value: "": ("|Checked))', "", text)
    return re.sub(r"no such overload: [^']*", "no such overload", text)


@pytest.mark.parametrize("row", ROWS, ids=[f"{n}-{row['kind']}" for n, row in enumerate(ROWS)])
def test_the_verdict_is_that_of_the_api_server(row, nodes):
    place = (row["crd"], row["kind"], row["version"])
    node = nodes.setdefault(place, Node(schema(*place)))
    found, unknown = texts(node, row["object"])
    assert bool(found) == bool(row["errors"])
    assert unknown == row["unknown"]
    if not any("…" in text or "must validate" in text for text in found):
        assert {plain(text) for text in found} == {plain(text) for text in row["errors"]}


def test_objects_are_never_changed_in_place(nodes):
    for row in ROWS:
        place = (row["crd"], row["kind"], row["version"])
        before = repr(row["object"])
        texts(nodes.setdefault(place, Node(schema(*place))), row["object"])
        assert repr(row["object"]) == before
