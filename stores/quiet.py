"""Waiting until a file is finished: it is read once it has looked the same for a short while."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stores.snapshots import Signature

QUIET_SECONDS: Final = 0.05
"""How long a file must look the same before it is read. Editors and `git checkout` write a file in far less."""

LONGEST_SECONDS: Final = 1.0
"""After this long a file is read although it never rests, as one does that something appends to all the time."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    signature: Signature
    since: float
    first: float


class Quiet:
    """Decides which changed files are read now. Times are monotonic seconds."""

    def __init__(self, *, quiet: float = QUIET_SECONDS, longest: float = LONGEST_SECONDS) -> None:
        self._quiet = quiet
        self._longest = longest
        self._waiting: dict[str, _Waiting] = {}

    def ready(self, changed: Mapping[str, Signature], now: float) -> list[str]:
        """Return the paths, sorted, that have been quiet for long enough; remember the others."""
        waiting = {path: self._seen(path, signature, now) for path, signature in changed.items()}
        ready = [path for path, wait in waiting.items() if self._end(wait) <= now]
        self._waiting = {path: wait for path, wait in waiting.items() if self._end(wait) > now}
        return sorted(ready)

    def next_time(self) -> float | None:
        """Return when to look again; None when no file is waited for."""
        return min(map(self._end, self._waiting.values()), default=None)

    def _seen(self, path: str, signature: Signature, now: float) -> _Waiting:
        before = self._waiting.get(path)
        if before is None:
            return _Waiting(signature, now, now)
        return before if before.signature == signature else _Waiting(signature, now, before.first)

    def _end(self, wait: _Waiting) -> float:
        return min(wait.since + self._quiet, wait.first + self._longest)
