"""A file that is read again when it changes: users, blocklists, keys and certificates are replaced while we run.

A change is a change of inode, size or time; symbolic links are followed, as Kubernetes swaps them when it updates a
mounted secret. What can't be read or understood later is reported once, and the last good content stays in force.
All of it but `value` blocks: call it in a thread.
"""

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, NamedTuple, TypeVar

import structlog

from principal.auth.errors import FileError

log = structlog.stdlib.get_logger(__name__)

MAX_BYTES: Final = 4 * 1024 * 1024
"""Bytes of a followed file that are read: 50,000 users or 60,000 fingerprints."""

T = TypeVar("T")


class _Look(NamedTuple):
    """What tells one content of a path from another without reading it."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


class FollowedFile(Generic[T]):
    """The content of `path`, as `read` makes it of bytes and the path's text; FileError when it can't be had at first.

    `what` says in messages what the file holds; `read` raises FileError for a content that can't be used.
    """

    def __init__(self, path: Path, read: Callable[[bytes, str], T], *, what: str) -> None:
        self.path = path
        self._read = read
        self._what = what
        self._lock = threading.Lock()
        self._look: _Look | None = None
        self._value = self._load()

    @property
    def value(self) -> T:
        """The last good content. Never blocks."""
        return self._value

    def refresh(self) -> bool:
        """Look at the file, and read it if it has changed; whether there is a new content now."""
        with self._lock:
            found = self._glance()
            if found == self._look:
                return False
            self._look = found  # so that a fault is reported once, not at each look
            try:
                self._value = self._load()
            except FileError as error:
                log.error(  # noqa: TRY400 - the message says it all
                    "file can't be read again: its last good content stays in force", what=self._what, reason=str(error)
                )
                return False
        log.info("file read again", what=self._what, path=str(self.path))
        return True

    def _glance(self) -> _Look | None:
        try:
            return _look(self.path.stat())
        except OSError:
            return None

    def _load(self) -> T:
        try:
            # Without O_NONBLOCK, opening a named pipe would wait for its writer.
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                found = os.fstat(descriptor)
                content = file.read(MAX_BYTES + 1) if stat.S_ISREG(found.st_mode) else None
        except OSError as error:
            raise FileError(f"{self.path}: {error.strerror}: a file with the {self._what} is needed") from error
        if content is None:
            raise FileError(f"{self.path}: not a regular file: a file with the {self._what} is needed")
        if len(content) > MAX_BYTES:
            raise FileError(f"{self.path}: more than {MAX_BYTES} bytes: at most that many are read")
        self._look = _look(found)
        return self._read(content, str(self.path))


def _look(found: os.stat_result) -> _Look:
    return _Look(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
