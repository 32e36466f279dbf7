"""The documentation page of a code, from the catalogue and from its fixtures, so that the examples are tested ones."""

from collections.abc import Sequence
from typing import Final

from mesh.findings.model import Code, Level

MORE: Final = "\n## More\n"
"""What comes from here on in a page is written by hand, and kept."""

_INTRODUCTION: Final = """Every finding of `meshtether mesh verify` has a code that never changes its meaning.
`--ignore CODE` leaves one out."""

_LEVELS: Final = {
    Level.ERROR: "error: it does not work, or lets somebody in who should stay out",
    Level.WARNING: "warning: it works today, and will not one day, or not as its writer believes",
    Level.INFO: "info: worth knowing; nothing breaks",
}


def page(about: Code, *, bad: Sequence[str], good: Sequence[str], before: str = "") -> str:
    """The page of `about` in Markdown: `bad` manifests that have the finding (marked where), `good` ones that don't.

    `before` is the page as it was, whose hand-written end is kept.
    """
    parts = [
        f"# {about.code}: {about.title}\n",
        f"Level: {_LEVELS[about.level]}.\n",
        f"## Why it matters\n\n{about.why}\n",
        f"## What to do\n\n{about.remedy}\n",
        *(_example("Found in", text) for text in bad[:1]),
        *(_example("Not found in", text) for text in good[:1]),
    ]
    if about.retired:
        parts.insert(1, "Retired: no check gives this code any more.\n")
    _, marker, more = before.partition(MORE)
    return "\n".join(parts) + (marker + more if marker else "")


def index(codes: Sequence[Code]) -> str:
    """The list of all codes in Markdown."""
    rows = [f"| [{each.code}]({each.code}.md) | {each.level} | {each.title} |" for each in codes if not each.retired]
    return "\n".join(
        [
            "# Findings\n",
            f"{_INTRODUCTION}\n",
            "| code | level | what |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _example(title: str, text: str) -> str:
    lines = text.strip("\n").splitlines()
    while lines and lines[0].startswith("# ") and ":" in lines[0]:
        lines.pop(0)
    return f"## {title}\n\n```yaml\n" + "\n".join(lines) + "\n```\n"
