"""Reading one file: its bytes, and a signature that is true for exactly these bytes."""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mesh.manifests import MAX_TEXT
from stores.snapshots import Signature

MAX_BYTES: Final = 4 * MAX_TEXT
"""Bytes in a file: what MAX_TEXT characters may take in UTF-8. More is not even read."""


@dataclass(frozen=True, slots=True)
class FileBytes:
    """A file as it was read."""

    data: bytes
    signature: Signature
    mode: int
    """Permission bits."""
    owner: tuple[int, int]
    """User and group id."""


def signature_of(found: os.stat_result) -> Signature:
    """Return the signature in a stat result."""
    return Signature(found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns)


def read_file(path: Path) -> FileBytes:
    """Read a regular file; OSError, also when it changes while it is read (EAGAIN) or is too large (EFBIG)."""
    # A FIFO or a device with a manifest's name must not block.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise _error(errno.EINVAL, "not a regular file", path)
        data = file.read(MAX_BYTES + 1)
        after = os.fstat(file.fileno())
    if len(data) > MAX_BYTES:
        raise _error(errno.EFBIG, f"larger than {MAX_BYTES} bytes", path)
    # Not the time of change: it also moves when the file gets another name, or none.
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size) or len(data) != after.st_size:
        raise _error(errno.EAGAIN, "being written", path)
    return FileBytes(data, signature_of(after), stat.S_IMODE(after.st_mode), (after.st_uid, after.st_gid))


def why(error: OSError) -> str:
    """Return the reason in an OSError, without Python's number and quotes."""
    return error.strerror or type(error).__name__


def _error(code: int, reason: str, path: Path) -> OSError:
    return OSError(code, reason, str(path))
