"""A short soak: what streams and connections took is given back, whatever way they ended. By counts, never by time."""

from pathlib import Path

import pytest

from bench.load.generator import compiler
from bench.soak import soak
from tests.conftest import missing

SECONDS = 12.0
AGENTS = 100


@pytest.mark.process
def test_a_principal_gives_back_what_agents_that_came_and_went_took(tmp_path: Path) -> None:
    if compiler() is None:
        missing("a C compiler, for the load generator")
    outcome = soak(tmp_path, seconds=SECONDS, agents=AGENTS)
    assert outcome.faults() == []
    assert outcome.load["connects"] > AGENTS
    assert max(one.held["Session"] for one in outcome.samples) > AGENTS / 4
