"""Documents that lie beside the project: the protocol's description and the users' samples."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SHARED = Path(os.environ.get("MESHTETHER_SHARED", ROOT.parent / "shared"))
"""The folder they are in, if they are there."""


def read(name: str) -> str | None:
    """The text of a document; None when it is not there."""
    path = SHARED / name
    return path.read_text(encoding="utf-8") if path.is_file() else None
