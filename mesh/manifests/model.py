"""What reading gives: manifests, and faults for what could not be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mesh.manifests.positions import Node, compose


class Lines:
    """Line numbers of the fields of one document; the document is looked at again only when the first is asked for."""

    __slots__ = ("_first", "_prefix", "_root", "_text")

    def __init__(self, text: str, *, first: int, prefix: tuple[str | int, ...] = ()) -> None:
        self._text: str | None = text
        self._first = first
        self._prefix = prefix
        self._root: Node | None = None

    def of(self, path: Sequence[str | int]) -> int:
        """Return the line, from 1, of the field at `path`: keys and list positions from the document's root.

        A field that is not written there (absent, or by way of an alias or a merge key) gets the line of its nearest
        ancestor that is.
        """
        if self._text is not None:
            self._root, self._text = compose(self._text), None
        if self._root is None:
            return self._first
        node, line = self._root, self._root.line
        for step in (*self._prefix, *path):
            entry = node.find(step)
            if entry is None:
                break
            node, line = entry.value, entry.line
        return self._first + line

    def below(self, *steps: str | int) -> "Lines":
        """Return the same lookup for the value at `steps`, whose fields are then named from there."""
        lines = Lines("", first=self._first, prefix=(*self._prefix, *steps))
        lines._text, lines._root = self._text, self._root
        return lines


@dataclass(frozen=True, slots=True)
class Manifest:
    """One document whose root is a mapping, or one item of a `List`."""

    data: Mapping[str, Any]
    """A tree of dict, list, str, int, float, bool and None; nothing in it is shared, not even by aliases."""
    source: str
    """Where the text came from, usually a file's name."""
    line: int
    """The line, from 1, where the data begins."""
    lines: Lines = field(compare=False, repr=False)
    """Line numbers of the fields."""
    start: int
    """Offset in characters of the document's text, after its `---` line if it has one."""
    end: int
    """Offset in characters behind the document's text: of the next `---` or `...`, or the length of the whole."""
    outer_start: int
    """Offset of the document's own `---`, or `start` if it has none."""
    outer_end: int
    """Offset behind the `...` line that ends the document, or `end` if there is none."""
    within: tuple[str | int, ...] = ()
    """The path inside the document: empty, or `("items", 3)` for an item of a `List`."""

    @property
    def where(self) -> str:
        """Where the data begins, as `file:line`."""
        return f"{self.source}:{self.line}"

    def where_of(self, path: Sequence[str | int]) -> str:
        """Where the field at `path` is, as `file:line`."""
        return f"{self.source}:{self.lines.of(path)}"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something in a text that cannot be read as a manifest."""

    source: str
    """Where the text came from, usually a file's name."""
    line: int
    """The line, from 1; 0 when the whole source is meant."""
    message: str
    """What is wrong, in one line without the place."""

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.message}" if self.line else f"{self.source}: {self.message}"
