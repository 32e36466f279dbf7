"""Quiet streams and heartbeats under a real sidecar's stream idle timer."""

import asyncio
from pathlib import Path

import pytest

from tests.e2e.world import PATIENCE, until, world

pytestmark = [pytest.mark.lab, pytest.mark.process, pytest.mark.timeout(300)]

IDLE = 3.0


async def test_heartbeats_outlive_the_idle_timer_that_kills_a_quiet_stream(tmp_path: Path) -> None:
    async with world(tmp_path, "agent-a", "agent-quiet", idle=IDLE, start=False) as place:
        await place.start("agent-a")
        await place.agent("agent-quiet", heartbeat=None).start()
        await place.connected("agent-quiet")
        async with asyncio.timeout(PATIENCE):
            while (quiet := await place.record("agent-quiet"))["deaths"] < 2:
                await asyncio.sleep(0.1)
        living = await place.record("agent-a")
        assert living["deaths"] == 0
        assert living["heartbeat"]["received"] == living["heartbeat"]["acked"] > 0
        first = quiet["recentDeaths"][0]
        assert first["cause"] == "remote-closed"
        assert first["report"]["cause"] == "stream-reset"
        assert first["livedSeconds"] == pytest.approx(IDLE, abs=1.5)
        counters = [
            await sidecar.stats("http.") for sidecar in (place.lab.principal_sidecar, place.lab.sidecars["agent-quiet"])
        ]
        kills = sum(
            value
            for counter in counters
            for name, value in counter.items()
            if name.endswith("downstream_rq_idle_timeout")
        )
        assert kills >= quiet["deaths"]


async def test_a_stopped_sidecar_between_is_noticed_by_the_missing_ack_and_by_the_watchdog(tmp_path: Path) -> None:
    async with world(tmp_path, "agent-a") as place:
        # SIGSTOP leaves every socket open: no ping, no keepalive and no one-way heartbeat sees it.
        await until(lambda: "stream open" in place.agents["agent-a"].log(), "the stream is open")
        async with asyncio.timeout(PATIENCE):
            while (await place.record("agent-a"))["heartbeat"]["received"] < 3:
                await asyncio.sleep(0.1)
        place.lab.principal_sidecar.pause()
        try:
            await until(lambda: "heartbeat-unanswered" in place.agents["agent-a"].log(), "the agent notices")
            async with asyncio.timeout(PATIENCE):
                while (record := await place.record("agent-a"))["deaths"] == 0:
                    await asyncio.sleep(0.1)
        finally:
            place.lab.principal_sidecar.resume()
        assert record["lastDeath"]["cause"] == "session-timeout"
        await place.connected("agent-a")
