"""Looking at a folder: every manifest file below it with its signature. The one place that lists folders."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mesh.manifests import Fault
from stores.files import signature_of, why
from stores.snapshots import Signature, Snapshot

SUFFIXES: Final = (".yaml", ".yml", ".json")
"""How the names of manifest files end."""

MAX_ENTRIES: Final = 200_000
"""Files and folders met in one look. A look at as many takes about two seconds; and links to folders may lead far."""

MAX_LEVELS: Final = 64
"""Folders inside one another."""


def scan(root: Path) -> Snapshot:
    """Return what is below `root` now; never raises. Names that begin with a dot are passed over.

    Links are followed, except for one to a folder that it is in itself.
    """
    return _Scan(root).run()


class _Scan:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[str, Signature] = {}
        self._broken: dict[str, Fault] = {}
        self._hidden: dict[str, Fault] = {}
        self._root_inode = 0
        self._left = MAX_ENTRIES

    def run(self) -> Snapshot:
        """Look at everything."""
        folders: list[tuple[str, tuple[tuple[int, int], ...]]] = [("", ())]
        while folders:
            folder, above = folders.pop()
            try:
                itself = (self._root / folder).stat()
                identity = (itself.st_dev, itself.st_ino)
                if not above:
                    self._root_inode = itself.st_ino
                if identity in above:
                    continue
                if len(above) > MAX_LEVELS:
                    self._hide(folder, f"more than {MAX_LEVELS} folders inside one another")
                    continue
                found = [*self._entries(folder)]
            except OSError as error:
                self._hide(folder, f"this folder cannot be listed: {why(error)}; what it held is kept")
                continue
            folders += [(path, (*above, identity)) for path in filter(None, map(self._entry, found))]
            if self._left < 0:
                self._hide("", f"more than {MAX_ENTRIES} files and folders; the rest is not read, and what was is kept")
                break
        return Snapshot(self._files, self._broken, self._hidden, self._root_inode)

    def _entries(self, folder: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        with os.scandir(self._root / folder) as entries:
            for entry in entries:
                self._left -= 1
                if not entry.name.startswith("."):
                    yield (f"{folder}/{entry.name}" if folder else entry.name), entry

    def _entry(self, found: tuple[str, os.DirEntry[str]]) -> str | None:
        """Take in a file; return the path of a folder."""
        path, entry = found
        is_manifest = entry.name.endswith(SUFFIXES)
        try:
            if not entry.is_dir():
                if is_manifest:
                    self._files[path] = signature_of(entry.stat())
                return None
        except FileNotFoundError as error:
            # A file may have gone since the folder was listed; a link that leads nowhere stays, and is a fault.
            if is_manifest and entry.is_symlink():
                self._break(path, error)
            return None
        except OSError as error:
            if is_manifest:
                self._break(path, error)
            return None
        if is_manifest:
            self._broken[path] = Fault(str(self._root / path), 0, "a folder with the name of a manifest file")
        return path

    def _break(self, path: str, error: OSError) -> None:
        reason = f"this file cannot be read: {why(error)}; what it held is kept"
        self._broken[path] = Fault(str(self._root / path), 0, reason)

    def _hide(self, folder: str, reason: str) -> None:
        self._hidden[folder] = Fault(str(self._root / folder), 0, reason)
