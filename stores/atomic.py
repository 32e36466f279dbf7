"""Changing a file in one step, and only if it still is what we read: a kill at any point, or an edit, loses nothing.

The new content is written to a hidden file beside the old, forced to disk, and the two change places in one step.
What comes out must be what we read; if it is somebody's edit, it goes back the same way, and the edit stands. The
hidden file's name holds the digests of our content and of what we read, so that one left behind by a kill can be
judged (leftovers.py). Where names cannot be exchanged (NFS), content is compared first and then replaced, which
leaves a gap of microseconds.
"""

import errno
import hashlib
import os
from pathlib import Path
from typing import Final

from stores.files import FileBytes, read_file, signature_of
from stores.renames import exchange, rename_new
from stores.snapshots import Signature
from stores.writers import has_writer

SWAP_SUFFIX: Final = ".mt"
"""Ends the name of a hidden file that is complete: `.NAME.OURS.BASE.mt`, with the digests of both contents."""

PART_SUFFIX: Final = ".mtpart"
"""Ends the name of a hidden file that is being written."""

NOTHING: Final = "-"
"""Stands in a hidden file's name for the digest of a content that does not exist: a new file, or one to be deleted."""

MAX_NAME: Final = 200
"""Bytes in the name of a file that can be changed: its hidden name is up to 38 longer, and Linux takes 255."""

MAX_TURNS: Final = 100
"""How often names are exchanged while somebody replaces the file at the same pace."""


def digest(data: bytes) -> str:
    """Return a short digest for names: 64 bits, since only three contents are to be told apart."""
    return hashlib.sha256(data).hexdigest()[:16]


def replace_file(path: Path, base: FileBytes, data: bytes) -> Signature | None:
    """Put `data` in place of `base`, as read from `path`; None if somebody has changed it or is at it; OSError."""
    if not _is(path, base.data):
        return None
    swap = _hidden(path, digest(data), digest(base.data))
    number = _write(swap, data, base)
    try:
        written = os.fstat(number)
        try:
            done = _swap(path, swap, base.data, data)
        except FileNotFoundError:  # somebody has deleted the file: so be it
            done = False
        swap.unlink(missing_ok=True)
        sync_folder(path.parent)
        return _signature(written, number) if done else None
    finally:
        os.close(number)


def create_file(path: Path, data: bytes) -> Signature | None:
    """Make the file `path` with `data`; None if there is one already; OSError."""
    swap = _hidden(path, digest(data), NOTHING)
    number = _write(swap, data, None)
    try:
        written = os.fstat(number)
        if not put_new(swap, path):
            return None
        sync_folder(path.parent)
        return _signature(written, number)
    finally:
        os.close(number)


def delete_file(path: Path, base: FileBytes) -> bool:
    """Delete the file `path`, from which `base` was read; False if somebody has changed it, or is at it; OSError."""
    if not _is(path, base.data):
        return False
    swap = _hidden(path, NOTHING, digest(base.data))
    try:
        path.rename(swap)
    except FileNotFoundError:
        return False
    done = _is(swap, base.data)
    if done:
        swap.unlink()
    else:
        # An edit has come before us: it goes back, unless there is a newer one by now.
        put_new(swap, path)
    sync_folder(path.parent)
    return done


def put_new(hidden: Path, path: Path) -> bool:
    """Give a hidden file the name `path` if that is free; else delete it, and return False; OSError."""
    try:
        if rename_new(hidden, path):
            return True
        os.link(hidden, path)
    except FileExistsError:
        hidden.unlink()
        return False
    hidden.unlink()
    return True


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk; OSError."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _swap(path: Path, swap: Path, base: bytes, ours: bytes) -> bool:
    """Let the files change places; whether what came out is `base`. If not, what came out is put back."""
    if not exchange(swap, path):
        # The file system cannot: compare, then replace.
        if not _is(path, base):
            return False
        swap.replace(path)
        return True
    if _is(swap, base):
        return True
    return _put_back(path, swap, ours)


def _put_back(path: Path, swap: Path, ours: bytes) -> bool:
    """Give the newest edit its name back; always False.

    What comes out of each exchange must be what the one before has put there; if it is not, it is a newer edit yet.
    """
    mine = there = path.stat().st_ino
    for _ in range(MAX_TURNS):
        going = swap.stat().st_ino
        exchange(swap, path)
        if swap.stat().st_ino == there and (there != mine or _is(swap, ours)):
            return False
        there = going
    raise OSError(errno.EBUSY, "somebody replaces this file all the time", str(path))


def _is(path: Path, data: bytes) -> bool:
    """Whether the file has this content and nobody is writing it."""
    if has_writer(path):
        return False
    try:
        return read_file(path).data == data
    except OSError as error:
        if error.errno == errno.EAGAIN:
            return False
        raise


def _hidden(path: Path, ours: str, base: str) -> Path:
    name = path.name
    if len(os.fsencode(name)) > MAX_NAME:
        raise OSError(errno.ENAMETOOLONG, f"its name is longer than {MAX_NAME} bytes", str(path))
    return path.with_name(f".{name}.{ours}.{base}{SWAP_SUFFIX}")


def _write(swap: Path, data: bytes, like: FileBytes | None) -> int:
    """Write the hidden file, with the mode and owner of `like`; return a descriptor to read it by."""
    part = swap.with_suffix(PART_SUFFIX)
    part.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(part, flags, 0o666 if like is None else 0o600), "wb") as file:
            file.write(data)
            if like is not None:
                _dress(file.fileno(), like)
            file.flush()
            os.fsync(file.fileno())
        part.replace(swap)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return os.open(swap, os.O_RDONLY | os.O_CLOEXEC)


def _dress(number: int, like: FileBytes) -> None:
    found = os.fstat(number)
    if (found.st_uid, found.st_gid) != like.owner:
        try:
            os.fchown(number, *like.owner)
        except PermissionError:
            pass  # only root can give files away; the content matters more
    os.fchmod(number, like.mode)


def _signature(written: os.stat_result, number: int) -> Signature:
    """The signature of what was written, which the rename has given another time of change.

    Taken of our own inode: were it taken by name, the next edit could be mistaken for ours.
    """
    renamed = signature_of(os.fstat(number))
    return Signature(written.st_mtime_ns, written.st_size, renamed.inode, renamed.changed_ns)
