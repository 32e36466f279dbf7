"""Fields of a manifest, read without trust in their types, each knowing its place.

A `Field` is a value with the path to it. Asking for what is not there, or is of another type, gives an absent field or
None, never an error: checks are written for what a manifest says, and the schema's checks tell wrong types.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from mesh.durations import DurationError, parse_duration
from mesh.findings import Document, Finding, Level, found, path_text
from mesh.shortening import fitting


class _Absent:
    """The type of ABSENT."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()
"""The value of a field that is not written."""


class Field(NamedTuple):
    """A place in a manifest, and what is written there.

    A tuple, since a verification makes dozens for each document, and a frozen dataclass takes thrice as long to make.
    """

    document: Document
    path: tuple[str | int, ...]
    value: Any
    """ABSENT when nothing is."""

    @classmethod
    def root(cls, document: Document) -> "Field":
        """The whole of `document`."""
        return cls(document, (), document.data)

    def at(self, *steps: str | int) -> "Field":
        """The field `steps` further down: keys, and positions in lists."""
        value = self.value
        for step in steps:
            if type(value) is dict:  # Nearly always; asking whether it is a Mapping takes as long as all the rest.
                value = value.get(step, ABSENT)
            elif isinstance(step, int):
                in_list = isinstance(value, list | tuple) and 0 <= step < len(value)
                value = value[step] if in_list else ABSENT
            else:
                value = value.get(step, ABSENT) if isinstance(value, Mapping) else ABSENT
        return Field(self.document, (*self.path, *steps), value)

    @property
    def exists(self) -> bool:
        """Whether anything but null is written."""
        return self.value is not ABSENT and self.value is not None

    @property
    def text(self) -> str | None:
        """The value when it is text."""
        return self.value if isinstance(self.value, str) else None

    @property
    def number(self) -> int | None:
        """The value when it is a whole number; 3.0 is, as it is for the API server."""
        if isinstance(self.value, float) and self.value.is_integer():
            return int(self.value)
        return self.value if isinstance(self.value, int) and not isinstance(self.value, bool) else None

    @property
    def boolean(self) -> bool | None:
        """The value when it is true or false."""
        return self.value if isinstance(self.value, bool) else None

    @property
    def duration(self) -> int | None:
        """Nanoseconds, when the value is the text of a Go duration."""
        try:
            return parse_duration(self.value) if isinstance(self.value, str) else None
        except DurationError:
            return None

    @property
    def mapping(self) -> Mapping[str, Any]:
        """The value when it is a mapping, else an empty one."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def strings(self) -> dict[str, str]:
        """The pairs of a mapping whose values are text, as labels and annotations are."""
        return {key: value for key, value in self.mapping.items() if isinstance(value, str)}

    @property
    def texts(self) -> list[str]:
        """The texts in a list."""
        return [item.text for item in self.items() if item.text is not None]

    @property
    def size(self) -> int:
        """How many values there are at this place and below; 0 when nothing is."""
        return 0 if self.value is ABSENT else _size(self.value)

    def items(self) -> Iterator["Field"]:
        """The members of a list; none when the value is no list."""
        if isinstance(self.value, list | tuple):
            for position in range(len(self.value)):
                yield self.at(position)

    def entries(self) -> Iterator[tuple[str, "Field"]]:
        """The keys of a mapping with their values; none when the value is no mapping."""
        for key in self.mapping:
            yield key, self.at(key)

    @property
    def name(self) -> str:
        """The path as text, for messages."""
        return path_text(self.path)

    @property
    def shown(self) -> str:
        """The value as a message may repeat it."""
        return shown(self.value)

    def finding(self, code: str, message: str, *, remedy: str = "", level: Level | None = None) -> Finding:
        """The finding of `code` in this place."""
        return found(code, self.document, self.path, message, remedy=remedy, level=level)


def _size(value: Any) -> int:
    below = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return 1 + sum(map(_size, below))


MAX_SHOWN: Final = 120
"""Characters of a value that a message repeats; a certificate's or a script's text would drown the message."""


def shown(value: object) -> str:
    """`value` as a message may repeat it: in one line, printable, and not too long."""
    if value is ABSENT:
        return "not set"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = str(value)
    begun = text[:MAX_SHOWN]
    said = begun
    if not begun.isprintable():
        begun = fitting(text, MAX_SHOWN)
        said = ascii(begun)[1:-1]
    return said if begun == text else f"{said}... ({len(text)} characters)"
