"""Kubernetes' `semver("1.2.3")`."""

import string
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from mesh.schema.cel.budget import Budget
from mesh.schema.cel.function import Function, typed
from mesh.schema.cel.readable import is_readable
from mesh.schema.cel.values import CelError

MAX_TEXT: Final = 256
"""Characters of a version."""

_DIGITS: Final = frozenset(string.digits)
_IDENTIFIER: Final = frozenset(string.ascii_letters + string.digits + "-")


@dataclass(frozen=True, slots=True)
class Version:
    """A semantic version; what stands behind `+` is no part of its order."""

    numbers: tuple[int, int, int]
    pre: tuple[str, ...]

    @property
    def order(self) -> tuple[Any, ...]:
        """Compares as the versions do: a release is above what came before it, numbers are below words."""
        parts = tuple((0, int(part), "") if _DIGITS.issuperset(part) else (1, 0, part) for part in self.pre)
        return self.numbers, not self.pre, parts


def read_version(text: str, *, loosely: bool = False) -> Version:
    """Return the version `text`; ValueError. Loosely: `v1.2` and `01.2.3` too."""
    if len(text) > MAX_TEXT:
        raise ValueError("too long")
    if loosely:
        text = text.removeprefix("v")
    rest, plus, build = text.partition("+")
    core, dash, pre = rest.partition("-")
    parts = core.split(".")
    if loosely:
        parts = [part.lstrip("0") or "0" for part in parts] + ["0"] * (3 - len(parts))
    if len(parts) != 3 or not all(map(_is_number, parts)):
        raise ValueError("no three numbers")
    found = tuple(pre.split(".")) if dash else ()
    extra = build.split(".") if plus else []
    if any(not part or not _IDENTIFIER.issuperset(part) for part in (*found, *extra)):
        raise ValueError("an empty part, or one with other characters than letters, digits and '-'")
    if any(_DIGITS.issuperset(part) and not _is_number(part) for part in found):
        raise ValueError("a number with a leading zero")
    major, minor, patch = map(int, parts)
    return Version((major, minor, patch), found)


def _is_number(part: str) -> bool:
    return part != "" and len(part) < 20 and _DIGITS.issuperset(part) and (part == "0" or part[0] != "0")


def _semver(_: Budget, text: str, loosely: bool = False) -> Version:
    try:
        return read_version(text, loosely=loosely)
    except ValueError as error:
        raise CelError(f"semver parse error: {error}") from None


def _is_semver(_: Budget, text: str, loosely: bool = False) -> bool:
    return is_readable(partial(read_version, loosely=loosely), text)


def _compare(_: Budget, one: Version, other: Version) -> int:
    return (one.order > other.order) - (one.order < other.order)


GLOBALS: Final[dict[str, Function]] = {
    "semver": typed(_semver, str, bool, least=1),
    "isSemver": typed(_is_semver, str, bool, least=1),
}
METHODS: Final[dict[str, Function]] = {
    "major": typed(lambda _, version: version.numbers[0], Version),
    "minor": typed(lambda _, version: version.numbers[1], Version),
    "patch": typed(lambda _, version: version.numbers[2], Version),
    "compareTo": typed(_compare, Version, Version),
    "isGreaterThan": typed(lambda budget, one, other: _compare(budget, one, other) > 0, Version, Version),
    "isLessThan": typed(lambda budget, one, other: _compare(budget, one, other) < 0, Version, Version),
}
