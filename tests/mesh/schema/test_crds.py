"""Every upstream CRD at hand is found, read and compiled."""

import time

import pytest

from mesh.schema.cel import compile_rule
from mesh.schema.checking import check
from mesh.schema.definitions import scan
from mesh.schema.nodes import Node, below
from mesh.schema.schemas import Schemas
from tests.conftest import missing
from tests.mesh.schema.vectors import CRDS

FILES = sorted(CRDS.rglob("*.yaml"))
SECONDS = 3.0
"""For finding every kind in twelve megabytes of CRDs; it takes a tenth of a second."""


@pytest.fixture(scope="module", autouse=True)
def _there():
    if not FILES:
        missing("the upstream CRDs beside the project")


def definitions():
    return [each for path in FILES for each in scan(path.read_text("utf-8"), path.name)[0]]


def test_every_kind_is_found_without_reading_the_files():
    begun = time.monotonic()
    kinds = {(each.group, each.kind) for each in definitions()}
    assert time.monotonic() - begun < SECONDS
    assert {("networking.istio.io", "DestinationRule"), ("gloo.solo.io", "Upstream")} <= kinds
    assert {("policy.linkerd.io", "Server"), ("agentgateway.dev", "AgentgatewayPolicy")} <= kinds
    assert {("gateway.kgateway.dev", "BackendConfigPolicy"), ("argoproj.io", "Application")} <= kinds
    assert len(kinds) >= 40


def test_scanning_finds_what_reading_finds():
    for path in FILES:
        text = path.read_text("utf-8")
        scanned, faults = scan(text, path.name)
        assert faults == []
        assert len(scanned) == text.count("\nkind: CustomResourceDefinition") + text.startswith("kind: Custom")
        for each in scanned:
            assert each.versions, each


def rules(schema):
    yield from schema.get("x-kubernetes-validations", ())
    for each in below(schema):
        yield from rules(each)


def test_every_rule_of_every_version_compiles():
    texts = set()
    for definition in definitions():
        for version in definition.versions.values():
            for rule in rules(version.schema):
                texts |= {rule["rule"], *([rule["messageExpression"]] if "messageExpression" in rule else [])}
    assert len(texts) > 300
    for text in texts:
        compile_rule(text)


def test_an_object_without_a_spec_is_looked_at_by_every_kind():
    for definition in definitions():
        for version in definition.versions.values():
            problems = check(Node(version.schema), {"apiVersion": "x", "kind": "y", "metadata": {}}) or []
            wanted = set(version.schema.get("required", ())) - {"apiVersion", "kind", "metadata"}
            assert {problem.path[0] for problem in problems} >= wanted


def test_schemas_of_all_files_are_one_thing():
    schemas, faults = Schemas.from_texts((path.name, path.read_text("utf-8")) for path in FILES)
    assert faults == []
    assert schemas.validate
