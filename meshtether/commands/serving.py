"""Runs a component until a signal ends it."""

import asyncio
import math
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from meshtether import logs
from meshtether.commands.failing import FAILED
from meshtether.options.model import Notice, Resolved

SAME_SIGNAL: Final = 1.0
"""Seconds within which a further signal is the same one: a terminal and a supervisor often send it twice."""

Main = Callable[[asyncio.Event], Awaitable[int]]
"""A component's main function: runs until the event is set, and returns an exit status."""

log = structlog.stdlib.get_logger(__name__)


def start_logging(resolved: Resolved, *notices: Notice) -> None:
    """Log as the settings say, beginning with what there is to say about them."""
    # gRPC's C core writes to stderr by itself, past any formatter: what it knows reaches us as statuses anyway.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    logs.configure(resolved.items("log-level"), resolved.text("log-format"))
    for notice in (*resolved.notices, *notices):
        log.warning(notice.message, **notice.facts)


def serve(main: Main) -> int:
    """Run `main` until SIGTERM or SIGINT, and return its exit status; a second signal ends it at once."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_until_stopped(main))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes uvloop's loop where that is installed: it carries more streams on one core."""
    try:
        import uvloop  # noqa: PLC0415 - optional, and not there on Windows
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _until_stopped(main: Main) -> int:
    stop = asyncio.Event()
    running = asyncio.ensure_future(main(stop))

    loop = asyncio.get_running_loop()
    first = math.inf

    def on_signal() -> None:
        nonlocal first
        if not stop.is_set():
            first = loop.time()
            stop.set()
        elif loop.time() - first > SAME_SIGNAL:
            running.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    try:
        return await running
    except asyncio.CancelledError:
        log.warning("ended at once by a second signal")
    except Exception:
        # The process's own boundary: whatever came up here has no one else to tell about it.
        log.exception("failed")
    return FAILED
