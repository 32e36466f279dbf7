"""What is counted against a rate, and what a connection that exceeds it is told."""

from dataclasses import dataclass
from typing import Final

from principal.buckets import Rate
from principal.door.http2.limits import CHATTER, REFUSALS, RESETS, SETTINGS_FRAMES


@dataclass(frozen=True, slots=True)
class Charge:
    """What is counted, and what is said when it is too much."""

    rate: Rate
    text: str


REFUSED: Final = Charge(REFUSALS, "too many streams that had to be refused")
RESET: Final = Charge(RESETS, "too many streams opened and reset at once")
SETTINGS: Final = Charge(SETTINGS_FRAMES, "too many SETTINGS frames")
IDLE: Final = Charge(CHATTER, "too many frames that carry nothing")
