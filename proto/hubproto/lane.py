"""The events of one resource: at most one on its way, and those behind it in order.

What may be merged is argocd-agent's rule: of several queued spec updates only the newest matters, likewise of status
updates; nothing else is ever merged, and a deletion makes everything before it pointless.
"""

from typing import Final

from hubproto.events import Event, EventType

MERGED: Final = frozenset({EventType.SPEC_UPDATE, EventType.STATUS_UPDATE})
"""Types of which a newer event says all that an older one of the same resource said."""


class Lane:
    """One resource's events. The serial numbers order the unsent events of all lanes."""

    __slots__ = ("attempts", "due", "listed", "retry", "sent", "unsent")

    def __init__(self) -> None:
        self.sent: Event | None = None
        """On its way: transmitted, not yet acknowledged."""
        self.attempts = 0
        """How often `sent` has been transmitted."""
        self.due = False
        """Whether `sent` may be transmitted again now."""
        self.retry = 0
        """The serial number of the timer that will make `sent` due; 0 when none runs."""
        # A list, not a deque: it rarely holds more than two events, and an empty deque takes ten times the memory.
        self.unsent: list[tuple[int, Event]] = []
        """Serial number and event, oldest first."""
        self.listed = False
        """Whether this lane stands in the queue's list of lanes that may go."""

    @property
    def may_go(self) -> bool:
        """Whether an event of this lane may be transmitted now."""
        return self.due if self.sent is not None else bool(self.unsent)

    @property
    def empty(self) -> bool:
        """Whether nothing is left to send or to wait for."""
        return self.sent is None and not self.unsent

    def settle(self) -> None:
        """Forget the event on its way: it was acknowledged, or something made it pointless."""
        self.sent = None
        self.attempts = 0
        self.due = False
        self.retry = 0

    def superseded_by(self, event: Event) -> list[int]:
        """Remove the unsent events that this one makes pointless; their serial numbers."""
        if event.type == EventType.DELETE:
            gone, kept = self.unsent, []
        elif event.type in MERGED:
            gone = [item for item in self.unsent if item[1].type == event.type]
            kept = [item for item in self.unsent if item[1].type != event.type] if gone else self.unsent
        else:
            return []
        self.unsent = kept
        return [serial for serial, _ in gone]
