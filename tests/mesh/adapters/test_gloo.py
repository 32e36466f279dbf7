"""Gloo's adapter, beyond the contract: its guide's samples, and its overlay."""

import pytest

from mesh.adapters import ADAPTERS
from mesh.intent import DEFAULT_INTENT
from tests.mesh.adapters.gateways import assert_overlay_is_clean, codes, findings

ADAPTER = ADAPTERS["gloo"]

GATEWAY = """\
apiVersion: gateway.solo.io/v1
kind: Gateway
metadata: # collapsed for brevity
spec:
  bindAddress: '::'
  bindPort: 8080
  options:
    socketOptions:
      - description: "enable keepalive" # socket level options
        level: 1 # means socket level options (SOL_SOCKET)
        name: 9 # means the keepalive parameter (SO_KEEPALIVE)
        intValue: 1 # a nonzero value means "yes" to enable
        state: STATE_PREBIND
      - description: "idle time before first keepalive probe is sent" # TCP protocol
        level: 6 # IPPROTO_TCP
        name: 4 # TCP_KEEPIDLE parameter
        intValue: 60 # seconds
        state: STATE_PREBIND
      - description: "keepalive interval" # TCP protocol
        level: 6 # IPPROTO_TCP
        name: 5 # the TCP_KEEPINTVL parameter
        intValue: 20 # seconds
        state: STATE_PREBIND
      - description: "keepalive probes count" # TCP protocol
        level: 6 # IPPROTO_TCP
        name: 6 # the TCP_KEEPCNT parameter
        intValue: 2 # number of failed probes
        state: STATE_PREBIND
"""

UPSTREAM = """\
apiVersion: gloo.solo.io/v1
kind: Upstream
metadata: # collapsed for brevity
spec:
  # the destination settings are omitted for brevity
  connectionConfig:
    tcpKeepalive:
      keepaliveInterval: 20 # seconds
      keepaliveProbes: 2 # number of probes
      keepaliveTime: 60 # seconds
"""


@pytest.mark.parametrize(("sample", "expected"), [(GATEWAY, set()), (UPSTREAM, {"MT1501"})])
def test_the_guides_samples_are_accepted_or_refused_for_their_trap(sample: str, expected: set[str]) -> None:
    assert codes("gloo", sample) == expected


def test_a_number_is_refused_with_the_text_to_write() -> None:
    remedies = [each.remedy for each in findings("gloo", UPSTREAM) if each.code == "MT1501"]
    assert remedies == ['Write keepaliveInterval: "20s".', 'Write keepaliveTime: "60s".']


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("name: 4 ", "name: 16 ", "MT1502"),
        ("state: STATE_PREBIND", "state: STATE_LISTENING", "MT1503"),
        ("intValue: 1 ", "intValue: 0 ", "MT1504"),
        ("name: 9 ", "name: 8 ", "MT1504"),
        ("intValue: 60 ", 'intValue: "40000" ', "MT1919"),
    ],
)
def test_options_that_come_to_nothing_are_found(old: str, new: str, code: str) -> None:
    assert code in {each.code for each in findings("gloo", GATEWAY.replace(old, new))}


def test_numbers_as_text_are_numbers() -> None:
    assert (
        codes("gloo", GATEWAY.replace("level: 6 ", 'level: "6" ').replace("intValue: 60 ", 'intValue: "60" ')) == set()
    )


def test_parts_of_a_second_are_rounded_up() -> None:
    text = UPSTREAM.replace(": 20 ", ": 19500ms ").replace(": 60 ", ": 60s ")
    messages = [each.message for each in findings("gloo", text) if each.code == "MT1919"]
    assert len(messages) == 1
    assert "becomes 20s" in messages[0]


def test_helm_values_that_miss_a_static_cluster_are_found_in_a_file_of_their_own() -> None:
    values = "gloo:\n  gatewayProxies:\n    edge:\n      envoyStaticClusters:\n      - name: hub\n"
    assert "MT1507" in {each.code for each in findings("gloo", values)}


def test_every_time_is_text() -> None:
    (upstream,) = (each for each in ADAPTER.generate(DEFAULT_INTENT) if each.ref.kind == "Upstream")
    keepalive = upstream.data["spec"]["connectionConfig"]["tcpKeepalive"]
    assert keepalive == {"keepaliveTime": "60s", "keepaliveInterval": "20s", "keepaliveProbes": 3}


def test_the_overlay_renders_and_is_clean() -> None:
    assert_overlay_is_clean("gloo")
