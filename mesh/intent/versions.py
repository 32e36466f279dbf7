"""Versions of the systems, as far as settings depend on them: two numbers."""

from dataclasses import dataclass
from typing import Final, Self

from mesh.intent.kinds import Kind, KindError

MAX_NUMBER: Final = 9999
"""The greatest part of a version; calendar versions such as 2025.12 fit."""


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A release line such as 1.30. Patch releases don't change fields."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """`1.30`, `1.30.3`, `v1.31.0-rc.0`; ValueError for anything else."""
        parts = text.removeprefix("v").split(".")
        if len(parts) < 2:
            raise ValueError(f"{text!r} is no version")
        numbers = [int(part) if part.isascii() and part.isdecimal() and len(part) <= 4 else -1 for part in parts[:2]]
        if min(numbers) < 0:
            raise ValueError(f"{text!r} is no version")
        return cls(*numbers)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


def _parse(value: object) -> Version:
    if not isinstance(value, str):
        # 1.30 without quotes is the number 1.3, and cannot be told from it.
        raise KindError
    try:
        return Version.parse(value)
    except ValueError:
        raise KindError from None


def _check(value: object) -> bool:
    return isinstance(value, Version) and 0 <= value.major <= MAX_NUMBER and 0 <= value.minor <= MAX_NUMBER


VERSION: Final = Kind('a version in quotes, such as "1.30"', _parse, _check, str)
