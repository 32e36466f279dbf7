"""CustomResourceDefinitions: which kinds there are, found without reading what nobody asks for.

A file of CRDs may have a megabyte, of which a run meets one kind. So each document is first only scanned for its group
and kind, by the parser's events up to `versions`, and read when an object of that kind turns up.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, MappingStartEvent, ScalarEvent

from mesh.manifests import MAX_TEXT, Fault, Manifest, expand_lists, read_documents
from mesh.manifests.events import ERRORS, open_events
from mesh.schema.nodes import listing, mapping

KIND: Final = "CustomResourceDefinition"

MAX_SCANNED: Final = 20_000
"""Events of one document that are looked at before it is read as a whole; a head has a hundred, annotations or not."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a kind."""

    name: str
    served: bool
    deprecated: bool
    warning: str
    """What the API server says to those who use it; empty for its own words."""
    has_status: bool
    """Whether the status is written apart from the rest, so that it is left out when an object is created."""
    schema: dict[str, Any]


@dataclass(slots=True)
class Definition:
    """One CRD."""

    group: str
    kind: str
    source: str
    """`file:line`"""
    _read: Callable[[], dict[str, Any]] = field(repr=False)
    _versions: dict[str, Version] | None = None

    @property
    def versions(self) -> dict[str, Version]:
        """Its versions by name; read now if they were not read before."""
        if self._versions is None:
            self._versions = {each.name: each for each in _versions(self._read())}
        return self._versions


def definitions_of(manifests: Iterable[Manifest]) -> list[Definition]:
    """The CRDs among `manifests`."""
    found: list[Definition] = []
    for manifest in manifests:
        names = _names(manifest.data)
        if names is not None:
            found.append(Definition(*names, manifest.where, _giver(dict(manifest.data))))
    return found


def scan(text: str, source: str) -> tuple[list[Definition], list[Fault]]:
    """The CRDs in `text`, not read yet, and what is wrong with it; a fault further inside shows when it is read."""
    if len(text) > MAX_TEXT:
        return [], [Fault(source, 0, f"{len(text)} characters, more than the {MAX_TEXT} that are read")]
    if text.lstrip()[:1] == "{":
        return _read_all(text, source)
    found: list[Definition] = []
    faults: list[Fault] = []
    for start, end in _documents(text):
        document = text[start:end]
        if KIND not in document:
            continue
        line = text.count("\n", 0, start) + 1
        names = _scan_names(document)
        if names is None:
            more, wrong = _read_all(document, source)
            found += more
            faults += [Fault(each.source, each.line + line - 1, each.message) for each in wrong]
        else:
            found.append(Definition(*names, f"{source}:{line}", _reader(document, source)))
    return found, faults


def _read_all(text: str, source: str) -> tuple[list[Definition], list[Fault]]:
    manifests, faults = read_documents(text, source)
    documents, more = expand_lists(manifests)
    return definitions_of(documents), faults + more


def _reader(text: str, source: str) -> Callable[[], dict[str, Any]]:
    def read() -> dict[str, Any]:
        manifests, _ = read_documents(text, source)
        return dict(manifests[0].data) if manifests else {}

    return read


def _giver(data: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    return lambda: data


def _documents(text: str) -> Iterator[tuple[int, int]]:
    """Where each document begins and ends: at column 0, `---` is always a mark, even inside a block of text."""
    start = 0
    at = 0 if text.startswith("---") else text.find("\n---")
    while at >= 0:
        mark = at + (text[at] == "\n")
        if text[mark + 3 : mark + 4] in ("", " ", "\t", "\r", "\n"):
            yield start, mark
            start = mark
        at = text.find("\n---", mark)
    yield start, len(text)


def _names(data: Any) -> tuple[str, str] | None:
    """The group and kind that a CRD defines."""
    if data.get("kind") != KIND:
        return None
    spec = mapping(data.get("spec"))
    group, kind = spec.get("group"), mapping(spec.get("names")).get("kind")
    return (group, kind) if isinstance(group, str) and isinstance(kind, str) else None


def _scan_names(document: str) -> tuple[str, str] | None:
    """The group and kind of the one CRD in `document`; None when they are not found at first sight."""
    found: dict[tuple[str, ...], str] = {}
    try:
        for path, value in _scalars(document):
            if path in _WANTED:
                found[path] = value
                if len(found) == len(_WANTED):
                    break
    except (*ERRORS, _UnclearError):
        return None
    if found.get(("kind",)) != KIND:
        return None
    group, kind = found.get(("spec", "group")), found.get(("spec", "names", "kind"))
    return (group, kind) if group and kind else None


_WANTED: Final = frozenset({("kind",), ("spec", "group"), ("spec", "names", "kind")})


class _UnclearError(Exception):
    """Nothing can be said without reading the whole."""


def _scalars(document: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """The path and the text of each scalar that is in mappings only."""
    get_event = open_events(document)
    path: list[str] = []
    key: str | None = None
    skipped = 0
    for _ in range(MAX_SCANNED):
        event = get_event()
        if event is None:
            return
        if skipped or not isinstance(event, ScalarEvent | CollectionStartEvent | CollectionEndEvent | AliasEvent):
            skipped += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        elif isinstance(event, CollectionEndEvent):
            path, key = path[:-1], None
        elif isinstance(event, CollectionStartEvent):
            if not isinstance(event, MappingStartEvent) or (path and key is None):
                skipped = 1
            else:
                path.append(key or "")
            key = None
        elif isinstance(event, AliasEvent):
            raise _UnclearError
        elif key is None:
            key = event.value
        else:
            yield (*path[1:], key), event.value
            key = None
    raise _UnclearError


def _versions(data: dict[str, Any]) -> Iterator[Version]:
    spec = mapping(data.get("spec"))
    for each in map(mapping, listing(spec.get("versions"))):
        name = each.get("name")
        if isinstance(name, str):
            schema = mapping(mapping(each.get("schema")).get("openAPIV3Schema"))
            warning = each.get("deprecationWarning")
            yield Version(
                name,
                each.get("served") is not False,
                each.get("deprecated") is True,
                warning if isinstance(warning, str) else "",
                "status" in mapping(each.get("subresources")),
                schema,
            )
