"""What is generated for the gateways is valid by the upstream CRDs of the intent's release, for any intent."""

import functools

import pytest
from hypothesis import given, settings

from mesh.adapters import ADAPTERS
from mesh.findings import Level
from mesh.intent import Intent
from mesh.manifests import Manifest, read_documents
from mesh.schema import Schemas
from tests.conftest import missing
from tests.mesh.adapters.intents import intents
from tests.mesh.schema.vectors import CRDS

AGENTGATEWAY = {"1.0": "v1.0.1", "1.2": "v1.2.1", "1.3": "v1.3.1", "1.4": "v1.4.1"}
"""Which file has the policies of a release."""


@pytest.fixture(scope="module", autouse=True)
def _there() -> None:
    if not CRDS.is_dir():
        missing("the upstream CRDs beside the project")


def patterns(name: str, intent: Intent) -> tuple[str, ...]:
    if name == "agentgateway":
        return (f"agentgatewaypolicies-{AGENTGATEWAY[str(intent.mesh.agentgateway)]}.yaml",)
    return ("*.yaml",)


@functools.cache
def schemas(name: str, wanted: tuple[str, ...]) -> Schemas:
    documents: list[Manifest] = []
    for path in (*(p for each in wanted for p in (CRDS / name).glob(each)), *(CRDS / "gateway-api").glob("*.yaml")):
        documents += read_documents(path.read_text("utf-8"), path.name)[0]
    return Schemas.from_documents(documents)


@pytest.mark.parametrize("name", ["kgateway", "gloo", "agentgateway"])
def test_generated_manifests_are_valid_by_the_crds(name: str) -> None:
    @settings(max_examples=20, deadline=None)
    @given(intent=intents())
    def check(intent: Intent) -> None:
        known = schemas(name, patterns(name, intent))
        found = [finding for each in ADAPTERS[name].generate(intent) for finding in known.validate(each)]
        assert [each for each in found if each.level is not Level.INFO] == []

    check()
