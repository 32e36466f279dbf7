"""Every adapter keeps the contract."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from mesh.adapters import ADAPTERS
from mesh.adapters.base import Adapter
from mesh.intent import Intent
from tests.mesh.adapters import contract
from tests.mesh.adapters.intents import intents

PRESENT = list(ADAPTERS)


pytestmark = [pytest.mark.grid, pytest.mark.timeout(300)]


@pytest.fixture(params=PRESENT)
def adapter(request: Any) -> Adapter:
    return ADAPTERS[request.param]


@pytest.fixture(params=sorted(contract.INTENTS))
def intent(request: Any) -> Intent:
    return contract.INTENTS[request.param]


def test_what_is_generated_verifies_clean(adapter: Adapter, intent: Intent) -> None:
    contract.assert_clean(adapter, intent)


def test_the_same_intent_gives_the_same_bytes(adapter: Adapter, intent: Intent) -> None:
    contract.assert_stable(adapter, intent)


def test_every_change_of_a_generated_leaf_is_noticed_or_listed_as_neutral(adapter: Adapter, intent: Intent) -> None:
    assert contract.unnoticed(adapter, intent) == []


def test_no_neutral_entry_is_idle(adapter: Adapter) -> None:
    assert contract.unused_neutrals(adapter, list(contract.INTENTS.values())) == []


def test_unknown_fields_are_no_semantic_matter(adapter: Adapter, intent: Intent) -> None:
    assert contract.strangers(adapter, intent) == []


def test_no_type_of_value_is_a_traceback(adapter: Adapter) -> None:
    contract.hostile(adapter, contract.INTENTS["other"])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(intent=intents())
def test_any_intent_gives_manifests_that_verify_clean(adapter: Adapter, intent: Intent) -> None:
    contract.assert_clean(adapter, intent)
    contract.assert_stable(adapter, intent)


def test_every_adapter_answers_to_its_name(adapter: Adapter) -> None:
    assert ADAPTERS[adapter.name] is adapter
