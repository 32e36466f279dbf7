"""The words of the link: its states, what may happen to it, and what it asks to be done."""

from dataclasses import dataclass
from enum import Enum, auto

from agent.causes import Verdict
from agent.deaths import Death


class State(Enum):
    """Where the link is."""

    NEW = auto()
    CONNECTING = auto()
    LOGIN = auto()
    OPENING = auto()
    STREAMING = auto()
    WAITING = auto()
    STOPPED = auto()


class On(Enum):
    """What may happen: from outside, and (second block) timers that passed."""

    START = auto()
    CONNECTED = auto()
    AUTHENTICATED = auto()
    STREAM_OPENED = auto()
    HEARD = auto()
    ACKED = auto()
    LOST = auto()
    STOP = auto()

    ATTEMPT_OVERDUE = auto()
    OPENING_OVERDUE = auto()
    SETTLED = auto()
    HEARTBEAT_DUE = auto()
    HEARTBEAT_OVERDUE = auto()
    BACKOFF_OVER = auto()


@dataclass(frozen=True, slots=True)
class Connect:
    """Begin an attempt: connect, log in, call Subscribe, with `report` in its metadata."""

    report: Death | None


@dataclass(frozen=True, slots=True)
class Announce:
    """The stream is open."""


@dataclass(frozen=True, slots=True)
class SendHeartbeat:
    """Send a heartbeat, before anything else that waits."""

    id: str
    round_trip: float | None


@dataclass(frozen=True, slots=True)
class Abort:
    """End the running attempt or stream from this side."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Wait:
    """An attempt or stream is over; the next attempt comes `delay` seconds later, at `until`."""

    death: Death
    delay: float
    until: float


@dataclass(frozen=True, slots=True)
class Finish:
    """No more attempts: end whatever runs, politely."""


Effect = Connect | Announce | SendHeartbeat | Abort | Wait | Finish
