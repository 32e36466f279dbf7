"""Where in a folder things may be written: never outside it, whatever the network says and wherever links lead."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mesh.names import LABEL_RULE, SUBDOMAIN_RULE, is_dns1123_label, is_dns1123_subdomain
from stores.kinds import KINDS, Kind
from stores.model import ObjectKey, StoreError

MAX_STEM: Final = 150
"""Characters of an object's name that are used in a file's name; `atomic.MAX_NAME` is then kept with room to spare."""


def checked_kind(key: ObjectKey) -> Kind:
    """Return the kind of a key that came from outside; StoreError unless all of it may stand in a path."""
    kind = KINDS.get(key.kind)
    if kind is None:
        raise StoreError(f"kind {key.kind[:80]!r}: stores keep {', '.join(KINDS)}", retryable=False)
    if not is_dns1123_label(key.namespace):
        raise StoreError(f"namespace {key.namespace[:80]!r}: a namespace is {LABEL_RULE}", retryable=False)
    if not is_dns1123_subdomain(key.name):
        raise StoreError(f"name {key.name[:80]!r}: a name is {SUBDOMAIN_RULE}", retryable=False)
    return kind


def new_paths(key: ObjectKey) -> Iterator[str]:
    """Yield the relative paths, best first, for the file of a new object; StoreError as above."""
    folder = f"{key.namespace}/{checked_kind(key).plural}"
    tail = hashlib.sha256(str(key).encode()).hexdigest()[:16]
    if len(key.name) <= MAX_STEM:
        yield f"{folder}/{key.name}.yaml"
    yield f"{folder}/{key.name[:MAX_STEM]}-{tail}.yaml"


def real_file(root: Path, path: str) -> Path:
    """Return the file that is written for the relative `path`, links followed; StoreError if it is outside; OSError."""
    real = (root / path).resolve(strict=True)
    _check_inside(root, real, path)
    return real


def made_folder(root: Path, path: str) -> Path:
    """Return the real folder of the relative `path` of a new file, made if need be; StoreError if outside; OSError."""
    folder = root.resolve(strict=True)
    for part in path.split("/")[:-1]:
        folder /= part
        if folder.is_symlink():
            folder = folder.resolve(strict=True)
            _check_inside(root, folder, path)
        folder.mkdir(exist_ok=True)
    return folder


def _check_inside(root: Path, real: Path, path: str) -> None:
    if not real.is_relative_to(root.resolve(strict=True)):
        raise StoreError(f"{root / path}: a link leads to {real}, outside of the store; not written", retryable=False)
