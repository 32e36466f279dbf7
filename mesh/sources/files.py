"""Manifests from files, folders and standard input, within bounds.

Whoever names a file means it: whatever is wrong with it is an error. A folder may hold anything: files that are no YAML
or JSON by their names are not looked at, documents that are neither Kubernetes objects nor a proxy's configuration are
passed over, and so are the parts of a kustomization, which mean nothing by themselves.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from mesh.foreign import is_foreign
from mesh.manifests import MAX_TEXT, Manifest, decode_text, expand_lists, read_documents
from mesh.sources.kustomizations import KUSTOMIZATIONS, parts_of
from mesh.sources.loaded import Loaded, count_nodes

STDIN: Final = "-"
"""Stands for standard input."""

STDIN_NAME: Final = "<stdin>"

SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
"""Of the files in a folder that may be manifests."""

MAX_BYTES: Final = 4 * MAX_TEXT
"""Of one file: as many as the longest text that is read can have in UTF-8."""

MAX_ALL_BYTES: Final = 8 * MAX_TEXT
"""Of all files together (128 MiB). They stay in memory for the line numbers of findings."""

MAX_FILES: Final = 10_000
"""Files in all folders together."""

MAX_DOCUMENTS: Final = 30_000
"""Documents of all files together: three times what one text may have. Twenty thousand take some seconds."""

MAX_NODES: Final = 2_000_000
"""Scalars, lists and mappings of all files together; about 400 MB. Twenty thousand usual objects have half of it."""


def read_paths(paths: Sequence[str], *, stdin: BinaryIO | None = None) -> Loaded:
    """Return every manifest in the files and folders `paths`; `-` is standard input."""
    reading = _Reading(stdin)
    for path in paths:
        reading.read(path)
    if not reading.loaded.manifests and not reading.loaded.findings:
        reading.loaded.say("MT1008", " ".join(paths), "no manifest is there")
    return reading.loaded


def read_texts(paths: Iterable[Path]) -> tuple[list[tuple[str, str]], Loaded]:
    """Return the texts of the files and folders `paths`, by source, and what could not be read."""
    reading = _Reading(None)
    texts: list[tuple[str, str]] = []
    for path in paths:
        for file in _files(path, reading) if path.is_dir() else [path]:
            text = reading.text(file)
            if text is not None:
                texts.append((str(file), text))
    return texts, reading.loaded


class _Reading:
    """What was read so far, and how much more may be."""

    def __init__(self, stdin: BinaryIO | None) -> None:
        self.loaded = Loaded()
        self.files = 0
        self._stdin = stdin
        self._bytes = 0
        self._nodes = 0
        self._full = False

    def read(self, path: str) -> None:
        """Read one path that the user named."""
        if path == STDIN:
            self._read_stdin()
            return
        place = Path(path)
        try:
            mode = place.stat().st_mode
        except (OSError, ValueError) as error:
            self.unreadable(path, error)
            return
        if stat.S_ISDIR(mode):
            self._read_folder(place)
        else:
            self._read_file(place, named=True)

    def unreadable(self, place: str, error: OSError | ValueError) -> None:
        """Say that something cannot be read."""
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        self.loaded.say("MT1007", place, f"cannot be read: {reason}")

    def full(self, place: str, what: str) -> None:
        """Say, once, that more is there than is read."""
        if not self._full:
            self.loaded.say("MT1006", place, f"{what}; nothing from here on is read")
        self._full = True

    def text(self, path: Path) -> str | None:
        """The text of a file; None when it cannot be read or nothing more is."""
        if self._full:
            return None
        try:
            with path.open("rb") as file:
                return self._decode(file, str(path))
        except OSError as error:
            self.unreadable(str(path), error)
            return None

    def _decode(self, file: BinaryIO, source: str) -> str | None:
        data = file.read(MAX_BYTES + 1)
        self._bytes += len(data)
        if len(data) > MAX_BYTES:
            self.loaded.say("MT1006", source, f"more than {MAX_BYTES} bytes; nothing of it is read")
            return None
        if self._bytes > MAX_ALL_BYTES:
            self.full(source, f"more than {MAX_ALL_BYTES} bytes in all")
            return None
        text, faults = decode_text(data, source)
        self.loaded.say_faults(faults)
        return None if faults else text

    def _read_stdin(self) -> None:
        if self._stdin is None:
            self.loaded.say("MT1007", STDIN_NAME, "cannot be read: there is no standard input")
            return
        text = None if self._full else self._decode(self._stdin, STDIN_NAME)
        if text is not None:
            self._take(text, STDIN_NAME, named=True)

    def _read_folder(self, folder: Path) -> None:
        for file in _files(folder, self):
            self._read_file(file, named=False)

    def _read_file(self, path: Path, *, named: bool) -> None:
        text = self.text(path)
        if text is not None:
            self._take(text, str(path), named=named)

    def _take(self, text: str, source: str, *, named: bool) -> None:
        manifests, faults = read_documents(text, source)
        documents, item_faults = expand_lists(manifests)
        self.loaded.say_faults(faults + item_faults)
        for document in documents:
            if len(self.loaded.manifests) >= MAX_DOCUMENTS:
                self.full(source, f"more than {MAX_DOCUMENTS} documents in all")
                return
            if not named and not _is_object(document) and not is_foreign(document.data):
                self.loaded.say("MT1009", source, "not a Kubernetes object, passed over", line=document.line)
                continue
            self._nodes += count_nodes(document.data)
            if self._nodes > MAX_NODES:
                self.full(source, f"more than {MAX_NODES} values in all")
                return
            self.loaded.manifests.append(document)


def _is_object(document: Manifest) -> bool:
    return "apiVersion" in document.data and "kind" in document.data


def _files(folder: Path, reading: _Reading) -> Iterator[Path]:
    """The manifests in `folder` and below, in the order of their names; nothing hidden, no links to folders."""
    for place, folders, names in os.walk(folder, onerror=lambda error: reading.unreadable(str(folder), error)):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        passed = _passed(Path(place), names, reading)
        for name in sorted(names):
            path = Path(place, name)
            if name.startswith(".") or path.suffix.lower() not in SUFFIXES or name in passed or not path.is_file():
                continue
            reading.files += 1
            if reading.files > MAX_FILES:
                reading.full(str(path), f"more than {MAX_FILES} files")
                return
            yield path


def _passed(folder: Path, names: Sequence[str], reading: _Reading) -> frozenset[str]:
    """The files of a folder that mean something to kustomize only."""
    for name in names:
        if name in KUSTOMIZATIONS:
            path = folder / name
            text = reading.text(path)
            found = frozenset() if text is None else parts_of(text, str(path))
            reading.loaded.say(
                "MT1010", str(path), f"its resources are read as they are{_without(found)}, not as kustomize makes them"
            )
            return found | {name}
    return frozenset()


def _without(parts: frozenset[str]) -> str:
    return f" (without {', '.join(sorted(parts)[:8])})" if parts else ""
