"""What one file of a directory store holds: its objects, and a fault for each document that is not fit to be one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mesh.manifests import Fault, Manifest, decode_text, expand_lists, read_documents
from mesh.names import LABEL_RULE, SUBDOMAIN_RULE, is_dns1123_label, is_dns1123_subdomain
from stores.kinds import find_kind
from stores.model import ObjectKey

MAX_UID: Final = 128
"""Characters of a uid: agents refuse longer ones, and a changed uid would have cost them their copy."""


@dataclass(frozen=True, slots=True)
class Found:
    """One object as a file has it."""

    key: ObjectKey
    data: Mapping[str, Any]
    """Without `metadata.resourceVersion`, which only the store's memory gives; perhaps without `metadata.uid`."""
    manifest: Manifest
    """Where in the file it is."""

    @property
    def uid(self) -> str:
        """The uid in the file, empty if there is none."""
        uid: str = self.data["metadata"].get("uid") or ""
        return uid


@dataclass(frozen=True, slots=True)
class Content:
    """One file as it was read."""

    text: str
    documents: tuple[Manifest, ...]
    """Every document that is a mapping, lists not expanded, unfit objects included."""
    objects: Mapping[ObjectKey, Found]
    faults: tuple[Fault, ...]
    ignored: tuple[tuple[str, str], ...] = ()
    """Where, and which kind, of the documents that are none of the store's business."""

    @property
    def is_blank(self) -> bool:
        """Whether the file is empty, as one is that an editor has just cut off; comments are something."""
        return not self.faults and not self.text.strip("\ufeff \t\r\n")


class _UnfitError(Exception):
    def __init__(self, path: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.path = path


def read_content(data: bytes, source: str) -> Content:
    """Return what a file with the bytes `data` holds; never raises."""
    text, faults = decode_text(data, source)
    if faults:
        return Content("", (), {}, tuple(faults))
    return content_of(text, source)


def content_of(text: str, source: str) -> Content:
    """Return what a file with this text holds; never raises."""
    documents, faults = read_documents(text, source)
    manifests, more = expand_lists(documents)
    faults += more
    objects: dict[ObjectKey, Found] = {}
    ignored: list[tuple[str, str]] = []
    for manifest in manifests:
        try:
            found = _object(manifest)
        except _UnfitError as error:
            faults.append(Fault(source, manifest.lines.of(error.path), str(error)))
            continue
        if found is None:
            ignored.append((manifest.where, str(manifest.data["kind"])))
        elif found.key in objects:
            first = objects[found.key].manifest.line
            faults.append(Fault(source, manifest.line, f"{found.key} is in this file twice; line {first} keeps it"))
        else:
            objects[found.key] = found
    return Content(text, tuple(documents), objects, tuple(faults), tuple(ignored))


def _object(manifest: Manifest) -> Found | None:
    data = manifest.data
    kind_name = _text(data, "kind", ())
    kind = find_kind(_text(data, "apiVersion", ()), kind_name)
    if kind is None:
        return None
    metadata = data.get("metadata")
    if not isinstance(metadata, dict):
        raise _UnfitError(
            ("metadata",), f"{kind_name} without metadata, which must be a mapping with name and namespace"
        )
    name = _text(metadata, "name", ("metadata",))
    namespace = _text(metadata, "namespace", ("metadata",))
    if not is_dns1123_subdomain(name):
        raise _UnfitError(("metadata", "name"), f"metadata.name {name[:80]!r}: a name is {SUBDOMAIN_RULE}")
    if not is_dns1123_label(namespace):
        raise _UnfitError(("metadata", "namespace"), f"metadata.namespace {namespace[:80]!r}: one is {LABEL_RULE}")
    if not _is_uid(metadata.get("uid")):
        raise _UnfitError(
            ("metadata", "uid"),
            f"metadata.uid {str(metadata['uid'])[:80]!r}: a uid is text of 1 to {MAX_UID} printable ASCII characters"
            " without spaces; leave it out to have one made",
        )
    cleaned = {key: value for key, value in metadata.items() if key != "resourceVersion"}
    return Found(ObjectKey(kind.name, namespace, name), {**data, "metadata": cleaned}, manifest)


def _is_uid(value: Any) -> bool:
    """Whether this may stand as `metadata.uid`; nothing may, too."""
    if value is None or value == "":
        return True
    return isinstance(value, str) and len(value) <= MAX_UID and all("!" <= character <= "~" for character in value)


def _text(data: Mapping[str, Any], key: str, path: tuple[str, ...]) -> str:
    value = data.get(key)
    if isinstance(value, str) and value:
        return value
    name = ".".join((*path, key))
    what = f"no {name}" if value is None or value == "" else f"{name} must be text"
    raise _UnfitError((*path, key) if key in data else path, what)
