"""How much one check may compare each with each, so that no input takes long."""

from collections.abc import Iterator
from typing import Final

from mesh.bundle import Field
from mesh.findings import Finding

MAX_STEPS: Final = 1_000_000
"""Comparisons of a label or a name in one check, of some tenths of a microsecond each. A thousand agents under five
hundred policies fit."""

READING: Final = 20
"""Steps that it costs to read a value out of a manifest."""


class Allowance:
    """What one run of a check may still compare; made for each run anew."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self._left = steps

    def spend(self, steps: int) -> bool:
        """Whether a comparison of so many steps may be made; they are gone in any case."""
        self._left -= steps
        return self._left >= 0

    def exceeded(self, place: Field, what: str) -> Iterator[Finding]:
        """MT1006, when something was left out."""
        if self._left < 0:
            yield place.finding("MT1006", f"{what} are too many to compare each with each; some were left out.")
