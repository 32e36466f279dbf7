import pytest

from mesh.bundle import Bundle, Field
from mesh.configuration.keepalive import KeepaliveFields, Unit, keepalive_findings
from mesh.findings import Level
from mesh.intent import DEFAULT_INTENT, Intent
from mesh.manifests import read_documents
from mesh.world import World


def found(
    text: str, *, unit: Unit = "duration", rounds_up: bool = False, intent: Intent | None = None
) -> list[tuple[str, str]]:
    place = Field.root(read_documents(text, "x.yaml")[0][0])
    fields = KeepaliveFields(
        time=place.at("time"), interval=place.at("interval"), probes=place.at("probes"), unit=unit, rounds_up=rounds_up
    )
    return [(each.code, each.path) for each in keepalive_findings(World(Bundle([]), intent), fields)]


def test_sound_values_are_left_alone() -> None:
    assert found("{time: 60s, interval: 20s, probes: 3}") == []
    assert found("{time: 60, interval: 20, probes: 3}", unit="seconds") == []


def test_what_is_not_set_is_the_kernels() -> None:
    assert found("{time: 60s}") == [("MT1916", "interval"), ("MT1916", "probes"), ("MT1918", "time")]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{time: 0s, interval: 20s, probes: 3}", "time"),
        ("{time: 500ms, interval: 20s, probes: 3}", "time"),
        ("{time: 60s, interval: 9h7m, probes: 3}", "interval"),
        ("{time: 60s, interval: 20s, probes: 0}", "probes"),
        ("{time: 60s, interval: 20s, probes: 128}", "probes"),
    ],
)
def test_what_the_kernel_does_not_take_is_an_error(text: str, path: str) -> None:
    assert ("MT1919", path) in found(text)


def test_parts_of_a_second_are_cut_off_or_rounded_up_by_system() -> None:
    text = "{time: 500ms, interval: 20s, probes: 3}"
    place = Field.root(read_documents(text, "x.yaml")[0][0])
    levels = {}
    for rounds_up in (False, True):
        fields = KeepaliveFields(
            time=place.at("time"), interval=place.at("interval"), probes=place.at("probes"), rounds_up=rounds_up
        )
        levels[rounds_up] = [each.level for each in keepalive_findings(World(Bundle([])), fields)]
    assert levels == {False: [Level.ERROR], True: [Level.WARNING]}


def test_too_soon_and_too_late_are_told() -> None:
    assert found("{time: 60s, interval: 2s, probes: 2}") == [("MT1917", "interval")]
    assert found("{time: 300s, interval: 20s, probes: 3}") == [("MT1918", "time")]
    assert found("{time: 60s, interval: 75s, probes: 9}") == [("MT1918", "time")]


def test_with_an_intent_only_what_differs_from_it_is_told() -> None:
    assert found("{time: 1m, interval: 20s, probes: 3}", intent=DEFAULT_INTENT) == []
    assert found("{time: 61s, interval: 20s}", intent=DEFAULT_INTENT) == [("MT1920", "time"), ("MT1920", "probes")]
