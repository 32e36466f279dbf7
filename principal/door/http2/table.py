"""HPACK's table of fields (RFC 7541 §2.3): the static part, which all share, and what one peer has added."""

from typing import Final

from hpack.exceptions import InvalidTableIndexError
from hpack.table import HeaderTable

Field = tuple[str, str]
"""Name and value, as text of one character a byte (latin-1)."""

FIELD_OVERHEAD: Final = 32
"""Bytes that a field counts beside its name and value, in a table (RFC 7541 §4.1) and in a list (RFC 9113 §6.5.2)."""

TABLE_BYTES: Final = 4096
"""Bytes that a peer's part may have: HPACK's default."""

_STATIC: Final[tuple[Field, ...]] = tuple(
    (name.decode("latin-1"), value.decode("latin-1")) for name, value in HeaderTable.STATIC_TABLE
)


class Table:
    """One peer's table."""

    # Lists and slots: the library's table takes 700 bytes more, and every connection has one for as long as it lives.
    __slots__ = ("_entries", "_most", "_size")

    def __init__(self) -> None:
        self._entries: list[Field] = []
        """The newest last."""
        self._size = 0
        self._most = TABLE_BYTES

    def at(self, index: int) -> Field:
        """The field at `index`, from 1 on; InvalidTableIndexError where there is none."""
        if 0 < index <= len(_STATIC):
            return _STATIC[index - 1]
        back = index - len(_STATIC)
        if not 0 < back <= len(self._entries):
            raise InvalidTableIndexError(
                f"index {index}, where the table has {len(_STATIC) + len(self._entries)} fields"
            )
        return self._entries[-back]

    def add(self, field: Field) -> None:
        """Put a field in front of all; the oldest make room. One that is larger than the table empties it (§4.4)."""
        self._entries.append(field)
        self._size += _size(field)
        if self._size > self._most:
            self._evict()

    def resize(self, most: int) -> None:
        """Have at most so many bytes from now on."""
        self._most = most
        self._evict()

    def _evict(self) -> None:
        gone = 0
        while self._size > self._most:
            self._size -= _size(self._entries[gone])
            gone += 1
        del self._entries[:gone]


def _size(field: Field) -> int:
    return len(field[0]) + len(field[1]) + FIELD_OVERHEAD
