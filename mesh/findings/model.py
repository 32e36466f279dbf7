"""What a check says: a finding, of a code that never changes its meaning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol, Self

from mesh.manifests import Lines

DOCUMENTATION = "docs/findings/{code}.md"
"""Where the page of a code is, in this project."""


class Level(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """It does not work, or lets somebody in who should stay out."""
    WARNING = "warning"
    """It works today, and will not one day, or not as its writer believes."""
    INFO = "info"
    """Worth knowing; nothing breaks."""


LEVELS = (Level.INFO, Level.WARNING, Level.ERROR)
"""From harmless to bad."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One thing that a check can find. Codes are permanent: a retired one is kept, and never used for anything else."""

    code: str
    """`MT` and four digits."""
    level: Level
    """The usual level; a finding may have another."""
    title: str
    """A few words, without values."""
    why: str
    """Why it matters, in whole sentences."""
    remedy: str
    """What to do about it, in general."""
    retired: bool = False
    """No check gives it any more."""

    def __post_init__(self) -> None:
        if len(self.code) != 6 or self.code[:2] != "MT" or not self.code[2:].isdecimal():
            raise ValueError(f"{self.code!r} is no code; accepted: MT and four digits")

    @property
    def doc(self) -> str:
        """The page about it."""
        return DOCUMENTATION.format(code=self.code)


class Document(Protocol):
    """A manifest as checks see it: one that was read, or one that was generated."""

    @property
    def data(self) -> Mapping[str, Any]:
        """The manifest itself."""

    @property
    def source(self) -> str:
        """The file it came from."""

    @property
    def line(self) -> int:
        """Where it begins."""

    @property
    def lines(self) -> Lines:
        """The lines of its fields."""


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """Which object a finding is about. Parts that are not written, or are no text, are empty."""

    api_version: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, document: Document) -> Self:
        """The object that `document` describes."""
        metadata = document.data.get("metadata")
        named = metadata if isinstance(metadata, Mapping) else {}
        return cls(
            _text(document.data.get("apiVersion")),
            _text(document.data.get("kind")),
            _text(named.get("namespace")),
            _text(named.get("name")),
        )

    @property
    def shortened(self) -> Self:
        """The same with parts as long as Kubernetes takes them: what is told must not be as long as what was read."""
        return type(self)(_cut(self.api_version), _cut(self.kind), _cut(self.namespace), _cut(self.name))

    def __str__(self) -> str:
        namespace = f"{_cut(self.namespace)}/" if self.namespace else ""
        return f"{_cut(self.kind) or '?'} {namespace}{_cut(self.name) or '?'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found in one place."""

    code: str
    level: Level
    message: str
    """One sentence, with the values as they are."""
    file: str
    """Empty when no file is to blame, such as for an object that is missing."""
    line: int
    """From 1; 0 when no line is to blame."""
    object: ObjectRef | None
    path: str
    """The field, as in `spec.ports[0].name`; empty for the whole object."""
    remedy: str
    """What to do here, with the YAML to write."""
    doc: str
    """The page about the code."""


def path_text(path: Sequence[str | int]) -> str:
    """`path` as people write it: `spec.ports[0].name`, `data["principal.auth"]`; long keys are cut."""
    text = ""
    for step in (_cut(each) if isinstance(each, str) else each for each in path):
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("_", "a").replace("-", "a").isalnum():
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


MAX_PART: Final = 253
"""Characters of a name, a kind or a key that a finding repeats: as many as a name may have in Kubernetes."""


def _cut(text: str) -> str:
    return text if len(text) <= MAX_PART else f"{text[:MAX_PART]}… ({len(text)} characters)"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
