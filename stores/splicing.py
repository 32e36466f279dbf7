"""Replacing and removing documents in a text that others wrote, everything else byte for byte as it was.

For one document several ways are tried, the most careful first: the lines that changed, ruamel.yaml's round trip, the
whole document anew. A way counts only if its result, read back, says exactly what was wanted.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mesh.manifests import Manifest, read_documents, write_document
from mesh.manifests.jsontext import read_json
from stores.content import Content, content_of
from stores.editing import DeclinedError, edit_text
from stores.model import StoreError
from stores.roundtrip import round_trip
from stores.values import same

_Way = Callable[[str, dict[str, Any], dict[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Place:
    """One object in a text: its document's offset, and the path in it, which is empty but for items of a list."""

    start: int
    within: tuple[str | int, ...]

    @classmethod
    def of(cls, manifest: Manifest) -> "Place":
        """Return where a manifest is."""
        return cls(manifest.start, manifest.within)


def replace_objects(content: Content, changes: Mapping[Place, Mapping[str, Any]]) -> Content:
    """Return the content with the object at each place replaced; StoreError when no way of writing gives that data."""
    wanted = {document.start: dict(document.data) for document in content.documents}
    for place, data in changes.items():
        wanted[place.start] = _with(wanted[place.start], place.within, dict(data))
    text = content.text
    for document in reversed(content.documents):
        new = wanted[document.start]
        if any(place.start == document.start for place in changes):
            region = _rewritten(text[document.start : document.end], dict(document.data), new)
            text = text[: document.start] + region + text[document.end :]
    return _checked(text, content, [*wanted.values()])


def remove_object(content: Content, place: Place) -> Content | None:
    """Return the content without the object at `place`; None when nothing is left of it; StoreError as above."""
    document = next(document for document in content.documents if document.start == place.start)
    if place.within:
        items = [item for position, item in enumerate(document.data["items"]) if position != place.within[-1]]
        if items:
            return replace_objects(content, {Place(place.start, ()): {**document.data, "items": items}})
    if len(content.documents) == 1 and not content.faults:
        return None
    kept = [dict(other.data) for other in content.documents if other is not document]
    text = content.text
    try:
        return _checked(text[: document.outer_start] + text[document.outer_end :], content, kept)
    except StoreError:
        return _checked(text[: document.start] + text[document.end :], content, kept)


def _with(data: dict[str, Any], path: tuple[str | int, ...], new: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of `data` with the item at `path` ("items", position) replaced; an empty path means all of it."""
    if not path:
        return new
    items = list(data["items"])
    position = path[-1]
    assert isinstance(position, int)  # noqa: S101  # expand_lists makes no other paths
    before = items[position]
    # What the item took over from its list stays with the list.
    items[position] = {k: v for k, v in new.items() if k in before or k not in ("apiVersion", "kind")}
    return {**data, "items": items}


def _rewritten(region: str, old: dict[str, Any], new: dict[str, Any]) -> str:
    for candidate in _candidates(region, old, new):
        # What follows a document begins in a line of its own.
        ended = candidate if not region.endswith("\n") or candidate.endswith("\n") else candidate + "\n"
        manifests, faults = read_documents(ended, "")
        if not faults and len(manifests) == 1 and same(dict(manifests[0].data), new):
            return ended
    raise StoreError("cannot be written as YAML that reads back the same", retryable=False)


def _candidates(region: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    ways: tuple[_Way, ...] = (edit_text, round_trip, _anew)
    for way in (_json, *ways) if region.lstrip()[:1] == "{" else ways:
        try:
            yield way(region, old, new)
        except DeclinedError:
            continue


def _json(region: str, _: dict[str, Any], new: dict[str, Any]) -> str:
    """Write JSON as JSON, indented as it was."""
    if read_json(region) is None:
        raise DeclinedError
    start = len(region) - len(region.lstrip())
    body = region[start:].rstrip()
    second = body.split("\n", 2)[1] if "\n" in body else ""
    indent = second[: len(second) - len(second.lstrip(" \t"))] or None
    written = json.dumps(new, ensure_ascii=False, indent=indent)
    return region[:start] + written + region[start + len(body) :]


def _anew(region: str, _: dict[str, Any], new: dict[str, Any]) -> str:
    """Write the whole document; comments in it are lost, and the data is right."""
    written = write_document(new)
    return written.replace("\n", "\r\n") if "\r\n" in region else written


def _checked(text: str, before: Content, wanted: list[dict[str, Any]]) -> Content:
    """Return the content of `text`; StoreError unless its documents are the wanted ones and nothing new is wrong."""
    source = next((document.source for document in before.documents), "")
    after = content_of(text, source)
    agrees = len(after.documents) == len(wanted) and all(
        same(dict(document.data), data) for document, data in zip(after.documents, wanted, strict=True)
    )
    if not agrees or len(after.faults) > len(before.faults):
        raise StoreError(f"{source}: cannot be written so that it reads back the same", retryable=False)
    return after
