"""Python's garbage collector, set for a process that holds much for long.

What an agent costs lives as long as its stream, and what an event costs until it is acknowledged. The collector's own
threshold, 700 objects, is a login or a dozen events: it looked at what is not garbage again and again, a tenth of a
fan-out's time and a twentieth of a login's.
"""

import gc
from typing import Final

THRESHOLD: Final = 10_000
"""Objects, made and not gone, after which the young ones are looked at: a few megabytes. Longer pauses, up to 100,000,
bring nothing more (measured)."""


def quieten() -> None:
    """Leave what has been there since the start alone, and look more rarely at what has come since.

    To be called once, when everything is loaded and set up.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(THRESHOLD)
