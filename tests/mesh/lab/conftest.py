"""Tests marked `lab` need the real Envoy."""

import pytest

from mesh.lab import EnvoyMissing, find_envoy
from tests.conftest import missing


@pytest.fixture(autouse=True)
def _envoy(request: pytest.FixtureRequest) -> None:
    """Skip, or on CI fail, a test that needs an Envoy where there is none."""
    if request.node.get_closest_marker("lab") is None:
        return
    try:
        find_envoy()
    except EnvoyMissing as error:
        missing(str(error))
