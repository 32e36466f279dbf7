"""Every overlay is rendered by the real kubectl, valid by the CRDs, and verifies clean against the default intent."""

import copy
from pathlib import Path
from typing import Any

import pytest

from mesh.adapters import ADAPTERS
from mesh.intent import DEFAULT_INTENT
from mesh.schema import Schemas
from mesh.verify import verify
from tests.conftest import missing
from tests.examples.rendering import OVERLAYS, rendered
from tests.mesh.adapters.test_schemas import UNKNOWN, files
from tests.mesh.schema.vectors import CRDS


@pytest.mark.parametrize("folder", OVERLAYS, ids=lambda path: path.name)
def test_an_overlay_verifies_clean(folder: Path) -> None:
    manifests = rendered(folder)
    assert verify(manifests, intent=DEFAULT_INTENT, adapters=[ADAPTERS[folder.name]]) == []


@pytest.mark.parametrize("folder", OVERLAYS, ids=lambda path: path.name)
def test_an_overlay_verifies_clean_without_an_intent_and_by_what_it_is_about(folder: Path) -> None:
    assert verify(rendered(folder)) == []


@pytest.mark.parametrize("folder", OVERLAYS, ids=lambda path: path.name)
def test_an_overlay_is_valid_by_the_crds(folder: Path) -> None:
    if not CRDS.exists():
        missing("the upstream CRDs beside the project")
    schemas, faults = Schemas.from_texts((path.name, path.read_text("utf-8")) for path in files(DEFAULT_INTENT))
    assert faults == []
    found = [finding for each in rendered(folder) for finding in schemas.validate(each)]
    assert [finding for finding in found if finding.code != UNKNOWN] == []


@pytest.mark.parametrize("folder", OVERLAYS, ids=lambda path: path.name)
def test_an_overlay_is_what_is_generated(folder: Path) -> None:
    generated = {key(each.data): comparable(each.data) for each in ADAPTERS[folder.name].generate(DEFAULT_INTENT)}
    shown = {key(each.data): comparable(each.data) for each in rendered(folder) if each.data["kind"] != "Namespace"}
    assert shown == generated


def test_every_system_that_lives_in_a_cluster_has_an_overlay() -> None:
    assert {path.name for path in OVERLAYS} == set(ADAPTERS) - {"envoy"}


def key(data: Any) -> tuple[str, str, str]:
    """What tells one object from another."""
    return data["kind"], data["metadata"].get("namespace", ""), data["metadata"]["name"]


def comparable(data: Any) -> Any:
    """`data` with variables in order of their names: kustomize appends what a patch adds."""
    data = copy.deepcopy(dict(data))
    if data["kind"] == "Deployment":
        for container in data["spec"]["template"]["spec"]["containers"]:
            container["env"].sort(key=lambda each: each["name"])
    return data
