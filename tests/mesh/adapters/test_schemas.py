"""What is generated is what the API server takes: by the upstream CRDs of the intent's own version."""

from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from mesh.adapters import ADAPTERS
from mesh.adapters.base import Adapter
from mesh.intent import DEFAULT_INTENT, Intent
from mesh.schema import Schemas
from tests.conftest import missing
from tests.mesh.adapters import contract
from tests.mesh.adapters.intents import intents
from tests.mesh.schema.vectors import CRDS

ISTIO = {(1, 28): "istio-1.28.0", (1, 30): "istio-1.30.3", (1, 31): "istio-1.31.0-rc.0"}
UNKNOWN = "MT1711"
"""No CRD at hand: not every kind's CRD is (Gloo's VirtualService)."""

AGENTGATEWAY = {(1, 0): "v1.0.1", (1, 2): "v1.2.1", (1, 3): "v1.3.1", (1, 4): "v1.4.1"}


def files(intent: Intent) -> list[Path]:
    """The CRDs that fit the versions of `intent`."""
    mesh = intent.mesh
    istio = ISTIO[mesh.istio.major, mesh.istio.minor]
    agentgateway = AGENTGATEWAY[mesh.agentgateway.major, mesh.agentgateway.minor]
    return [
        CRDS / "istio" / f"{istio}.crd-all.gen.yaml",
        *sorted((CRDS / "linkerd").glob("*.yaml")),
        # The older ListenerPolicy there is of before 2.4's fields.
        *sorted((CRDS / "kgateway").glob("*.yaml")),
        CRDS / "kgateway" / "2.4-and-older" / "gateway.kgateway.dev_httplistenerpolicies.yaml",
        *sorted((CRDS / "gloo").glob("*.yaml")),
        CRDS / "agentgateway" / f"agentgatewaypolicies-{agentgateway}.yaml",
        CRDS / "agentgateway" / "agentgateway.dev_agentgatewaybackends.yaml",
        CRDS / "agentgateway" / "agentgateway.dev_agentgatewayparameters.yaml",
        *sorted((CRDS / "gateway-api").glob("*.yaml")),
    ]


@cache
def schemas(paths: tuple[Path, ...]) -> Schemas:
    made, faults = Schemas.from_texts((path.name, path.read_text("utf-8")) for path in paths)
    assert faults == []
    return made


@pytest.fixture(autouse=True)
def _there() -> None:
    if not CRDS.exists():
        missing("the upstream CRDs beside the project")


def assert_valid(adapter: Adapter, intent: Intent) -> None:
    known = schemas(tuple(files(intent)))
    for manifest in contract.read_back(adapter.generate(intent)):
        found = [(each.code, each.path, each.message) for each in known.validate(manifest)]
        assert [each for each in found if each[0] != UNKNOWN] == []


@pytest.mark.parametrize("name", list(ADAPTERS))
@pytest.mark.parametrize("intent", contract.INTENTS.values(), ids=contract.INTENTS)
def test_what_is_generated_is_valid_by_the_crds(name: str, intent: Intent) -> None:
    assert_valid(ADAPTERS[name], intent)


@pytest.mark.parametrize("name", list(ADAPTERS))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(intent=intents())
def test_any_intent_gives_manifests_that_are_valid_by_its_versions_crds(name: str, intent: Intent) -> None:
    assert_valid(ADAPTERS[name], intent)


def test_the_crds_refuse_what_they_should() -> None:
    known = schemas(tuple(files(DEFAULT_INTENT)))
    rule = next(
        each for each in contract.read_back(ADAPTERS["istio"].generate(DEFAULT_INTENT)) if "Rule" in each.data["kind"]
    )
    rule.data["spec"]["trafficPolicy"]["connectionPool"]["tcp"]["tcpKeepalive"]["probes"] = "three"
    assert [each.path for each in known.validate(rule)]
