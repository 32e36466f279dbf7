"""The files of a folder as they were read last, and reading again what has changed. I/O; one caller at a time."""

import errno
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import structlog

from mesh.manifests import Fault
from stores.content import Content, read_content
from stores.files import FileBytes, read_file, why
from stores.identity import FOLDER
from stores.model import ObjectKey
from stores.quiet import Quiet
from stores.scanning import scan
from stores.snapshots import Signature, Snapshot, difference
from stores.tree import Tree

AGAIN_SECONDS: Final = 2.0
"""How long after it was read a file is read once more, and how often one that cannot be read is tried: some file
systems keep times in steps of two seconds (FAT), so an edit within the step may leave the signature as it was."""

_UNREAD: Final = Signature(0, -1, 0, 0)
"""The signature of a file that cannot be reached: no real one is like it, so it is read when it is back."""

log = structlog.stdlib.get_logger(__name__)


class Reading:
    """What is known of the files below a root. Times are monotonic seconds."""

    def __init__(self, root: Path, *, quiet: Quiet, keeps_identity: bool) -> None:
        self.root = root
        self.tree = Tree()
        self.faults: tuple[Fault, ...] = ()
        """What was unreadable at the last look."""
        self.root_inode = 0
        """Tells whether the root itself was replaced; 0 while it cannot be reached."""
        self._quiet = quiet
        self._keeps_identity = keeps_identity
        self._signatures: dict[str, Signature] = {}
        self._digests: dict[str, bytes] = {}
        self._again: dict[str, float] = {}

    def look(self, now: float) -> set[ObjectKey]:
        """Look at everything and read what has changed; return the objects that this may concern; never raises."""
        snapshot = self._doubted(scan(self.root))
        found = difference(self._signatures, snapshot)
        self.root_inode = snapshot.root_inode
        concerned: set[ObjectKey] = set()
        again = [path for path, due in self._again.items() if due <= now and path in snapshot.files]
        for path in dict.fromkeys([*self._quiet.ready(found.changed, now), *again]):
            concerned |= self._read_changed(path, snapshot.files[path], now)
        for path, fault in found.unreadable.items():
            if not self.tree.is_held_for(path, fault):
                self._signatures[path] = _UNREAD
                concerned |= self._hold(path, fault)
        for path in found.gone:
            concerned |= self.forget(path)
        self.faults = tuple(sorted({*self.tree.faults(), *snapshot.broken.values(), *snapshot.hidden.values()}))
        return concerned

    def next_time(self) -> float | None:
        """Return when a file that has changed may be read; None when none waits."""
        return self._quiet.next_time()

    def is_known(self, path: str, signature: Signature) -> bool:
        """Whether the file was read as it is."""
        return self._signatures.get(path) == signature

    def source(self, path: str) -> str:
        """Return the name of a file for messages."""
        return str(self.root / path)

    def read(self, path: str) -> tuple[FileBytes, Content]:
        """Read a file now, whatever is known of it; OSError."""
        file = read_file(self.root / path)
        return file, read_content(file.data, self.source(path))

    def is_as_read(self, path: str, file: FileBytes) -> bool:
        """Whether the file's content is what was taken in last."""
        return self._digests.get(path) == _digest(file.data)

    def take(self, path: str, data: bytes, content: Content, signature: Signature, *, now: float) -> set[ObjectKey]:
        """Take in a file's content; return the objects that this may concern."""
        self._signatures[path] = signature
        self._digests[path] = _digest(data)
        self._again[path] = now + AGAIN_SECONDS
        _log_ignored(content.ignored)
        return self.tree.put(path, content, source=self.source(path))

    def forget(self, path: str) -> set[ObjectKey]:
        """A file is gone; return the objects that this may concern."""
        self._signatures.pop(path, None)
        self._digests.pop(path, None)
        self._again.pop(path, None)
        return self.tree.drop(path)

    def _read_changed(self, path: str, signature: Signature, now: float) -> set[ObjectKey]:
        self._again.pop(path, None)
        try:
            file = read_file(self.root / path)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ENOENT):
                return set()  # the next look sees what has become of it
            self._signatures[path] = signature
            self._again[path] = now + AGAIN_SECONDS
            return self._hold(path, Fault(self.source(path), 0, f"cannot be read: {why(error)}; what it held is kept"))
        if file.signature != signature:
            return set()
        if self.is_as_read(path, file):
            self._signatures[path] = signature
            return set()
        return self.take(path, file.data, read_content(file.data, self.source(path)), signature, now=now)

    def _hold(self, path: str, fault: Fault) -> set[ObjectKey]:
        self._digests.pop(path, None)
        return self.tree.hold(path, fault)

    def _doubted(self, snapshot: Snapshot) -> Snapshot:
        """Tell a root that is empty from one whose volume is gone: the latter has lost the identity too."""
        if snapshot.files or snapshot.broken or snapshot.hidden or not self._signatures or not self._keeps_identity:
            return snapshot
        if (self.root / FOLDER).exists():
            return snapshot
        reason = f"empty, and without {FOLDER}, like a folder whose volume is not mounted; everything is kept"
        return Snapshot(hidden={"": Fault(str(self.root), 0, reason)}, root_inode=snapshot.root_inode)


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _log_ignored(ignored: Iterable[tuple[str, str]]) -> None:
    for where, kind in ignored:
        log.debug("manifest of another kind ignored", where=where, kind=kind)
