"""What a value has against its schema, in the words of the API server."""

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

SHOWN: Final = 200
"""Characters of a value that a message repeats."""

HERE: Final = "\0"
"""Stands for the field's path in a message, which is known only when the walk is back at the root."""

MAX_PROBLEMS: Final = 20
"""Of one object: who has more has another kind of object."""


class Kind(Enum):
    """What kind of problem it is, which decides its code."""

    TYPE = "MT1701"
    REQUIRED = "MT1702"
    ENUM = "MT1703"
    BOUND = "MT1704"
    FORM = "MT1705"
    COMBINATION = "MT1706"
    DUPLICATE = "MT1707"
    RULE = "MT1708"
    UNKNOWN = "MT1709"
    UNCHECKED = "MT1712"
    META = "MT1714"


@dataclass(slots=True)
class Problem:
    """One problem. `steps` leads to it from the inside out, and grows while the walk returns."""

    kind: Kind
    label: str
    """How the API server calls it, and the value, as in `Invalid value: "integer"`; empty when `detail` says all."""
    detail: str
    """What is wrong; HERE stands for the field."""
    blocks: bool = False
    """Whether the API server runs no rules on an object that has it."""
    remedy: str = ""
    """What to write instead."""
    steps: list[str | int] = field(default_factory=list)

    @property
    def path(self) -> tuple[str | int, ...]:
        """From the object's root."""
        return tuple(reversed(self.steps))

    @property
    def text(self) -> str:
        """The message as the API server would put it."""
        path = plain_path(self.path)
        detail = self.detail.replace(HERE, path)
        if not self.label:
            return detail
        return f"{path + ': ' if path else ''}{self.label}{': ' + detail if detail else ''}"


class MapKey(str):
    """A step into a map, which the API server writes in brackets where rules are concerned."""

    __slots__ = ()


Problems = list[Problem] | None
"""None when there are none, since that is what there almost always is."""


def plain_path(path: tuple[str | int, ...]) -> str:
    """Return a path as the API server writes it."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int | MapKey) else f".{step}" if text else step
    return text


def show(value: Any) -> str:
    """Return a value as the API server writes it, shortened."""
    if isinstance(value, float):
        text = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    else:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def invalid(kind: Kind, value: Any, detail: str, *, remedy: str = "") -> list[Problem]:
    """Return the one problem that a value is not as it should be."""
    return [Problem(kind, f"Invalid value: {show(value)}", detail, remedy=remedy)]


def inside(problems: list[Problem], step: str | int) -> list[Problem]:
    """Return the problems of a part as those of the whole."""
    for problem in problems:
        problem.steps.append(step)
    return problems


def joined(one: Problems, other: Problems) -> Problems:
    """Return both."""
    if not one or not other:
        return one or other
    return one + other
