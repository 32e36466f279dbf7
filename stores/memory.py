"""What a store has held, kept across restarts: which uid each object has, and which objects were deleted.

A journal of JSON lines below `.meshtether`: a kill leaves at most its last line torn, which is passed over. It is
written anew, in one step, at each start and when most of it is history.
"""

import json
import os
from pathlib import Path
from typing import Final

import structlog

from stores.atomic import sync_folder
from stores.files import why
from stores.identity import FOLDER
from stores.model import ObjectKey

FILE: Final = "held"
"""The journal: `["+", kind, namespace, name, uid]` for an object that is held, `"-"` for one that was deleted."""

MAX_GONE: Final = 10_000
"""Deleted objects remembered: as many as the largest store has, so an agent that was away while everything was
deleted is still told so; about 1 MB."""

MAX_HISTORY: Final = 10_000
"""Lines beyond what is remembered before the journal is written anew."""

log = structlog.stdlib.get_logger(__name__)


class Memory:
    """Keys and uids. One caller writes at a time; `held` may be asked meanwhile."""

    def __init__(self, root: Path, *, writes: bool) -> None:
        self._path = root / FOLDER / FILE
        self._writes = writes
        self._present: dict[ObjectKey, str] = {}
        self._gone: dict[tuple[ObjectKey, str], None] = {}
        self._pending: list[str] = []
        self._lines = 0
        self._is_stale = True
        self._is_told = False

    def load(self) -> None:
        """Read what was kept; start over, with a warning, when that is unreadable."""
        try:
            text = self._path.read_bytes().decode()
            for line in text.split("\n")[:-1]:
                self._replay(line)
        except FileNotFoundError:
            return
        except (OSError, TypeError, ValueError, RecursionError) as error:
            self._present.clear()
            self._gone.clear()
            reason = why(error) if isinstance(error, OSError) else "not as it was written"
            log.warning("memory of the store unreadable, started over", file=str(self._path), reason=reason)

    def uid_of(self, key: ObjectKey) -> str | None:
        """Return the uid of the object that is, or was when last seen, under this key; None if none is known."""
        return self._present.get(key)

    def held(self, key: ObjectKey, uid: str) -> bool:
        """Whether this object is, or once was, in the store."""
        return self._present.get(key) == uid or (key, uid) in self._gone

    def absent(self, present: set[ObjectKey]) -> list[ObjectKey]:
        """Return the keys remembered as present that are not among these."""
        return [key for key in self._present if key not in present]

    def keep(self, key: ObjectKey, uid: str) -> None:
        """An object is there."""
        if self._present.get(key) == uid:
            return
        self.drop(key)
        self._keep(key, uid)
        self._pending.append(_line("+", key, uid))

    def drop(self, key: ObjectKey) -> None:
        """An object is there no more."""
        uid = self._present.get(key)
        if uid is not None:
            self._drop(key, uid)
            self._pending.append(_line("-", key, uid))

    def flush(self) -> None:
        """Force to disk what has changed; a warning, once, when that cannot be."""
        if not self._writes or not (self._pending or self._is_stale):
            return
        remembered = len(self._present) + len(self._gone)
        try:
            if self._is_stale or self._lines + len(self._pending) > remembered + MAX_HISTORY:
                self.rewrite()
            else:
                self._append()
        except FileNotFoundError:
            self._is_stale = True
        except OSError as error:
            self._is_stale = True
            if not self._is_told:
                log.warning("memory of the store not kept", file=str(self._path), reason=why(error))
            self._is_told = True

    def rewrite(self) -> None:
        """Write everything anew; OSError."""
        lines = [_line("-", key, uid) for key, uid in self._gone]
        lines += [_line("+", key, uid) for key, uid in self._present.items()]
        part = self._path.with_name(f".{FILE}.part")
        with part.open("w", encoding="ascii") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)
        sync_folder(self._path.parent)
        self._lines, self._is_stale = len(lines), False
        self._pending.clear()

    def _append(self) -> None:
        number = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        with os.fdopen(number, "w", encoding="ascii") as file:
            file.writelines(self._pending)
            file.flush()
            os.fsync(number)
        self._lines += len(self._pending)
        self._pending.clear()

    def _replay(self, line: str) -> None:
        sign, *texts = json.loads(line)
        if len(texts) != 4 or not all(isinstance(text, str) for text in texts) or sign not in ("+", "-"):
            raise ValueError(line)
        kind, namespace, name, uid = texts
        (self._keep if sign == "+" else self._drop)(ObjectKey(kind, namespace, name), uid)

    def _keep(self, key: ObjectKey, uid: str) -> None:
        self._gone.pop((key, uid), None)
        self._present[key] = uid

    def _drop(self, key: ObjectKey, uid: str) -> None:
        if self._present.get(key) == uid:
            del self._present[key]
        self._gone[key, uid] = None
        while len(self._gone) > MAX_GONE:
            del self._gone[next(iter(self._gone))]


def _line(sign: str, key: ObjectKey, uid: str) -> str:
    return json.dumps([sign, key.kind, key.namespace, key.name, uid]) + "\n"
