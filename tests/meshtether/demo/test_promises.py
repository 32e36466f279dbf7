"""The demo's verdicts: kept only when what was promised was seen."""

from dataclasses import replace

import pytest

from meshtether.demo.observe import Row
from meshtether.demo.plan import QUIET_AGENT, STREAM_IDLE
from meshtether.demo.promises import judge, killer

IDENTITIES = {"agent-1": "spiffe://x/agent-1", QUIET_AGENT: "spiffe://x/quiet"}
LIVING = Row(
    "agent-1",
    identity="spiffe://x/agent-1",
    connected_for=30.0,
    heartbeats=15,
    acked=15,
    rtt_ms=1.5,
    apps_synced=1,
    apps=1,
)
QUIET = Row(
    QUIET_AGENT,
    identity="spiffe://x/quiet",
    connected_for=1.0,
    deaths=5,
    lives=(STREAM_IDLE,) * 5,
    last_cause="stream-reset",
    idle_kills=(3, 2),
)


def broken(*rows: Row) -> list[str]:
    return [verdict.promise for verdict in judge(rows, IDENTITIES) if not verdict.kept]


def test_a_good_run_keeps_every_promise() -> None:
    assert broken(LIVING, QUIET) == []


@pytest.mark.parametrize(
    ("living", "quiet", "said"),
    [
        ({"identity": "spiffe://x/agent-2"}, {}, "identity"),
        ({"identity": None}, {}, "identity"),
        ({"connected_for": None}, {}, "never die"),
        ({"deaths": 1}, {}, "never die"),
        ({"acked": 14}, {}, "acknowledged"),
        ({"heartbeats": 0, "acked": 0}, {}, "acknowledged"),
        ({"rtt_ms": None}, {}, "acknowledged"),
        ({"apps_synced": 0}, {}, "status comes back"),
        ({"apps": 0, "apps_synced": 0}, {}, "status comes back"),
        ({}, {"lives": (), "deaths": 0}, "lives"),
        ({}, {"lives": (STREAM_IDLE * 3,) * 5}, "lives"),
        ({}, {"idle_kills": (1, 1)}, "counters"),
        ({}, {"idle_kills": (0, 0)}, "counters"),
    ],
)
def test_a_promise_that_was_not_seen_to_be_kept_is_broken(
    living: dict[str, object], quiet: dict[str, object], said: str
) -> None:
    assert any(said in promise for promise in broken(replace(LIVING, **living), replace(QUIET, **quiet)))  # type: ignore[arg-type]


def test_the_killer_is_named_only_where_a_counter_confirms_it() -> None:
    assert killer(LIVING) == ""
    assert killer(QUIET) == "stream_idle_timeout 5s at own sidecar and principal's sidecar"
    assert killer(replace(QUIET, idle_kills=(0, 5))) == "stream_idle_timeout 5s at principal's sidecar"
    assert killer(replace(QUIET, idle_kills=(0, 0))) == "stream-reset"
    assert killer(replace(LIVING, deaths=1, last_cause="socket-closed", idle_kills=(0, 5))) == "socket-closed"
