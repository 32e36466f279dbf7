"""`meshtether principal` as it is, in a process that tells what it holds: `python -m bench.load.probed principal …`.

Each line on its standard input is answered by one of JSON: how many tasks are pending, and how many objects of some
kinds are alive. The garbage collector knows them all, so nothing in the principal need count them.
"""

import asyncio
import collections
import gc
import json
import sys
import threading
from typing import Final

KINDS: Final = ("Session", "DoorProtocol", "Call")
"""Names of classes whose objects belong to a stream or a connection."""


def sample() -> dict[str, int]:
    """Pending tasks, and objects by class."""
    gc.collect()
    everything = gc.get_objects()
    alive = collections.Counter(type(one).__name__ for one in everything)
    tasks = sum(1 for one in everything if isinstance(one, asyncio.Task) and not one.done())
    return {"tasks": tasks, **{kind: alive[kind] for kind in KINDS}}


def _answer() -> None:
    for _ in sys.stdin:
        print(json.dumps(sample()), flush=True)


if __name__ == "__main__":
    from meshtether.cli import main

    threading.Thread(target=_answer, daemon=True).start()
    main()
