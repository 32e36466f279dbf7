"""Every sample of the users' documents as a real process: unchanged, the rest coming from the environment."""

import os
from pathlib import Path

import pytest

from meshtether.demo.plan import Command
from meshtether.demo.processes import Process
from tests.conftest import missing
from tests.meshtether.seeds import REST, Start, starts

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]

RUNNING = {"principal": "principal ready", "agent": "agent starting"}


@pytest.mark.parametrize("start", starts() or [None], ids=str)
async def test_a_sample_runs_until_it_is_told_to_stop(start: Start | None, tmp_path: Path) -> None:
    if start is None:
        missing("the users' documents are not beside the project")
        return
    (tmp_path / "store").mkdir()
    arguments = start.command_line(tmp_path)
    rest = {**REST[start.component], "store": str(tmp_path / "store")}
    env = {**os.environ, **start.environment(arguments, rest)}
    process = Process(Command(start.component, (start.component, *arguments)), log_path=tmp_path / "log", env=env)
    await process.start()
    try:
        await process.wait_for(RUNNING[start.component])
        if start.component == "agent":
            # Nobody listens where the sample points: that is said by name, and the agent goes on trying.
            await process.wait_for("cause=")
        assert process.running, process.log()
    finally:
        status = await process.stop()
    assert status == 0, process.log()
