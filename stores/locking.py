"""One process to a folder: two that assign uids and delete would work against each other."""

import fcntl
import os
from pathlib import Path
from typing import Final

import structlog

from stores.files import why
from stores.identity import FOLDER
from stores.model import StoreError

FILE: Final = "lock"
"""The file that is locked; the kernel lets go of it when its process ends, however that happens."""

log = structlog.stdlib.get_logger(__name__)


def take_lock(root: Path) -> int | None:
    """Lock a folder; return the descriptor that holds the lock, None where none can be had; StoreError: it is taken."""
    number = None
    try:
        (root / FOLDER).mkdir(exist_ok=True)
        number = os.open(root / FOLDER / FILE, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _close(number)
        raise StoreError(
            f"{root}: another process has this folder as its store; give each principal and agent a folder of its own",
            retryable=False,
        ) from None
    except OSError as error:
        _close(number)
        log.warning("store not locked against a second process", store=str(root), reason=why(error))
        return None
    return number


def release_lock(number: int | None) -> None:
    """Let go of the lock."""
    _close(number)


def _close(number: int | None) -> None:
    if number is not None:
        os.close(number)
