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
from tests.examples.rendering import EXAMPLES, OVERLAYS, rendered
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


def test_the_istio_overlay_is_what_is_generated() -> None:
    generated = {each.ref: comparable(each.data) for each in ADAPTERS["istio"].generate(DEFAULT_INTENT)}
    shown = {
        (each.data["kind"], each.data["metadata"].get("namespace"), each.data["metadata"]["name"]): comparable(
            each.data
        )
        for each in rendered(EXAMPLES / "overlays" / "istio")
        if each.data["kind"] != "Namespace"
    }
    assert shown == {(ref.kind, ref.namespace, ref.name): data for ref, data in generated.items()}


def comparable(data: Any) -> Any:
    """`data` with variables in order of their names: kustomize appends what a patch adds."""
    data = copy.deepcopy(dict(data))
    if data["kind"] == "Deployment":
        for container in data["spec"]["template"]["spec"]["containers"]:
            container["env"].sort(key=lambda each: each["name"])
    return data
