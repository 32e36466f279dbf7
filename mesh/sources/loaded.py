"""What a source gives."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from mesh.findings import CATALOGUE, Finding, ObjectRef
from mesh.manifests import Fault, Manifest

UNREAD: Final = frozenset({"MT1001", "MT1006", "MT1007", "MT1008"})
"""Codes that say that something was not read, so that nobody knows what is in it."""


@dataclass(slots=True)
class Loaded:
    """Manifests, and what is to be said about reading them."""

    manifests: list[Manifest] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: "Loaded") -> None:
        """Take in what another source gave."""
        self.manifests += other.manifests
        self.findings += other.findings

    def say(self, code: str, place: str, message: str, *, line: int = 0, about: ObjectRef | None = None) -> None:
        """Add a finding about a place that has no manifest."""
        self.findings.append(remark(code, place, message, line=line, about=about))

    def say_faults(self, faults: Iterable[Fault]) -> None:
        """Add what could not be read in a text."""
        for fault in faults:
            self.say("MT1001", fault.source, fault.message, line=fault.line)


def remark(code: str, place: str, message: str, *, line: int = 0, about: ObjectRef | None = None) -> Finding:
    """The finding of `code` about a place that has no manifest."""
    entry = CATALOGUE[code]
    return Finding(
        code=code,
        level=entry.level,
        message=message,
        file=place,
        line=line,
        object=about,
        path="",
        remedy=entry.remedy,
        doc=entry.doc,
    )


def count_nodes(data: Any) -> int:
    """How many scalars, lists and mappings `data` has, itself counted."""
    total = 0
    level: list[Any] = [data]
    while level:
        total += len(level)
        level = list(_inside(level))
    return total


def _inside(level: list[Any]) -> Iterator[Any]:
    for value in level:
        if type(value) is dict:
            yield from value.values()
        elif type(value) is list:
            yield from value
