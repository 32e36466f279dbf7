"""What every adapter is: it generates manifests from an intent, and verifies manifests against one.

An adapter's checks are an explicit tuple of functions from a `World` to findings. Fields that a generated manifest has
and that no check speaks of are listed as neutral, each with its reason; a contract test holds every adapter to that.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, Protocol

from mesh.adapters.writing import Path, write_commented
from mesh.bundle import Bundle
from mesh.findings import Document, Finding, ObjectRef
from mesh.intent import Intent
from mesh.manifests import Lines
from mesh.world import Check, World, run_checks

__all__ = [
    "GENERATED",
    "Adapter",
    "Change",
    "Check",
    "Generated",
    "Neutral",
    "World",
    "run_checks",
    "write_stream",
]

GENERATED: Final = "<generated>"
"""The source of a document that was not read from anywhere."""

Change = Literal["delete", "change"]
"""What may be done to a field."""


@dataclass(frozen=True)
class Generated:
    """A generated manifest. It can be verified as it is, like one that was read."""

    data: Mapping[str, Any]
    """Plain dict, list, str, int, bool; keys in the order in which they are written."""
    comments: Mapping[Path, str] = field(default_factory=dict)
    """By field; above the fields that a reader would wonder about."""
    file: str = ""
    """What its file must be called, where something else speaks of it; nothing: any name."""

    @cached_property
    def yaml(self) -> str:
        """The manifest as YAML with its comments, the same bytes every time; without a `---`."""
        return write_commented(self.data, self.comments)

    @property
    def ref(self) -> ObjectRef:
        """The object."""
        return ObjectRef.of(self)

    @property
    def source(self) -> str:
        """GENERATED."""
        return GENERATED

    @property
    def line(self) -> int:
        """The first line."""
        return 1

    @cached_property
    def lines(self) -> Lines:
        """The lines of the fields in `yaml`."""
        return Lines(self.yaml, first=1)


def write_stream(documents: Iterable[Generated]) -> str:
    """The documents as one text for kubectl, each behind a `---`."""
    return "".join(f"---\n{each.yaml}" for each in documents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Neutral:
    """A generated field that may be changed without a finding."""

    kind: str
    """Of the object; `*` is any."""
    path: tuple[str, ...]
    """From the root; `*` stands for any one step, `**` at the end for any further ones. List positions are `*`."""
    reason: str
    """Why no check speaks of it."""
    changes: frozenset[Change] = frozenset({"delete", "change"})
    """What may be done to it in silence."""

    def covers(self, kind: str, path: Sequence[str | int], change: Change) -> bool:
        """Whether `change` of the field at `path` is covered."""
        if change not in self.changes or self.kind not in {"*", kind}:
            return False
        pattern, rest = self.path, len(path) == len(self.path)
        if pattern and pattern[-1] == "**":
            pattern, rest = pattern[:-1], len(path) >= len(self.path) - 1
        steps = zip(pattern, path, strict=False)
        return rest and all(wanted == "*" or (isinstance(step, str) and wanted == step) for wanted, step in steps)


class Adapter(Protocol):
    """One mesh or gateway."""

    @property
    def name(self) -> str:
        """As on the command line."""

    @property
    def neutral(self) -> Sequence[Neutral]:
        """The generated fields of which no check speaks."""

    def applies(self, bundle: Bundle) -> bool:
        """Whether the manifests are about this system at all; asked when the user names none."""

    def generate(self, intent: Intent) -> list[Generated]:
        """The manifests of `intent`, in the order in which they may be applied."""

    def verify(self, intent: Intent | None, manifests: Sequence[Document]) -> list[Finding]:
        """What is wrong with `manifests`; without an intent, as far as that can be told without."""
