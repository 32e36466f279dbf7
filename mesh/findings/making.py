"""Making findings: level, place and page come from the code and the document."""

from collections.abc import Sequence

from mesh.findings.catalogue import CATALOGUE
from mesh.findings.model import Document, Finding, Level, ObjectRef, path_text


def found(
    code: str,
    document: Document | None,
    path: Sequence[str | int],
    message: str,
    *,
    remedy: str = "",
    level: Level | None = None,
) -> Finding:
    """The finding of `code` at `path` in `document`; None when something is missing altogether.

    A field that is not written gets the line of its nearest ancestor. KeyError for a code that is not in the catalogue.
    """
    about = CATALOGUE[code]
    return Finding(
        code=code,
        level=level or about.level,
        message=message,
        file=document.source if document else "",
        line=document.lines.of(path) if document else 0,
        object=ObjectRef.of(document).shortened if document else None,
        path=path_text(path),
        remedy=remedy or about.remedy,
        doc=about.doc,
    )


def missing(code: str, what: ObjectRef, message: str, *, remedy: str = "", level: Level | None = None) -> Finding:
    """The finding of `code` for the object `what`, which is not there."""
    about = CATALOGUE[code]
    return Finding(
        code=code,
        level=level or about.level,
        message=message,
        file="",
        line=0,
        object=what.shortened,
        path="",
        remedy=remedy or about.remedy,
        doc=about.doc,
    )
