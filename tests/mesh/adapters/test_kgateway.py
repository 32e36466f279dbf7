"""kgateway's adapter, beyond the contract: its guide's sample, its releases, its overlay."""

from dataclasses import replace

import pytest

from mesh.adapters import ADAPTERS
from mesh.intent import DEFAULT_INTENT, Intent, Mesh, Version
from tests.mesh.adapters.gateways import assert_overlay_is_clean, codes, edited, findings, read

ADAPTER = ADAPTERS["kgateway"]

FLAT = (
    "kind: BackendConfigPolicy apiVersion: gateway.kgateway.dev/v1alpha1 metadata: name: httpbin-keepalive namespace: "
    'httpbin spec: targetRefs: - name: httpbin group: "" kind: Service tcpKeepalive: keepAliveProbes: 3 keepAliveTime: '
    "30s keepAliveInterval: 5s"
)
"""The guide's sample as its page has it, without its line breaks."""

GUIDE = """\
kind: BackendConfigPolicy
apiVersion: gateway.kgateway.dev/v1alpha1
metadata:
  name: httpbin-keepalive
  namespace: httpbin
spec:
  targetRefs:
    - name: httpbin
      group: ""
      kind: Service
  tcpKeepalive:
    keepAliveProbes: 3
    keepAliveTime: 30s
    keepAliveInterval: 5s
"""


def at(release: str) -> Intent:
    return replace(DEFAULT_INTENT, mesh=Mesh(kgateway=Version.parse(release)))


def test_the_guides_sample_is_accepted() -> None:
    assert " ".join(GUIDE.split()) == FLAT
    assert codes("kgateway", GUIDE) == set()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("keepAliveTime: 30s", "keepAliveTime: 1500ms", "MT1919"),
        ("keepAliveTime: 30s", "keepAliveTime: 2h", "MT1918"),
        ("keepAliveProbes: 3", "keepAliveProbes: 0", "MT1919"),
        ("keepAliveProbes: 3", "keepAliveProbes: 1", "MT1917"),
    ],
)
def test_values_that_come_to_nothing_are_found(old: str, new: str, code: str) -> None:
    assert code in {each.code for each in findings("kgateway", GUIDE.replace(old, new))}


def test_pings_are_sent_from_2_4_on_only() -> None:
    def has(release: str) -> bool:
        return "connectionKeepalive" in "".join(each.yaml for each in ADAPTER.generate(at(release)))

    assert [has(each) for each in ("2.3", "2.4", "2.5")] == [False, True, True]


def test_listener_timers_are_in_the_kind_of_the_release() -> None:
    kinds = [{each.ref.kind for each in ADAPTER.generate(at(release))} for release in ("2.1", "2.2", "2.5")]
    assert ["HTTPListenerPolicy" in each for each in kinds] == [True, False, False]
    assert ["ListenerPolicy" in each for each in kinds] == [False, True, True]


@pytest.mark.parametrize("release", ["2.0", "2.1", "2.2", "2.3"])
def test_a_release_that_cannot_tell_who_calls_is_said_to(release: str) -> None:
    intent = at(release)
    found = {each.code for each in ADAPTER.verify(intent, ADAPTER.generate(intent))}
    assert "MT1406" in found


def test_a_service_without_a_protocol_makes_common_options_an_error() -> None:
    text = edited(ADAPTER.generate(DEFAULT_INTENT), "appProtocol: kubernetes.io/h2c", "appProtocol: http")
    found = {each.code for each in ADAPTER.verify(DEFAULT_INTENT, read(text))}
    assert {"MT1401", "MT1402"} <= found


def test_the_overlay_renders_and_is_clean() -> None:
    assert_overlay_is_clean("kgateway")
