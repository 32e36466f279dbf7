from dataclasses import replace

import pytest

from mesh.adapters.istio.filters import CHECKS
from mesh.intent import DEFAULT_INTENT, Intent, Version
from tests.mesh.adapters.istio.edits import codes, edited, findings, generated

NEW = replace(DEFAULT_INTENT, keepalive=replace(DEFAULT_INTENT.keepalive, downstream=True))
OLD = replace(NEW, mesh=replace(NEW.mesh, istio=Version(1, 28)))


@pytest.mark.parametrize("intent", [NEW, OLD], ids=["tcp_keepalive", "socket_options"])
def test_what_is_generated_is_accepted_by_its_release(intent: Intent) -> None:
    assert codes(CHECKS, generated(intent)) == []
    assert codes(CHECKS, generated(intent), intent) == []


def test_an_older_envoys_listener_has_no_field_for_it() -> None:
    assert "MT1121" in codes(CHECKS, generated(NEW), OLD)


def test_a_filter_that_the_intent_wants_is_missed_when_it_is_for_other_pods_or_listeners() -> None:
    assert codes(CHECKS, generated(DEFAULT_INTENT), NEW) == ["MT1816"]
    assert "MT1816" in codes(CHECKS, edited(("virtualInbound", "virtualOutbound"), intent=NEW), NEW)
    assert "MT1816" in codes(CHECKS, edited(("operation: MERGE", "operation: ADD"), intent=NEW), NEW)


@pytest.mark.parametrize("state", ["STATE_LISTENING", "STATE_BOUND", "1", "[STATE_PREBIND]", "{a: b}"])
def test_accepted_sockets_inherit_what_was_set_before_binding_only(state: str) -> None:
    found = findings(CHECKS, edited(("state: STATE_PREBIND", f"state: {state}"), intent=OLD))
    assert {each.code for each in found} == {"MT1121"}
    assert {each.path.rpartition(".")[2] for each in found} == {"state"}


@pytest.mark.parametrize("state", ["STATE_PREBIND", "0"])
def test_the_first_state_may_be_a_name_or_a_number(state: str) -> None:
    assert codes(CHECKS, edited(("state: STATE_PREBIND", f"state: {state}"), intent=OLD)) == []


def test_options_without_the_switch_send_no_probe() -> None:
    switch = "level: 1\n          name: 9\n          int_value: 1"
    assert "MT1121" in codes(CHECKS, edited((switch, switch[:-1] + "0"), intent=OLD))
    assert "MT1121" in codes(CHECKS, edited((switch, switch.replace("name: 9", "name: 2")), intent=OLD))


def test_another_systems_numbers_are_told() -> None:
    patch = "{applyTo: LISTENER, patch: {value: {socket_options: [{level: 6, name: 16, int_value: 60}]}}}"
    text = "{apiVersion: networking.istio.io/v1alpha3, kind: EnvoyFilter, metadata: {name: x, namespace: argocd}, "
    (finding,) = findings(CHECKS, f"{text}spec: {{configPatches: [{patch}]}}}}")
    assert finding.code == "MT1121"
    assert "macOS" in finding.message


def test_a_patch_of_the_pods_own_clients_has_no_effect() -> None:
    assert "MT1121" in codes(CHECKS, edited(("SIDECAR_INBOUND", "SIDECAR_OUTBOUND"), intent=NEW))


def test_a_stream_timer_is_compared_with_the_agents_heartbeats() -> None:
    patch = "{applyTo: NETWORK_FILTER, patch: {value: {typed_config: {stream_idle_timeout: %s}}}}"
    text = "---\n{apiVersion: networking.istio.io/v1alpha3, kind: EnvoyFilter, metadata: {name: x, namespace: argocd}, "
    text = f"{generated()}{text}spec: {{configPatches: [{patch}]}}}}"
    assert codes(CHECKS, text % "20s") == ["MT1910"]
    assert codes(CHECKS, text % "45s") == []
