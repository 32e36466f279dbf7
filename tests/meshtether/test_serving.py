"""A component runs until a signal ends it."""

import asyncio
import os
import signal

import pytest
import structlog

from meshtether.commands import serving
from meshtether.commands.serving import serve


@pytest.fixture(autouse=True)
def _restored() -> object:
    """The signal handlers as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_the_component_to_stop(number: signal.Signals) -> None:
    async def main(stop: asyncio.Event) -> int:
        os.kill(os.getpid(), number)
        await stop.wait()
        return 0

    assert serve(main) == 0


def test_the_same_signal_twice_in_a_moment_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "SAME_SIGNAL", 3600.0)

    async def main(stop: asyncio.Event) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.05)
        return 0

    assert serve(main) == 0


def test_a_second_signal_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "SAME_SIGNAL", -1.0)

    async def main(stop: asyncio.Event) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()
        return 0

    with structlog.testing.capture_logs() as logged:
        assert serve(main) == 3
    assert [entry["event"] for entry in logged] == ["ended at once by a second signal"]


def test_the_components_own_status_is_the_status() -> None:
    async def main(_: asyncio.Event) -> int:
        return 2

    assert serve(main) == 2


def test_what_nobody_expected_is_logged_and_is_status_3() -> None:
    async def main(_: asyncio.Event) -> int:
        raise RuntimeError("oh")

    with structlog.testing.capture_logs() as logged:
        assert serve(main) == 3
    (entry,) = logged
    assert (entry["event"], entry["exc_info"]) == ("failed", True)


def test_it_runs_without_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "uvloop", None)
    assert serving._loop_factory() is None
