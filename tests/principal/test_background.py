"""Work beside the doors: what its failure does."""

import asyncio

import pytest
import structlog

from principal.background import Background, BackgroundError


async def fail(after: asyncio.Event | None = None) -> None:
    if after is not None:
        await after.wait()
    raise RuntimeError("disk on fire")


async def for_ever() -> None:
    await asyncio.Event().wait()


async def test_until_waits_for_the_stop() -> None:
    background, stop = Background(), asyncio.Event()
    async with background.working(for_ever(), "a watch"):
        asyncio.get_running_loop().call_soon(stop.set)
        await asyncio.wait_for(background.until(stop), 5)


async def test_a_failure_ends_the_wait_and_is_logged_with_its_trace() -> None:
    background, begin = Background(), asyncio.Event()
    with structlog.testing.capture_logs() as logs:
        async with background.working(fail(begin), "a watch"), background.working(for_ever(), "another"):
            begin.set()
            with pytest.raises(BackgroundError, match="a watch: RuntimeError: disk on fire") as raised:
                await asyncio.wait_for(background.until(asyncio.Event()), 5)
    assert isinstance(raised.value.__cause__, RuntimeError)
    [line] = logs
    assert (line["event"], line["work"]) == ("background work failed", "a watch")
    assert line["exc_info"] is raised.value.__cause__


async def test_a_failure_before_anybody_waits_is_not_lost() -> None:
    background = Background()
    async with background.working(fail(), "a watch"):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(BackgroundError):
            await asyncio.wait_for(background.until(asyncio.Event()), 5)


async def test_of_several_failures_the_first_counts_and_all_are_logged() -> None:
    background = Background()
    with structlog.testing.capture_logs() as logs:
        async with background.working(fail(), "first"), background.working(fail(), "second"):
            with pytest.raises(BackgroundError, match="first"):
                await asyncio.wait_for(background.until(asyncio.Event()), 5)
    assert [line["work"] for line in logs] == ["first", "second"]


async def test_work_that_ends_well_is_nobodys_concern() -> None:
    background, stop = Background(), asyncio.Event()

    async def end() -> None:
        asyncio.get_running_loop().call_soon(stop.set)

    with structlog.testing.capture_logs() as logs:
        async with background.working(end(), "a look"):
            await asyncio.wait_for(background.until(stop), 5)
    assert logs == []


async def test_what_fails_while_it_is_stopped_is_logged() -> None:
    async def fail_late() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("could not be closed")

    with structlog.testing.capture_logs() as logs:
        async with Background().working(fail_late(), "a watch"):
            await asyncio.sleep(0)
    assert [line["work"] for line in logs] == ["a watch"]
