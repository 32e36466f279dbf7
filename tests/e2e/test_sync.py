"""The main job on a real mesh: who is who, Applications there and statuses back, and what killing anything costs."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.world import World, dig, read, until, world

pytestmark = [pytest.mark.lab, pytest.mark.process, pytest.mark.timeout(300)]

AGENTS = ("agent-a", "agent-b", "agent-c")
HEALTHY = {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}


async def arrived(place: World, agent: str, application: str, *, path: str = "guestbook") -> None:
    file = place.agent_file(agent, application)
    await until(lambda: dig(read(file), "spec", "source", "path") == path, f"{application} at {agent} with {path}")


async def gone(place: World, agent: str, application: str) -> None:
    file = place.agent_file(agent, application)
    await until(lambda: not file.exists(), f"{application} gone from {agent}")


async def reported(place: World, agent: str, application: str, health: str) -> None:
    file = place.hub_file(agent, application)
    await until(lambda: dig(read(file), "status", "health", "status") == health, f"{application} is {health}")


@pytest.mark.parametrize("mesh", ["istio", "linkerd"])
async def test_agents_are_known_by_the_identity_in_their_certificate(tmp_path: Path, mesh: str) -> None:
    async with world(tmp_path, *AGENTS, mesh=mesh) as place:
        records = await place.connected(*AGENTS)
        assert {name: record["identity"] for name, record in records.items()} == {
            name: place.lab.identity_of(name) for name in AGENTS
        }
        assert {record["mode"] for record in records.values()} == {"managed"}


async def test_an_application_goes_to_its_agent_only_its_status_comes_back_and_its_deletion_follows(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, *AGENTS) as place:
        file = place.write("agent-b", "shop")
        await arrived(place, "agent-b", "shop")
        assert [list(place.agent_store(name).rglob("shop.yaml")) for name in ("agent-a", "agent-c")] == [[], []]

        place.report("agent-b", "shop", HEALTHY)
        await reported(place, "agent-b", "shop", "Healthy")
        assert file.read_text().startswith("# written by a user"), "the user's comment is gone"

        place.write("agent-b", "shop", path="changed")
        await arrived(place, "agent-b", "shop", path="changed")

        file.unlink()
        await gone(place, "agent-b", "shop")


async def test_a_broken_manifest_is_named_and_is_no_deletion_and_the_others_go_on(tmp_path: Path) -> None:
    async with world(tmp_path, "agent-a") as place:
        file = place.write("agent-a", "shop")
        await arrived(place, "agent-a", "shop")
        file.write_text("kind: [broken\n")
        place.write("agent-a", "other")
        await arrived(place, "agent-a", "other")
        await until(lambda: f"{file}:" in place.principal.log(), "the broken file is named in the log")
        assert place.agent_file("agent-a", "shop").exists()
        place.write("agent-a", "shop", path="mended")
        await arrived(place, "agent-a", "shop", path="mended")


async def test_a_manifest_that_is_broken_when_the_principal_starts_is_no_deletion_either(tmp_path: Path) -> None:
    async with world(tmp_path, "agent-a") as place:
        file = place.write("agent-a", "shop")
        await arrived(place, "agent-a", "shop")
        await place.principal.kill()
        file.write_text("kind: [broken\n")
        await place.principal.start()
        await place.principal.wait_for("deletion withheld")
        assert place.agent_file("agent-a", "shop").exists()


async def test_what_happened_while_the_principal_was_down_is_made_good(tmp_path: Path) -> None:
    async with world(tmp_path, "agent-a") as place:
        for name in ("stays", "changes", "goes"):
            place.write("agent-a", name)
        for name in ("stays", "changes", "goes"):
            await arrived(place, "agent-a", name)
        await place.principal.kill()
        place.hub_file("agent-a", "goes").unlink()
        place.write("agent-a", "changes", path="changed")
        place.write("agent-a", "comes")
        before = place.agent_file("agent-a", "stays").stat()
        await place.principal.start()
        await arrived(place, "agent-a", "changes", path="changed")
        await arrived(place, "agent-a", "comes")
        await gone(place, "agent-a", "goes")
        after = place.agent_file("agent-a", "stays").stat()
        assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns), "rewritten for nothing"


async def test_a_principal_over_an_empty_folder_takes_nothing_away(tmp_path: Path) -> None:
    async with world(tmp_path, "agent-a") as place:
        place.write("agent-a", "shop")
        await arrived(place, "agent-a", "shop")
        await place.principal.kill()
        place.hub_store.rename(tmp_path / "unmounted")
        place.hub_store.mkdir()
        await place.principal.start()
        await place.principal.wait_for("never held")
        assert place.agent_file("agent-a", "shop").exists()
        place.write("agent-a", "other")
        await arrived(place, "agent-a", "other")
        assert place.agent_file("agent-a", "shop").exists()


async def test_a_checkout_without_uids_while_the_principal_is_down_is_no_new_object(tmp_path: Path) -> None:
    async with world(tmp_path, "agent-a") as place:
        file = place.write("agent-a", "shop")
        await arrived(place, "agent-a", "shop")
        await until(lambda: dig(read(file), "metadata", "uid"), "the uid is in the user's file")
        before = dig(read(place.agent_file("agent-a", "shop")), "metadata", "uid")
        await place.principal.kill()
        place.write("agent-a", "shop", path="changed")
        assert dig(read(file), "metadata", "uid") is None
        await place.principal.start()
        await arrived(place, "agent-a", "shop", path="changed")
        assert dig(read(place.agent_file("agent-a", "shop")), "metadata", "uid") == before


async def test_a_status_reported_while_the_principal_was_down_comes_back(tmp_path: Path) -> None:
    async with world(tmp_path, "agent-a") as place:
        place.write("agent-a", "shop")
        await arrived(place, "agent-a", "shop")
        await place.principal.kill()
        place.report("agent-a", "shop", HEALTHY)
        await place.principal.start()
        await reported(place, "agent-a", "shop", "Healthy")


@pytest.mark.parametrize("victim", ["principal", "agent", "principal's sidecar", "agent's sidecar"])
async def test_killing_anything_loses_nothing(tmp_path: Path, victim: str) -> None:
    async with world(tmp_path, "agent-a") as place:
        place.write("agent-a", "before")
        await arrived(place, "agent-a", "before")
        await kill(place, victim)
        place.write("agent-a", "meanwhile")
        place.hub_file("agent-a", "before").unlink()
        await revive(place, victim)
        await arrived(place, "agent-a", "meanwhile")
        await gone(place, "agent-a", "before")
        place.report("agent-a", "meanwhile", HEALTHY)
        await reported(place, "agent-a", "meanwhile", "Healthy")


async def kill(place: World, victim: str) -> None:
    if victim == "principal":
        await place.principal.kill()
    elif victim == "agent":
        await place.agents["agent-a"].kill()
    else:
        sidecar = sidecar_of(place, victim)
        sidecar.kill()
        await sidecar.wait()


async def revive(place: World, victim: str) -> None:
    if victim == "principal":
        await place.principal.start()
    elif victim == "agent":
        await place.agents["agent-a"].start()
    else:
        await sidecar_of(place, victim).restart()


def sidecar_of(place: World, victim: str):  # type: ignore[no-untyped-def]
    return place.lab.principal_sidecar if victim.startswith("principal") else place.lab.sidecars["agent-a"]


async def test_killing_the_principal_again_and_again_never_leaves_a_half_written_file(tmp_path: Path) -> None:
    async with world(tmp_path, "agent-a") as place:
        for number in range(5):
            place.write("agent-a", "shop", path=f"v{number}")
            await arrived(place, "agent-a", "shop", path=f"v{number}")
            place.report("agent-a", "shop", {"health": {"status": f"H{number}"}})
            await asyncio.sleep(0.02 * number)
            await place.principal.kill()
            assert read(place.hub_file("agent-a", "shop")) is not None
            await place.principal.start()
            await reported(place, "agent-a", "shop", f"H{number}")


async def test_a_local_edit_of_a_managed_application_is_undone(tmp_path: Path) -> None:
    async with world(tmp_path, "agent-a") as place:
        place.write("agent-a", "shop")
        await arrived(place, "agent-a", "shop")
        file = place.agent_file("agent-a", "shop")
        file.write_text(file.read_text().replace("guestbook", "tampered"))
        await arrived(place, "agent-a", "shop", path="guestbook")
        file.unlink()
        await arrived(place, "agent-a", "shop", path="guestbook")


async def test_an_autonomous_agent_lives_and_is_told_once_that_its_sync_comes_later(tmp_path: Path) -> None:
    async with world(tmp_path, "agent-a", start=False) as place:
        process = place.agent("agent-a")
        flags = [flag for flag in process.command.arguments if not flag.startswith("--agent-mode")]
        process.command = replace(process.command, arguments=(*flags, "--agent-mode=autonomous"))
        await place.principal.start()
        await place.principal.wait_for("principal ready")
        await process.start()
        records = await place.connected("agent-a")
        assert records["agent-a"]["mode"] == "autonomous"
        place.write("agent-a", "shop")
        async with asyncio.timeout(30):
            while (record := await place.record("agent-a"))["heartbeat"]["acked"] < 3:
                await asyncio.sleep(0.1)
        assert record["deaths"] == 0
        assert process.log().count("later release") == 1
        assert not place.agent_file("agent-a", "shop").exists()


async def test_graceful_stops_end_with_status_zero(tmp_path: Path) -> None:
    async with world(tmp_path, "agent-a") as place:
        assert await place.agents["agent-a"].stop() == 0
        assert await place.principal.stop() == 0
