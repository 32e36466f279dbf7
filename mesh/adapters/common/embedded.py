"""Proxies' configuration as text in ConfigMaps: read with the lines that it has there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from mesh.bundle import Bundle, Field, Item
from mesh.findings import Finding, ObjectRef, path_text
from mesh.manifests import Lines, read_documents

MAX_EMBEDDED: Final = 1024 * 1024
"""Characters of a text in a ConfigMap that is looked at; Kubernetes keeps objects below 1.5 MiB."""


@dataclass(frozen=True)
class Embedded:
    """One document in a text of a ConfigMap."""

    data: Mapping[str, Any]
    source: str
    line: int
    lines: Lines
    item: Item
    """The ConfigMap."""
    key: str
    """Of the text."""

    def lift(self, finding: Finding) -> Finding:
        """A finding in it as one in the ConfigMap; others as they are."""
        if finding.file != self.source or (finding.object is not None and finding.object.kind):
            return finding
        above = path_text(("data", self.key))
        return replace(finding, object=ObjectRef.of(self.item.document), path=f"{above}.{finding.path}".rstrip("."))


Lift = Callable[[Finding], Finding]
"""Makes a finding in what was read one in what holds it."""


def lifting(root: Field) -> Lift:
    """How findings below `root` become findings in the ConfigMap that holds its text; as they are where none does."""
    document = root.document
    return document.lift if isinstance(document, Embedded) else _same


def _same(finding: Finding) -> Finding:
    return finding


def embedded(bundle: Bundle, telling: Sequence[str]) -> Iterator[Embedded]:
    """Every document in a ConfigMap's text in which one of the words in `telling` stands."""
    for item in bundle.of("", "ConfigMap"):
        for key, text in item.at("data").entries():
            written = text.text or ""
            if len(written) <= MAX_EMBEDDED and any(each in written for each in telling):
                yield from _documents(item, key, text, written)


def _documents(item: Item, key: str, text: Field, written: str) -> Iterator[Embedded]:
    manifests, _ = read_documents(written, item.document.source)
    for manifest in manifests:
        # A text of several lines stands below its key.
        below = item.document.lines.of(text.path) + (1 if "\n" in written.rstrip("\n") else 0)
        inner = written[manifest.start : manifest.end]
        first = below + written[: manifest.start].count("\n")
        yield Embedded(manifest.data, item.document.source, first, Lines(inner, first=first), item, key)


def has_embedded(bundle: Bundle, telling: Sequence[str]) -> bool:
    """Whether a ConfigMap's text has one of the words in `telling`."""
    return any(
        any(each in value for each in telling)
        for item in bundle.of("", "ConfigMap")
        for value in item.at("data").strings.values()
    )
