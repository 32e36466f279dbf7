"""Who owns an agent's name: the identity whose stream is open under it, or was until a moment ago. Pure.

One identity may take its own name over as often as it likes: the newer stream wins, for it is the one whose agent is
there. Another identity that comes to the same name (a regex that drops the namespace makes many of one) never does.
"""

from typing import Final

from principal.recent import remember

HOLD: Final = 300.0
"""Seconds for which a name stays its last owner's after its stream has ended: as long as its access tokens are good."""

WINDOW: Final = 600.0
"""Seconds in which takeovers are counted. An agent of ours that was superseded comes back after up to 65 s."""

TAKEOVERS: Final = 4
"""Takeovers of living streams within WINDOW that are no coincidence any more: two and two."""


class Ownership:
    """The ownership of one name. Times are monotonic seconds."""

    __slots__ = ("_free_at", "_takeovers", "_told_at", "holder")

    def __init__(self) -> None:
        self.holder: str | None = None
        """The identity that owns the name, or did last."""
        self._free_at: float | None = 0.0
        self._takeovers: list[float] = []
        self._told_at = float("-inf")

    def free(self, now: float) -> bool:
        """Whether anybody may take the name."""
        return self._free_at is not None and now >= self._free_at

    def refuses(self, identity: str, now: float) -> bool:
        """Whether the name is another's than `identity`'s."""
        return not self.free(now) and identity != self.holder

    def take(self, identity: str) -> None:
        """`identity` has opened a stream."""
        self.holder, self._free_at = identity, None

    def leave(self, now: float) -> None:
        """The last stream has ended: the hold begins."""
        self._free_at = now + HOLD

    def taken_over(self, now: float) -> bool:
        """A living stream was replaced. Whether that has happened so often that somebody should be told, now."""
        remember(self._takeovers, now, most=TAKEOVERS)
        often = len(self._takeovers) == TAKEOVERS and now - self._takeovers[0] <= WINDOW
        if not often or now - self._told_at < WINDOW:
            return False
        self._told_at = now
        return True
