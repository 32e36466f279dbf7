"""A door in a process of its own that has few file descriptors.

`python -m tests.principal.door.starved asyncio`, or `uvloop`, prints its port, and ends with its standard input.
"""

import asyncio
import resource
import sys

import uvloop

from principal.door.options import DoorOptions
from principal.door.server import OwnDoor
from tests.principal.door.pretending import Service

DESCRIPTORS = 128


async def serve() -> None:
    door = OwnDoor(Service(), host="127.0.0.1", port=0, options=DoorOptions(max_message=1000))
    await door.start()
    sys.stdout.write(f"{door.address.rpartition(':')[2]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await door.stop(0)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    (uvloop.run if sys.argv[1] == "uvloop" else asyncio.run)(serve())
