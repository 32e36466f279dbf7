"""Which file has which object: claims, duplicates, and what is kept while a file cannot be read. Pure."""

from dataclasses import dataclass, field

from mesh.manifests import Fault
from stores.content import Content, Found
from stores.model import ObjectKey


@dataclass(slots=True)
class _File:
    live: dict[ObjectKey, Found] = field(default_factory=dict)
    """What was read last."""
    held: dict[ObjectKey, Found] = field(default_factory=dict)
    """What the file held last and does not show now because of a fault."""
    faults: tuple[Fault, ...] = ()

    def all(self) -> dict[ObjectKey, Found]:
        return {**self.held, **self.live}


class Tree:
    """The objects of a folder by file.

    An object in two files belongs to the first by path; the other is a fault, and takes over when the first is gone.
    What a faulty file held last is kept, except for what has since appeared in another file: that was moved.
    """

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._claims: dict[ObjectKey, set[str]] = {}

    def put(self, path: str, content: Content, *, source: str) -> set[ObjectKey]:
        """Take in what was read from a file; return the objects that this may concern."""
        before = self._files.get(path, _File()).all()
        faults = content.faults
        missing = {key: found for key, found in before.items() if key not in content.objects}
        if missing and content.is_blank:
            faults = (Fault(source, 0, "the file is empty; what it held is kept until it is deleted or has content"),)
        for key in content.objects:
            if key not in before:
                self._release(key)
        return self._replace(path, _File(dict(content.objects), missing if faults else {}, faults))

    def hold(self, path: str, fault: Fault) -> set[ObjectKey]:
        """A file cannot be read: keep what it held last; return the objects that this may concern."""
        return self._replace(path, _File({}, self._files.get(path, _File()).all(), (fault,)))

    def drop(self, path: str) -> set[ObjectKey]:
        """A file is gone; return the objects that this may concern."""
        concerned = self._replace(path, _File())
        self._files.pop(path)
        return concerned

    def owner(self, key: ObjectKey) -> tuple[str, Found] | None:
        """Return the file that has the object, and the object as it is there; None when no file has it."""
        path = min(self._claims.get(key, ()), default=None)
        return None if path is None else (path, self._files[path].all()[key])

    def is_held(self, key: ObjectKey, path: str) -> bool:
        """Whether the object is only kept from before in that file."""
        return key in self._files[path].held

    def is_held_for(self, path: str, fault: Fault) -> bool:
        """Whether everything of the file is kept from before already, because of this fault."""
        file = self._files.get(path)
        return file is not None and not file.live and file.faults == (fault,)

    def faults(self) -> list[Fault]:
        """Return what is wrong in the files, and between them."""
        found = [fault for file in self._files.values() for fault in file.faults]
        for key, paths in self._claims.items():
            if len(paths) > 1:
                found += self._duplicates(key, paths)
        return found

    def _release(self, key: ObjectKey) -> None:
        """An object has come into another file: it is no longer kept where it cannot be read."""
        for path in [path for path in self._claims.get(key, ()) if key in self._files[path].held]:
            held = {other: found for other, found in self._files[path].held.items() if other != key}
            self._replace(path, _File(self._files[path].live, held, self._files[path].faults))

    def _replace(self, path: str, file: _File) -> set[ObjectKey]:
        before, after = set(self._files.get(path, _File()).all()), set(file.all())
        for key in before - after:
            self._claims[key].discard(path)
            if not self._claims[key]:
                del self._claims[key]
        for key in after:
            self._claims.setdefault(key, set()).add(path)
        self._files[path] = file
        return before | after

    def _duplicates(self, key: ObjectKey, paths: set[str]) -> list[Fault]:
        first, *others = sorted(paths)
        kept = self._files[first].all()[key].manifest.where
        claims = (self._files[path].live.get(key) for path in others)
        return [
            Fault(claim.manifest.source, claim.manifest.line, f"{key} is already in {kept}")
            for claim in claims
            if claim is not None
        ]
