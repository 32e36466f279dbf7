"""A folder of manifests with the view it gives: what it shows after a look, with a uid for every object."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog

from stores.atomic import replace_file
from stores.content import Content, Found
from stores.errors import store_error
from stores.memory import Memory
from stores.model import ObjectKey, StoreError
from stores.places import real_file
from stores.quiet import Quiet
from stores.reading import Reading
from stores.snapshots import Signature
from stores.splicing import Place, replace_objects
from stores.view import View, completed, fixed_uid

log = structlog.stdlib.get_logger(__name__)

WRITERS: Final = 8
"""Files that uids are written into at once: each waits for the disk, and a disk ends several waits together."""

RETRY_SECONDS: Final = 0.2
"""When to try again to write a uid into a file that somebody was just writing."""


@dataclass(slots=True)
class Outcome:
    """What has become of some objects."""

    shown: dict[ObjectKey, tuple[Mapping[str, Any], str]] = field(default_factory=dict)
    """Data and origin of those that are there."""
    missing: list[ObjectKey] = field(default_factory=list)
    """Those that are in no file."""


_Objects = list[tuple[Found, dict[str, Any]]]
_Wanting = dict[str, _Objects]


class Folder:
    """Finds out; the view, which is only read here, is changed by the caller with what was found."""

    def __init__(
        self,
        root: Path,
        view: View,
        memory: Memory,
        *,
        identity: str,
        keeps_identity: bool,
        assign_uids: bool,
        quiet: Quiet,
    ) -> None:
        self.reading = Reading(root, quiet=quiet, keeps_identity=keeps_identity)
        self.view = view
        self.memory = memory
        self.root = root
        self._identity = identity
        self._assign_uids = assign_uids
        self._unsettled: set[ObjectKey] = set()
        self._unwritable: set[str] = set()

    def look(self, now: float) -> Outcome:
        """Look at the folder and return what has become of what has changed; never raises."""
        concerned = self.reading.look(now) | self._unsettled
        self._unsettled = set()
        return self.resolve(concerned, now=now)

    def next_time(self, now: float) -> float | None:
        """Return when the next look may find something without anybody changing a file; None when it will not."""
        times = [self.reading.next_time(), now + RETRY_SECONDS if self._unsettled else None]
        return min((time for time in times if time is not None), default=None)

    def resolve(self, concerned: Iterable[ObjectKey], *, now: float) -> Outcome:
        """Return what has become of the objects; what has no uid of its own gets one, in its file if that can be."""
        outcome = Outcome()
        wanting: _Wanting = {}
        claimed: dict[str, ObjectKey] = {}
        for key, owner in sorted(((key, self.reading.tree.owner(key)) for key in concerned), key=_by_place):
            if owner is None:
                outcome.missing.append(key)
                continue
            path, found = owner
            data = self.complete(found, claimed)
            if data["metadata"]["uid"] == found.uid or not self._assign_uids or self.reading.tree.is_held(key, path):
                outcome.shown[key] = (data, found.manifest.where)
            else:
                wanting.setdefault(path, []).append((found, data))
        self._write_uids(wanting, outcome, now=now)
        for key, (shown, _) in outcome.shown.items():
            self.memory.keep(key, shown["metadata"]["uid"])
        self.memory.flush()  # before anybody is told of them
        return outcome

    def complete(self, found: Found, claimed: dict[str, ObjectKey] | None = None) -> dict[str, Any]:
        """Return an object's data with a uid of its own, which may not be in the file yet."""
        claimed = {} if claimed is None else claimed

        def is_free(uid: str, key: ObjectKey) -> bool:
            return self.view.is_free(uid, key) and claimed.get(uid, key) == key

        data = completed(
            found, self.view.get(found.key), is_free=is_free, new_uid=lambda: self._new_uid(found.key, is_free)
        )
        claimed[data["metadata"]["uid"]] = found.key
        return data

    def _new_uid(self, key: ObjectKey, is_free: Callable[[str, ObjectKey], bool]) -> str:
        """Return the uid that the object had in an earlier process, if no other has it; else a new one."""
        remembered = self.memory.uid_of(key)
        if remembered is not None and is_free(remembered, key):
            return remembered
        return str(uuid.uuid4()) if self._assign_uids else fixed_uid(self._identity, key)

    def _write_uids(self, wanting: _Wanting, outcome: Outcome, *, now: float) -> None:
        """Write uids into files, several at a time; what cannot be written is shown with a uid made of its names."""
        if not wanting:
            return
        with ThreadPoolExecutor(min(WRITERS, len(wanting))) as pool:
            written = [*pool.map(self._written, wanting, wanting.values())]
        for (path, objects), result in zip(wanting.items(), written, strict=True):
            if result is None:
                self._unsettled.update(found.key for found, _ in objects)
            elif isinstance(result, StoreError):
                self._warn(path, result)
                self._show_fixed(objects, outcome)
            else:
                self._unwritable.discard(path)
                content, signature = result
                self.reading.take(path, content.text.encode(), content, signature, now=now)
                for found, data in objects:
                    outcome.shown[found.key] = (data, content.objects[found.key].manifest.where)

    def _show_fixed(self, objects: _Objects, outcome: Outcome) -> None:
        for found, data in objects:
            known = self.view.get(found.key)
            remembered = self.memory.uid_of(found.key) if known is None else known.uid
            uid = remembered or fixed_uid(self._identity, found.key)
            shown = {**data, "metadata": {**data["metadata"], "uid": uid}}
            outcome.shown[found.key] = (shown, found.manifest.where)

    def _written(self, path: str, objects: _Objects) -> tuple[Content, Signature] | StoreError | None:
        """Write into a file that is still as it was read, and return what it then is; None if it is not."""
        changes = {Place.of(found.manifest): data for found, data in objects}
        try:
            real = real_file(self.root, path)
            file, content = self.reading.read(path)
            if not self.reading.is_as_read(path, file):
                return None
            after = replace_objects(content, changes)
            signature = replace_file(real, file, after.text.encode())
        except FileNotFoundError:
            return None
        except OSError as error:
            return store_error(self.root / path, error)
        except StoreError as error:
            return error
        return None if signature is None else (after, signature)

    def _warn(self, path: str, error: StoreError) -> None:
        if path not in self._unwritable:
            self._unwritable.add(path)
            log.warning("uids not written into a manifest file, made from its names instead", reason=str(error))


def _by_place(item: tuple[ObjectKey, tuple[str, Found] | None]) -> tuple[str, int, int, ObjectKey]:
    key, owner = item
    if owner is None:
        return "", 0, 0, key
    return owner[0], owner[1].manifest.start, owner[1].manifest.line, key
