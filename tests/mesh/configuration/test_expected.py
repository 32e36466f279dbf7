from dataclasses import replace

from mesh.adapters.istio.generating import wiring
from mesh.configuration.expected import agent_settings, principal_settings, setting_notes, settings_of
from mesh.configuration.options import ROWS
from mesh.intent import DEFAULT_INTENT


def test_every_setting_is_an_option_of_its_side() -> None:
    wired = wiring(DEFAULT_INTENT)
    settings = settings_of(DEFAULT_INTENT, wired)
    assert set(settings) == set(ROWS)
    assert all(texts and set(texts) <= set(ROWS[side]) for side, texts in settings.items())
    for side in ("principal", "agent"):
        assert set(setting_notes(DEFAULT_INTENT, wired, side)) <= set(ROWS[side])


def test_no_host_is_written_where_the_pods_address_is_meant() -> None:
    wired = replace(wiring(DEFAULT_INTENT), listen_host=None)
    assert "listen-host" not in principal_settings(DEFAULT_INTENT, wired)


def test_agents_without_names_may_have_any_namespace() -> None:
    intent = replace(DEFAULT_INTENT, agents=replace(DEFAULT_INTENT.agents, names=()))
    assert principal_settings(intent, wiring(intent))["allowed-namespaces"] == "*"


def test_durations_are_gos() -> None:
    settings = agent_settings(DEFAULT_INTENT, wiring(DEFAULT_INTENT))
    assert (settings["heartbeat-interval"], settings["keep-alive-ping-interval"]) == ("30s", "30s")
    off = replace(DEFAULT_INTENT, keepalive=replace(DEFAULT_INTENT.keepalive, heartbeat=0))
    assert agent_settings(off, wiring(off))["heartbeat-interval"] == "0s"
