import pytest

from mesh.adapters.istio.facts import envoy_of
from mesh.intent import Version


@pytest.mark.parametrize(("istio", "envoy"), [((1, 28), (1, 36)), ((1, 29), (1, 37)), ((1, 30), (1, 38))])
def test_each_release_ships_the_envoy_of_its_release_notes(istio: tuple[int, int], envoy: tuple[int, int]) -> None:
    assert envoy_of(Version(*istio)) == Version(*envoy)
