"""Events waiting to be processed: serial for each agent, side by side between agents, bounded.

An event that finds its agent's inbox full is dropped without an ack. Nothing is lost by that: its sender repeats it
some seconds later, and acks and heartbeats, which never come here, go on meanwhile.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from hubproto.events import Event
from principal.session import Session

log = structlog.stdlib.get_logger(__name__)

MAX_WAITING: Final = 1000
"""Events of one agent that wait: argocd-agent's queue size (ARGOCD_AGENT_RECV_QUEUE_SIZE)."""

MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
"""Bytes of payload of one agent that wait, unless it is a single event: what a burst of large status updates needs."""


class Inbox:
    """Calls `process(session, event)` for every event; True acknowledges it, False leaves it to be repeated."""

    def __init__(self, process: Callable[[Session, Event], Awaitable[bool]]) -> None:
        self._process = process
        self._waiting: dict[str, deque[tuple[Session, Event]]] = {}
        self._bytes: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.refused = 0

    def put(self, session: Session, event: Event) -> None:
        """Take an event of `session`'s agent."""
        name = session.agent.name
        line = self._waiting.get(name)
        if line is None:
            line = self._waiting[name] = deque()
            self._bytes[name] = 0
            task = asyncio.get_running_loop().create_task(self._work(name, line), name=f"inbox {name}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        size = self._bytes[name] + len(event.data)
        if line and (len(line) >= MAX_WAITING or size > MAX_WAITING_BYTES):
            if self.refused % MAX_WAITING == 0:
                log.warning("inbox full: events wait at their sender", agent=name, waiting=len(line), bytes=size)
            self.refused += 1
            return
        self._bytes[name] = size
        line.append((session, event))

    async def close(self) -> None:
        """Stop; what has not been processed is not acknowledged, so that it comes again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self, name: str, line: deque[tuple[Session, Event]]) -> None:
        try:
            while line:
                session, event = line[0]
                if await self._attempt(session, event):
                    session.acknowledge(event)
                line.popleft()
                self._bytes[name] -= len(event.data)
        finally:
            del self._waiting[name], self._bytes[name]

    async def _attempt(self, session: Session, event: Event) -> bool:
        try:
            return await self._process(session, event)
        except Exception:
            log.exception("processing failed", agent=session.agent.name, target=event.target, type=event.type)
            # Acknowledged: repeating what fails by a defect would fail for ever and hold up the resource.
            return True
