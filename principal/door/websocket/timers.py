"""What a connection counts, and its deadlines."""

from dataclasses import dataclass


@dataclass(slots=True)
class Stats:
    """What one connection has carried."""

    bytes_in: int = 0
    bytes_out: int = 0
    frames_in: int = 0
    """WebSocket frames."""
    messages_in: int = 0
    """gRPC messages."""
    messages_out: int = 0
    pings_in: int = 0
    """WebSocket pings and pongs."""


class Timer:
    """One deadline. It may be wanted when nobody says what time it is; the next `expired` starts it then."""

    def __init__(self, seconds: float) -> None:
        self.wanted = False
        """Whether it waits for `expired` to start it."""
        self.due: float | None = None
        """When it expires, once it runs."""
        self._seconds = seconds

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self.due is not None

    def want(self, now: float | None = None) -> None:
        """Start it unless it runs, at `now` if that is known."""
        if self.due is None:
            if now is None:
                self.wanted = True
            else:
                self.due = now + self._seconds

    def stop(self) -> None:
        """Forget it."""
        self.wanted = False
        self.due = None

    def expired(self, now: float) -> bool:
        """Whether it has run out; one that is wanted starts."""
        if self.wanted:
            self.wanted = False
            self.due = now + self._seconds
        return self.due is not None and self.due <= now
