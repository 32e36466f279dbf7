"""What the hub refused or found suspicious, counted and remembered, and told in the log without flooding it."""

from collections import Counter, deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import structlog

from principal.caps import Sparing

log = structlog.stdlib.get_logger(__name__)

ENTRIES_KEPT: Final = 64
"""Entries that the admin API shows."""


class Kind(StrEnum):
    """What happened. Values are stable."""

    NAME_TAKEN = "agent-name-taken"
    """An identity came to an agent's name that is another identity's. It was refused."""
    NAME_CONTENDED = "agent-name-contended"
    """Streams of one agent keep taking over from each other: two agents run under one identity."""
    STREAMS = "too-many-streams"
    """An identity opened more streams than it may have, or too often. The newest was refused."""
    SESSIONS = "too-many-sessions"
    """All streams together are as many as the principal takes. The newest was refused."""
    LOGINS = "too-many-logins"
    """An identity authenticates too often. It was told to wait."""
    AGENTS = "too-many-agents"
    """There are records of as many agents as the principal keeps, all in use. A new one was refused."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    at: float
    """Wall time in seconds since 1970."""
    kind: Kind
    agent: str
    identity: str
    """Whose call it was: a SPIFFE ID or Linkerd name, or the agent's name where the header tells neither."""
    peer: str
    detail: str


class Audit:
    """The last entries, and how many of each kind there were."""

    def __init__(self) -> None:
        self.counts: Counter[Kind] = Counter()
        self.entries: deque[Entry] = deque(maxlen=ENTRIES_KEPT)
        """The newest last."""
        self._sparing = {kind: Sparing() for kind in Kind}

    def note(self, entry: Entry, *, now: float) -> None:
        """Remember and log `entry`; `now` in monotonic seconds."""
        self.counts[entry.kind] += 1
        self.entries.append(entry)
        left_out = self._sparing[entry.kind].line(now=now)
        if left_out is not None:
            log.warning(
                "audit",
                kind=entry.kind.value,
                agent=entry.agent,
                identity=entry.identity,
                peer=entry.peer,
                detail=entry.detail,
                left_out=left_out,
            )
