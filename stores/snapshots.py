"""What a folder looks like from outside, and what differs between two looks. Nothing here touches a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mesh.manifests import Fault


@dataclass(frozen=True, slots=True)
class Signature:
    """What changes when a file's content does. Equal signatures mean that the file need not be read again."""

    modified_ns: int
    size: int
    inode: int
    changed_ns: int
    """When the inode changed: tells a file apart that was put back with its old time and size."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every manifest file below a folder, as one look found it. Paths are relative, with `/`."""

    files: Mapping[str, Signature] = field(default_factory=dict)
    broken: Mapping[str, Fault] = field(default_factory=dict)
    """Files that are there and cannot be read."""
    hidden: Mapping[str, Fault] = field(default_factory=dict)
    """Folders that could not be listed ("" is the root): nothing is known of what is below them."""
    root_inode: int = 0
    """0 when the root cannot be reached."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What to do after a look."""

    changed: Mapping[str, Signature]
    """Files that are new or not as they were when they were read."""
    gone: tuple[str, ...]
    """Files that were read and are there no longer."""
    unreadable: Mapping[str, Fault]
    """Files that were read and now cannot be, each with the reason."""


def difference(known: Mapping[str, Signature], now: Snapshot) -> Difference:
    """Return what differs between the files as they were read and a new look. What is hidden is not gone."""
    changed = {path: signature for path, signature in now.files.items() if known.get(path) != signature}
    missing = [path for path in known if path not in now.files and path not in now.broken]
    unreadable = {path: now.broken[path] for path in known if path in now.broken}
    if not now.hidden:
        return Difference(changed, tuple(missing), unreadable)
    for path in missing:
        for folder, fault in now.hidden.items():
            if not folder or path.startswith(f"{folder}/"):
                unreadable[path] = fault
    return Difference(changed, tuple(path for path in missing if path not in unreadable), unreadable)
