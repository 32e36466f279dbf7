"""How much a rule may do."""

from typing import Final

UNIT_LENGTH: Final = 64
"""Characters, bytes or items that looking at costs one unit: as much as evaluating one part of a rule, roughly."""


class TooCostlyError(Exception):
    """The budget is spent: nothing can be said about the rule. It is no `CelError`, so that no operator absorbs it."""


class Budget:
    """Units that may still be spent; one is about the time that one part of a rule takes."""

    __slots__ = ("left",)

    def __init__(self, units: int) -> None:
        self.left = units

    def spend(self, units: int) -> None:
        """Take `units` off; TooCostlyError when there are not as many."""
        self.left -= units
        if self.left < 0:
            raise TooCostlyError

    def spend_length(self, length: int) -> None:
        """Pay for going through `length` characters or items."""
        self.spend(1 + length // UNIT_LENGTH)
