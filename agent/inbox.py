"""Events that have arrived and wait for their turn: bounded, and never in the way of acks.

Acks and heartbeats must be seen however busy the store is, and they come on the same stream as everything else, so the
stream is always read. What does not fit is dropped unacknowledged: the protocol's own way to say "again later", for its
sender repeats it after some seconds. An event that is waiting already, or being worked on, needs no second place.
"""

from collections import deque
from enum import Enum, auto
from typing import Final

from hubproto.events import Event

MOST_EVENTS: Final = 20_000
"""Events that wait at a time. A sender has one per object on its way, so this is more objects than one agent has."""

MOST_BYTES: Final = 256 * 1024 * 1024
"""Bytes that wait at a time: more than one message of the largest size (200 MiB)."""


class Taken(Enum):
    """What became of an event that arrived."""

    NEW = auto()
    REPEATED = auto()
    """It is here already."""
    NO_ROOM = auto()
    """Its sender will repeat it."""


class Inbox:
    """A queue in order of arrival. Sizes are those of the serialised events."""

    def __init__(self, *, most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES) -> None:
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._waiting: deque[tuple[Event, int]] = deque()
        self._here: set[tuple[str, str, str]] = set()
        self.bytes = 0

    def put(self, event: Event, size: int) -> Taken:
        """An event arrived."""
        if _identity(event) in self._here:
            return Taken.REPEATED
        if len(self._waiting) >= self._most_events or self.bytes + size > self._most_bytes:
            return Taken.NO_ROOM
        self._waiting.append((event, size))
        self._here.add(_identity(event))
        self.bytes += size
        return Taken.NEW

    def take(self) -> Event | None:
        """The oldest event, to be worked on; None when nothing waits."""
        if not self._waiting:
            return None
        event, size = self._waiting.popleft()
        self.bytes -= size
        return event

    def done(self, event: Event) -> None:
        """The work on an event is over: when it is repeated, it is new."""
        self._here.discard(_identity(event))

    def __len__(self) -> int:
        return len(self._waiting)


def _identity(event: Event) -> tuple[str, str, str]:
    # The type too: the creation and the deletion of one state of an object have the same ids.
    return event.type, event.resource_id, event.event_id
