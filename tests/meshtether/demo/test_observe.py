"""Rows from what the admin API and the store's folder say."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from meshtether.demo.observe import count_synced, row
from meshtether.demo.plan import application
from meshtether.demo.table import COLUMNS, cells, plain

NOW = datetime(2026, 11, 21, 12, 0, 10, tzinfo=UTC)
RECORD: dict[str, Any] = {
    "name": "agent-1",
    "identity": "spiffe://x/agent-1",
    "connectedSince": "2026-11-21T12:00:00.000Z",
    "heartbeat": {"received": 5, "acked": 5, "rttMs": {"last": 1.25}},
    "connection": {"sharedBy": 4},
    "deaths": 2,
    "lastDeath": {"cause": "remote-closed", "livedSeconds": 5.0, "report": {"cause": "stream-reset"}},
    "recentDeaths": [{"livedSeconds": 4.9}, {"livedSeconds": 5.0}],
}


def test_a_row_says_how_long_how_alive_and_what_ended_it_in_the_agents_own_words() -> None:
    seen = row("agent-1", RECORD, (1, 2), (3, 4), NOW)
    assert seen.connected_for == 10.0
    assert (seen.heartbeats, seen.acked, seen.rtt_ms) == (5, 5, 1.25)
    assert (seen.deaths, seen.lives, seen.last_cause) == (2, (4.9, 5.0), "stream-reset")
    assert (seen.apps_synced, seen.apps, seen.shared_by) == (1, 2, 4)


def test_an_agent_that_gave_no_report_shows_what_the_principal_saw() -> None:
    silent = {**RECORD, "lastDeath": {"cause": "session-timeout", "report": None}}
    assert row("agent-1", silent, (0, 0), (0, 0), NOW).last_cause == "session-timeout"


def test_an_agent_that_has_not_come_yet_has_a_row_of_blanks() -> None:
    assert cells(row("agent-1", None, (0, 1), (0, 0), NOW)) == ("agent-1", "-", "-", "0/0", "-", "0", "-", "0/1")


def test_applications_are_counted_by_agent_from_the_files_a_user_wrote(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(application("agent-1"))
    (tmp_path / "two.yaml").write_text(application("agent-1") + "status: {sync: {status: Synced}}\n")
    (tmp_path / "three.yaml").write_text(application("agent-2"))
    (tmp_path / ".hidden.yaml").write_text("nonsense: [")
    assert count_synced(tmp_path) == {"agent-1": (1, 2), "agent-2": (0, 1)}


def test_the_plain_table_has_a_line_for_the_heading_and_one_for_each_agent() -> None:
    lines = plain([row("agent-1", RECORD, (1, 1), (0, 0), NOW), row("agent-2", None, (0, 0), (0, 0), NOW)]).splitlines()
    assert len(lines) == 3
    assert lines[0].split("  ")[0] == COLUMNS[0]
    assert lines[1].index("spiffe") == lines[0].index("identity")
