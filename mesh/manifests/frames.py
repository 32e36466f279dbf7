"""The open lists and mappings of a document that is being read."""

from typing import Any, Final

from mesh.manifests.scalars import ScalarError, key_text


class UnfitError(Exception):
    """This document cannot be read; the next ones can."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        """The line, from 1."""
        self.message = message


class _Missing:
    """Stands for a key that has not come yet, or for a merge key."""


NO_KEY: Final = _Missing()
MERGE_KEY: Final = _Missing()


class ListFrame:
    """An open list."""

    __slots__ = ("anchor", "value")
    wants_key: Final = False

    def __init__(self, anchor: str | None) -> None:
        self.anchor = anchor
        self.value: list[Any] = []

    def place(self, value: Any, line: int) -> None:  # the mapping's signature
        """Add an item."""
        self.value.append(value)

    def close(self) -> None:
        """Nothing is left to do at a list's end."""


class MappingFrame:
    """An open mapping: keys and values come in turn."""

    __slots__ = ("anchor", "key", "merges", "value")

    def __init__(self, anchor: str | None) -> None:
        self.anchor = anchor
        self.value: dict[str, Any] = {}
        self.key: Any = NO_KEY
        self.merges: list[tuple[Any, int]] = []

    @property
    def wants_key(self) -> bool:
        """Whether the next value is a key."""
        return self.key is NO_KEY

    def place(self, value: Any, line: int) -> None:
        """Take the next key or its value; UnfitError."""
        key = self.key
        if key is NO_KEY:
            self.key = value if type(value) is str else _key(value, line)
            if self.key in self.value:
                raise UnfitError(line, f"the key {self.key[:80]!r} stands twice in one mapping")
            return
        self.key = NO_KEY
        if key is MERGE_KEY:
            self.merges.append((value, line))
        else:
            self.value[key] = value

    def close(self) -> None:
        """Add what merge keys bring and the mapping does not have itself: the first wins, as YAML 1.1 says."""
        for value, line in self.merges:
            others = value if isinstance(value, list) else [value]
            if not all(isinstance(other, dict) for other in others):
                raise UnfitError(line, "a merge key (<<) takes a mapping or a list of mappings")
            for other in others:
                for key, item in other.items():
                    self.value.setdefault(key, item)


def _key(value: Any, line: int) -> str:
    if isinstance(value, dict | list):
        raise UnfitError(line, "a list or a mapping cannot be a key")
    try:
        return key_text(value)
    except ScalarError as error:
        raise UnfitError(line, str(error)) from None
