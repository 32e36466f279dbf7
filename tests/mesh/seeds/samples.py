"""The samples of the user's documents, as they stand there."""

from dataclasses import dataclass
from pathlib import Path

from tests.mesh.schema.vectors import SHARED

SEEDS = SHARED / "seeds"

FENCE = "```"


@dataclass(frozen=True)
class Sample:
    """One fenced block of a document."""

    heading: str
    """The heading above it."""
    line: int
    """Of its first line, in the document."""
    text: str


def fenced(path: Path, language: str = "yaml") -> list[Sample]:
    """The blocks of one language in a Markdown document, without the indentation of the list that they are in."""
    found: list[Sample] = []
    heading, block, start, indent = "", None, 0, 0
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if block is None:
            if line.startswith("#"):
                heading = line.lstrip("# ")
            if line.strip() == FENCE + language:
                block, start, indent = [], number + 1, len(line) - len(line.lstrip())
        elif line.strip() == FENCE:
            found.append(Sample(heading, start, "\n".join(block) + "\n"))
            block = None
        else:
            block.append(line[indent:])
    return found
