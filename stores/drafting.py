"""Changing one object in a folder: read what is there now, and write what shall be, unless somebody was faster. I/O."""

import errno
import json
import uuid
from dataclasses import dataclass
from typing import Any, Final

from mesh.manifests import write_document
from stores.atomic import create_file, delete_file, replace_file
from stores.content import Content, Found, content_of
from stores.errors import store_error
from stores.files import FileBytes, why
from stores.folder import Folder, Outcome
from stores.model import ObjectKey, StoreError
from stores.places import checked_kind, made_folder, new_paths, real_file
from stores.splicing import Place, remove_object, replace_objects
from stores.values import checked_copy, same

MAX_OBJECT: Final = 3 * 1024 * 1024
"""Bytes of an object's JSON: a Kubernetes API server takes no larger request; the agent's limit (applications.py)."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a folder has of one object at this moment."""

    key: ObjectKey
    data: dict[str, Any] | None
    """With a uid, without a resourceVersion; None when there is no such object."""
    path: str = ""
    file: FileBytes | None = None
    content: Content | None = None
    found: Found | None = None


class MovingError(Exception):
    """The object is not to be had right now, and may be in a moment: somebody is moving, deleting or writing it."""


def draft(folder: Folder, key: ObjectKey) -> Draft:
    """Read what is stored of an object now; MovingError, StoreError."""
    checked_kind(key)
    owner = folder.reading.tree.owner(key)
    if owner is None:
        if folder.view.get(key) is not None:
            raise MovingError("it is in no file")
        return Draft(key, None)
    path, _ = owner
    try:
        file, content = folder.reading.read(path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EAGAIN):
            raise MovingError(f"{folder.root / path}: {why(error)}") from None
        raise store_error(folder.root / path, error) from error
    found = content.objects.get(key)
    if found is None:
        raise MovingError(str(content.faults[0]) if content.faults else f"{folder.root / path}: it is not in there now")
    return Draft(key, folder.complete(found), path, file, content, found)


def commit(folder: Folder, base: Draft, data: dict[str, Any] | None, *, now: float) -> Outcome | None:
    """Store what shall be instead of a draft; None if somebody has changed the file since; StoreError."""
    if data is None:
        return _delete(folder, base, now=now)
    prepared = _prepared(folder, base, data)
    if base.file is None:
        return _create(folder, base.key, prepared, now=now)
    return _replace(folder, base, prepared, now=now)


def is_same(base: Draft, data: dict[str, Any] | None) -> bool:
    """Whether storing this would change nothing."""
    return same(base.data, data)


def _prepared(folder: Folder, base: Draft, data: dict[str, Any]) -> dict[str, Any]:
    """Return data fit to be written: its names are the key's, its uid stays, its version is left out."""
    kind = checked_kind(base.key)
    copied = checked_copy(data)
    _check_size(base.key, copied)
    metadata = copied.get("metadata")
    kept = {key: value for key, value in (metadata or {}).items() if key != "resourceVersion"}
    names = {"name": base.key.name, "namespace": base.key.namespace}
    uid = kept.get("uid") if base.data is None else base.data["metadata"]["uid"]
    if not isinstance(uid, str) or not uid or not folder.view.is_free(uid, base.key):
        uid = str(uuid.uuid4())
    first = {"apiVersion": copied.get("apiVersion") or kind.api_version, "kind": kind.name}
    own = {**first, "metadata": {**kept, **names, "uid": uid}}
    return {**own, **copied, **own}


def _check_size(key: ObjectKey, data: dict[str, Any]) -> None:
    size = len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAX_OBJECT:
        raise StoreError(f"{key} is too large: {size} bytes of JSON; at most {MAX_OBJECT} are stored", retryable=False)


def _replace(folder: Folder, base: Draft, data: dict[str, Any], *, now: float) -> Outcome | None:
    if base.file is None or base.content is None or base.found is None:
        return None
    after = replace_objects(base.content, {Place.of(base.found.manifest): data})
    return _write(folder, base, base.file, after, now=now)


def _write(folder: Folder, base: Draft, file: FileBytes, after: Content, *, now: float) -> Outcome | None:
    encoded = after.text.encode()
    try:
        signature = replace_file(real_file(folder.root, base.path), file, encoded)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise store_error(folder.root / base.path, error) from error
    if signature is None:
        return None
    return folder.resolve(folder.reading.take(base.path, encoded, after, signature, now=now), now=now)


def _delete(folder: Folder, base: Draft, *, now: float) -> Outcome | None:
    if base.file is None or base.content is None or base.found is None:
        return Outcome()
    after = remove_object(base.content, Place.of(base.found.manifest))
    if after is not None:
        return _write(folder, base, base.file, after, now=now)
    real_file(folder.root, base.path)
    try:
        if not delete_file(folder.root / base.path, base.file):
            return None
    except OSError as error:
        raise store_error(folder.root / base.path, error) from error
    return folder.resolve(folder.reading.forget(base.path), now=now)


def _create(folder: Folder, key: ObjectKey, data: dict[str, Any], *, now: float) -> Outcome | None:
    text = write_document(data)
    encoded = text.encode()
    for path in new_paths(key):
        content = content_of(text, folder.reading.source(path))
        if key not in content.objects or content.faults or not same(dict(content.objects[key].data), data):
            raise StoreError(f"{key} cannot be written as YAML that reads back the same", retryable=False)
        try:
            parent = made_folder(folder.root, path)
            signature = create_file(parent / path.rpartition("/")[2], encoded)
        except OSError as error:
            raise store_error(folder.root / path, error) from error
        if signature is not None:
            return folder.resolve(folder.reading.take(path, encoded, content, signature, now=now), now=now)
    raise StoreError(f"{folder.root / path}: the name is taken by another file", retryable=True)
