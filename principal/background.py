"""Work that goes on beside the doors for as long as the principal runs. If a part of it fails, the principal ends.

A principal whose store watch is dead would go on to acknowledge heartbeats and hand out nothing: whoever restarts it
helps, and nobody would if it stayed.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine

import structlog

log = structlog.stdlib.get_logger(__name__)


class BackgroundError(Exception):
    """A part of the work has failed; the message names it, and why."""


class Background:
    """All such work of one principal. The first failure ends `until`; each is logged, whenever it comes."""

    def __init__(self) -> None:
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @contextlib.asynccontextmanager
    async def working(self, work: Coroutine[object, object, None], name: str) -> AsyncIterator[None]:
        """Run `work` until the context ends. It may end before, by itself, as long as it ends well."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._look)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)  # what it was, `_look` has told

    async def until(self, stop: asyncio.Event) -> None:
        """Wait for `stop`; BackgroundError as soon as, or if already, a part of the work has failed."""
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait((stopping, self._failure), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        if self._failure.done():
            self._failure.result()

    def _look(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        log.error("background work failed", work=task.get_name(), exc_info=error)
        if not self._failure.done():
            told = BackgroundError(f"{task.get_name()}: {type(error).__name__}: {error}")
            told.__cause__ = error
            self._failure.set_exception(told)
            self._failure.exception()  # seen: nobody may come to wait for it while the principal is stopping anyway
