"""Writes into a directory store without pause, until it is killed: `python -m tests.stores.busy_child DIR`."""

import asyncio
import functools
import itertools
import sys
from pathlib import Path

from stores.directory import DirectoryStore
from stores.model import StoreError
from tests.stores.samples import key
from tests.stores.watcher import FAST


async def main() -> None:
    store = DirectoryStore(Path(sys.argv[1]), timing=FAST)
    await store.open()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for number in itertools.count():
        status = {"count": number, "pad": "x" * 5000}
        for found in store.list("Application"):
            if found.key.namespace != "made":
                await update(store, found.key, functools.partial(with_status, status))
        await update(store, key(f"made-{number % 3}", "made"), made_or_not)


def with_status(status, data):
    return data and {**data, "status": status}


def made_or_not(data):
    return {"spec": {"project": "made"}} if data is None else None


async def update(store, wanted, change):
    try:
        await store.update(wanted, change)
    except StoreError as error:
        if not error.retryable:
            raise


if __name__ == "__main__":
    asyncio.run(main())
