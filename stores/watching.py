"""Being told that something below a folder has changed: a hint to look, never the truth."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import structlog
from watchfiles import Change, awatch

log = structlog.stdlib.get_logger(__name__)

STEP_MS: Final = 50
"""Milliseconds between two looks at the kernel's queue, and how long it must be empty before hints are passed on."""

DEBOUNCE_MS: Final = 200
"""Milliseconds after which hints are passed on although more keep coming, as during a `git checkout`."""


ALIVE_MS: Final = 5_000
"""Milliseconds after which the watch says that it still works."""


async def hints(root: Path, stop: asyncio.Event, is_news: Callable[[str], bool]) -> AsyncIterator[bool]:
    """Yield True when files below `root` have changed for which `is_news` holds (given a relative path); end on `stop`.

    False, now and then, says that watching works. OSError and RuntimeError when the kernel cannot watch: its limits are
    reached, or the file system has no events.
    """
    real = await asyncio.to_thread(root.resolve)

    def is_visible(_: Change, path: str) -> bool:
        # Our own hidden files come and go with every write.
        below = path.removeprefix(f"{real}/")
        return not any(part.startswith(".") for part in below.split("/"))

    async for changes in awatch(
        real,
        watch_filter=is_visible,
        step=STEP_MS,
        debounce=DEBOUNCE_MS,
        rust_timeout=ALIVE_MS,
        yield_on_timeout=True,
        stop_event=stop,
        ignore_permission_denied=True,
    ):
        yield any(is_news(path.removeprefix(f"{real}/")) for _, path in changes)
