"""Log levels as logrus names them, for everything or for one component: `info`, `info,principal.session=debug`."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

TRACE: Final = 5
"""Below Python's own DEBUG, which logrus has a name for."""

LEVELS: Final = MappingProxyType(
    {
        "trace": TRACE,
        "debug": logging.DEBUG,
        "info": logging.INFO,
        "warn": logging.WARNING,
        "warning": logging.WARNING,
        "error": logging.ERROR,
        "fatal": logging.CRITICAL,
        "panic": logging.CRITICAL,
    }
)
"""Python's number for each of logrus' names."""

ACCEPTED: Final = f"{', '.join(LEVELS)}; for one component NAME=LEVEL, as in info,principal.session=debug"
"""What a person may write, for messages."""


@dataclass(frozen=True, slots=True)
class Levels:
    """What is logged."""

    root: int
    """Least level, as a number, of what no component is named for."""
    components: tuple[tuple[str, int], ...] = ()
    """Logger name and its own least level."""


def parse_levels(items: Sequence[str]) -> Levels:
    """Levels of a list of LEVEL and NAME=LEVEL, case ignored; ValueError names what is none. The last LEVEL counts."""
    root = logging.INFO
    components: dict[str, int] = {}
    for item in items:
        name, equals, level = item.rpartition("=")
        number = LEVELS.get(level.strip().lower())
        if number is None or (equals and not name.strip()):
            raise ValueError(f"{item!r} is no log level")
        if equals:
            components[name.strip()] = number
        else:
            root = number
    return Levels(root, tuple(components.items()))
