"""The end of a turn of the loop, when what calls have sent is written."""

from collections.abc import Callable
from typing import Any, Protocol


class Waiting(Protocol):
    """A connection that has something to write."""

    def flush(self) -> None:
        """Write it. Does not raise: the others come after it."""


class Turn:
    """Who has something to write. One callback for all of them: a fan-out wakes ten thousand.

    `soon` is the loop's `call_soon`.
    """

    def __init__(self, soon: Callable[[Callable[[], None]], Any]) -> None:
        self._soon = soon
        self._waiting: list[Waiting] = []

    def join(self, connection: Waiting) -> None:
        """Have `connection` flushed when this turn is over."""
        if not self._waiting:
            self._soon(self._end)
        self._waiting.append(connection)

    def _end(self) -> None:
        waiting, self._waiting = self._waiting, []
        for connection in waiting:
            connection.flush()
