"""When to ask the principal to restore what somebody changed here: at once, but never in a loop.

Whoever edits a managed object by hand gets it back within a round trip. A program that keeps editing it would have both
sides send the object for ever: so the pause after each request for the same object doubles, up to a minute.
"""

from dataclasses import dataclass
from typing import Final

from stores.model import ObjectKey

FIRST_PAUSE: Final = 1.0
"""Seconds between the first request for an object and the second."""

LONGEST_PAUSE: Final = 60.0
"""Seconds between two requests for the same object, at most."""

FORGIVEN_AFTER: Final = 300.0
"""Seconds without a request after which the pauses start over."""


@dataclass(slots=True)
class _Object:
    pause: float = FIRST_PAUSE
    last: float = float("-inf")
    wanted: bool = False

    @property
    def due(self) -> float:
        return self.last + self.pause


class Restoring:
    """Objects that shall be restored, with what is left of each one's pause. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._objects: dict[ObjectKey, _Object] = {}

    def want(self, key: ObjectKey) -> None:
        """An object differs from the truth."""
        self._objects.setdefault(key, _Object()).wanted = True

    def settled(self, key: ObjectKey) -> None:
        """An object is as it should be: it need not be asked for any more."""
        if key in self._objects:
            self._objects[key].wanted = False

    def take(self, now: float) -> list[ObjectKey]:
        """The objects to ask for at `now`."""
        due = [key for key, entry in self._objects.items() if entry.wanted and entry.due <= now]
        for key in due:
            entry = self._objects[key]
            again = now - entry.last <= FORGIVEN_AFTER
            entry.pause = min(LONGEST_PAUSE, 2 * entry.pause) if again else FIRST_PAUSE
            entry.last, entry.wanted = now, False
        for key in [key for key, entry in self._objects.items() if self._old(entry, now)]:
            del self._objects[key]
        return due

    def next_time(self) -> float | None:
        """When take() will have something; None when nothing is wanted."""
        return min((entry.due for entry in self._objects.values() if entry.wanted), default=None)

    @staticmethod
    def _old(entry: _Object, now: float) -> bool:
        return not entry.wanted and now - entry.last > FORGIVEN_AFTER
