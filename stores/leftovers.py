"""Hidden files that a killed process has left behind, judged by the digests in their names.

`.NAME.OURS.BASE.mt` holds our content (never put in place, or taken back), or the content that ours has replaced:
both are deleted. Anything else is an edit that had just been swapped out when the process died: it goes back to its
name, or, if the file there has been changed since, beside it as `NAME.rescued-DIGEST`.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stores.atomic import NOTHING, PART_SUFFIX, SWAP_SUFFIX, digest, put_new, sync_folder
from stores.files import read_file, why
from stores.renames import exchange

RESCUED: Final = ".rescued-"
"""In the name of an edit that could not go back to its place; no manifest file is called so."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """A hidden file that was worth a word."""

    path: Path
    what: str
    """What was done with it."""


@dataclass(frozen=True, slots=True)
class _Swap:
    path: Path
    target: Path
    ours: str
    base: str


def recover(root: Path) -> Iterator[Leftover]:
    """Deal with every file left behind below `root`; yield the edits put back, and what could not be dealt with.

    Links to folders are not followed, since we write only by real paths.
    """
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(folder, name)
            swap = _parse(path)
            try:
                if name.startswith(".") and name.endswith(PART_SUFFIX):
                    path.unlink(missing_ok=True)
                elif swap is not None:
                    yield from _judge(swap)
                    sync_folder(path.parent)
            except OSError as error:
                yield Leftover(path, f"cannot be dealt with: {why(error)}")


def _parse(path: Path) -> _Swap | None:
    name = path.name
    if not name.startswith(".") or not name.endswith(SWAP_SUFFIX):
        return None
    parts = name[1 : -len(SWAP_SUFFIX)].rsplit(".", 2)
    if len(parts) != 3 or not parts[0] or not all(map(_is_digest, parts[1:])):
        return None
    return _Swap(path, path.with_name(parts[0]), parts[1], parts[2])


def _is_digest(text: str) -> bool:
    return text == NOTHING or (len(text) == 16 and frozenset("0123456789abcdef").issuperset(text))


def _judge(swap: _Swap) -> Iterator[Leftover]:
    content = digest(read_file(swap.path).data)
    if content in (swap.ours, swap.base):
        swap.path.unlink()
    elif _put_back(swap):
        yield Leftover(swap.target, "an edit that was made while we wrote is put back")
    else:
        beside = swap.target.with_name(f"{swap.target.name}{RESCUED}{content}")
        swap.path.replace(beside)
        yield Leftover(beside, "an edit that was made while we wrote is put beside a newer one")


def _put_back(swap: _Swap) -> bool:
    """Give the edit its name back, if that is free or has our content."""
    try:
        there = digest(read_file(swap.target).data)
    except FileNotFoundError:
        return put_new(swap.path, swap.target)
    if there != swap.ours:
        return False
    if exchange(swap.path, swap.target):
        swap.path.unlink()
    else:
        swap.path.replace(swap.target)
    return True
