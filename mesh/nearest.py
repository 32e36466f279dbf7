"""What somebody probably meant. Pure."""

import difflib
from collections.abc import Iterable
from typing import Final

LIKENESS: Final = 0.6
"""Least likeness, 0…1, of a name that is offered instead (difflib's own choice for what people call similar)."""

MAX_NAME: Final = 200
"""Characters of a name that are compared; comparing takes the square of it."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like `name`; empty when none is like it."""
    matches = difflib.get_close_matches(name[:MAX_NAME], sorted(known), n=1, cutoff=LIKENESS)
    return matches[0] if matches else ""
