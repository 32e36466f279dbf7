"""What is to be seen: one row an agent, from the admin API, the stores and the Envoys' own counters."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from mesh.lab import AdminError, LabMesh, Sidecar

KILLER_COUNTER: Final = {
    "inbound": "http.inbound.downstream_rq_idle_timeout",
    "outbound": "http.outbound.downstream_rq_idle_timeout",
}
"""The Envoy counter of streams that `stream_idle_timeout` ended, by the side that counts."""

ADMIN_TIMEOUT: Final = 2.0
"""Seconds that the admin API may take; it answers in milliseconds."""


@dataclass(frozen=True, slots=True)
class Row:
    """One agent as seen at one moment."""

    agent: str
    identity: str | None = None
    connected_for: float | None = None
    """Seconds; None while it is not connected."""
    heartbeats: int = 0
    acked: int = 0
    rtt_ms: float | None = None
    deaths: int = 0
    lives: tuple[float, ...] = ()
    """Seconds that its ended streams lived, the oldest first."""
    last_cause: str = ""
    apps_synced: int = 0
    apps: int = 0
    shared_by: int = 0
    idle_kills: tuple[int, int] = (0, 0)
    """Streams that the idle timer ended: counted by the agent's own sidecar, and by the principal's for all agents."""


@dataclass(frozen=True, slots=True)
class Scene:
    """All rows at one moment."""

    rows: tuple[Row, ...]
    answered: bool
    """Whether the admin API answered."""


class Observer:
    """Looks at a running demo."""

    def __init__(self, *, url: str, lab: LabMesh, store: Path, agents: list[str]) -> None:
        self._lab = lab
        self._store = store
        self._agents = agents
        self._client = httpx.AsyncClient(base_url=url, timeout=ADMIN_TIMEOUT, trust_env=False)

    async def close(self) -> None:
        """Close the connection to the admin API."""
        await self._client.aclose()

    async def look(self) -> Scene:
        """One row an agent, now."""
        records = await self._records()
        inbound = await _counter(self._lab.principal_sidecar, "inbound")
        kills = await asyncio.gather(*(_counter(self._lab.sidecars[name], "outbound") for name in self._agents))
        applications = await asyncio.to_thread(count_synced, self._store)
        now = datetime.now(UTC)
        rows = tuple(
            row(name, (records or {}).get(name), applications.get(name, (0, 0)), (own, inbound), now)
            for name, own in zip(self._agents, kills, strict=True)
        )
        return Scene(rows, answered=records is not None)

    async def _records(self) -> dict[str, dict[str, Any]] | None:
        try:
            answers = await asyncio.gather(*(self._client.get(f"/api/v1/agents/{name}") for name in self._agents))
        except httpx.HTTPError:
            return None
        return {body["name"]: body for body in (answer.json() for answer in answers if answer.is_success)}


def row(
    name: str, record: Mapping[str, Any] | None, applications: tuple[int, int], kills: tuple[int, int], now: datetime
) -> Row:
    """One row from an agent's record in the admin API; an agent that has not come yet has none."""
    synced, total = applications
    if record is None:
        return Row(name, apps_synced=synced, apps=total, idle_kills=kills)
    since = record["connectedSince"]
    beats, last = record["heartbeat"], record["lastDeath"]
    return Row(
        agent=name,
        identity=record["identity"],
        connected_for=None if since is None else (now - datetime.fromisoformat(since)).total_seconds(),
        heartbeats=beats["received"],
        acked=beats["acked"],
        rtt_ms=beats["rttMs"]["last"],
        deaths=record["deaths"],
        lives=tuple(death["livedSeconds"] for death in record["recentDeaths"]),
        last_cause="" if last is None else str((last["report"] or last)["cause"]),
        apps_synced=synced,
        apps=total,
        shared_by=0 if record["connection"] is None else record["connection"]["sharedBy"],
        idle_kills=kills,
    )


def count_synced(store: Path) -> dict[str, tuple[int, int]]:
    """Applications in the principal's own folder, by agent: those whose status says Synced, and all."""
    counts: dict[str, tuple[int, int]] = {}
    for path in sorted(store.rglob("*.yaml")):
        if any(part.startswith(".") for part in path.relative_to(store).parts):
            continue
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            namespace = document["metadata"]["namespace"]
            synced, total = counts.get(namespace, (0, 0))
            is_synced = document.get("status", {}).get("sync", {}).get("status") == "Synced"
            counts[namespace] = (synced + is_synced, total + 1)
    return counts


async def _counter(sidecar: Sidecar, side: str) -> int:
    name = KILLER_COUNTER[side]
    try:
        return (await sidecar.stats(name)).get(name, 0)
    except AdminError:
        return 0
