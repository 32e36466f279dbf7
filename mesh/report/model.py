"""What a report is about."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from mesh.findings import LEVELS, Finding, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The findings of one run, in the order in which they are told."""

    findings: tuple[Finding, ...]
    documents: int
    """How many were checked."""
    sources: tuple[str, ...] = ()
    """The files that were read, those without findings too."""
    version: str = ""
    """Of this program."""
    colour: bool = False
    """Whether a terminal shows the text."""

    def count(self, level: Level) -> int:
        """How many findings have `level`."""
        return sum(finding.level is level for finding in self.findings)


def select(findings: Iterable[Finding], *, ignore: Collection[str], level: Level) -> list[Finding]:
    """The findings of at least `level` whose code is not in `ignore`."""
    least = LEVELS.index(level)
    return [each for each in findings if each.code not in ignore and LEVELS.index(each.level) >= least]


def printable(text: str) -> str:
    """Return `text` with what a terminal or a parser would not print as itself written out as an escape."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


MAX_MESSAGE: Final = 4000
"""Characters of one message that are printed; a message repeats values, and values come from outside."""


def shortened(text: str) -> str:
    """Return `text`, printable and not too long."""
    return printable(text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}…")
