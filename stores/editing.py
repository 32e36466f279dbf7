"""Small edits in the text of a document: only what has changed is written anew.

The document is walked beside its old and its new data. A mapping that has changed is entered, so that a new status
leaves every comment and quote of the user's elsewhere as it was. What this cannot do (anchors, tags, merge keys) it
declines, and another way is taken (splicing.py); whatever it does is read back and compared there, so this file may
be simple.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mesh.manifests import write_document, write_inline
from mesh.manifests.positions import Entry, Node, compose
from stores.values import same


class DeclinedError(Exception):
    """This way of editing does not fit the text."""


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


def edit_text(text: str, old: dict[str, Any], new: dict[str, Any]) -> str:
    """Return the text of one document, whose data is `old`, changed so that it says `new`; DeclinedError."""
    root = compose(text)
    if root is None or not _is_open(root, old):
        raise DeclinedError
    line_break = "\r\n" if "\r\n" in text else "\n"
    # From the back, so that offsets stay true; at one offset, what was found first (the inner mapping's) comes first.
    edits = sorted(_Editing(text).mapping(root, old, new), key=lambda edit: edit.start)
    while edits:
        edit = edits.pop()
        text = text[: edit.start] + edit.text.replace("\n", line_break) + text[edit.end :]
    return text


class _Editing:
    """Finds the edits of one text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def mapping(self, node: Node, old: dict[str, Any], new: dict[str, Any]) -> Iterator[_Edit]:
        """Yield the edits that make a mapping say `new`."""
        style = _Block(self._text, node) if node.block else _Flow(node)
        entries = {entry.key: entry for entry in node.entries if entry.key is not None}
        for key, value in old.items():
            if key in new and same(value, new[key]):
                continue
            if key not in entries or entries[key].value.decorated:
                raise DeclinedError
            if key not in new:
                yield style.removal(entries[key])
            else:
                yield from self._change(style, entries[key], value, new[key])
        added = {key: value for key, value in new.items() if key not in old}
        if added:
            yield style.addition(added)

    def _change(self, style: "_Block | _Flow", entry: Entry, old: Any, new: Any) -> Iterator[_Edit]:
        node = entry.value
        if isinstance(new, dict) and new and _is_open(node, old):
            yield from self.mapping(node, old, new)
        elif isinstance(new, list) and self._is_same_shape(node, old, new):
            for item, before, after in zip(node.entries, old, new, strict=True):
                if not same(before, after):
                    yield from self._item(node, item.value, before, after)
        elif self._is_in_line(node) and _is_scalar(new):
            yield self._scalar(node, new, inside_flow=isinstance(style, _Flow))
        else:
            yield style.rewrite(entry, new)

    def _is_same_shape(self, node: Node, old: Any, new: list[Any]) -> bool:
        """Whether the list is as long as before, and each changed item can be changed in its place."""
        if not isinstance(old, list) or not len(old) == len(new) == len(node.entries):
            return False
        return all(
            same(before, after)
            or (isinstance(after, dict) and after and _is_open(entry.value, before))
            or (self._is_in_line(entry.value) and _is_scalar(after) and not entry.value.decorated)
            for entry, before, after in zip(node.entries, old, new, strict=True)
        )

    def _item(self, sequence: Node, node: Node, old: Any, new: Any) -> Iterator[_Edit]:
        if isinstance(new, dict):
            yield from self.mapping(node, old, new)
        else:
            yield self._scalar(node, new, inside_flow=not sequence.block)

    def _is_in_line(self, node: Node) -> bool:
        return node.kind == "scalar" and not node.block and "\n" not in self._text[node.start : node.end]

    @staticmethod
    def _scalar(node: Node, new: Any, *, inside_flow: bool) -> _Edit:
        written = write_inline(new) if inside_flow else write_document({"k": new}).rstrip("\n").removeprefix("k: ")
        return _Edit(node.start, node.end, written if node.start < node.end else f" {written}")


class _Flow:
    """Edits in a mapping in braces."""

    def __init__(self, node: Node) -> None:
        self._entries = node.entries

    def rewrite(self, entry: Entry, new: Any) -> _Edit:
        """Write another value."""
        return _Edit(entry.value.start, entry.value.end, write_inline(new))

    def removal(self, entry: Entry) -> _Edit:
        """Take the entry and one comma away."""
        at = self._entries.index(entry)
        if at + 1 < len(self._entries):
            return _Edit(entry.start, self._entries[at + 1].start, "")
        return _Edit(self._entries[at - 1].value.end if at else entry.start, entry.value.end, "")

    def addition(self, added: dict[str, Any]) -> _Edit:
        """Add entries behind the last."""
        end = self._entries[-1].value.end
        return _Edit(end, end, "".join(f", {write_inline(key)}: {write_inline(value)}" for key, value in added.items()))


class _Block:
    """Edits in a mapping written by indentation: whole lines."""

    def __init__(self, text: str, node: Node) -> None:
        self._text = text
        self._entries = node.entries
        self._column = node.start - self._line_start(node.start)

    def rewrite(self, entry: Entry, new: Any) -> _Edit:
        """Write the entry anew; a comment behind a value of one line stays behind the key."""
        end = self._content_end(entry.value)
        stop = self._line_end(end)
        first, _, rest = self._lines({entry.key or "": new}).partition("\n")
        if "\n" not in self._text[entry.start : end]:
            first += self._text[end:stop].rstrip()
        return _Edit(entry.start, stop, (f"{first}\n{rest}" if rest else first).lstrip(" "))

    def removal(self, entry: Entry) -> _Edit:
        """Take the entry's lines away."""
        start = self._line_start(entry.start)
        if self._text[start : entry.start].strip(" "):
            raise DeclinedError
        stop = self._line_end(self._content_end(entry.value))
        return _Edit(start, stop + self._break_at(stop), "")

    def addition(self, added: dict[str, Any]) -> _Edit:
        """Add lines behind those of the last entry."""
        stop = self._line_end(self._content_end(self._entries[-1].value))
        width = self._break_at(stop)
        lines = self._lines(added)
        return _Edit(stop + width, stop + width, f"{lines}\n" if width else f"\n{lines}")

    def _lines(self, entries: dict[str, Any]) -> str:
        lines = write_document(entries).rstrip("\n").split("\n")
        return "\n".join(" " * self._column + line if line else line for line in lines)

    def _line_start(self, at: int) -> int:
        return self._text.rfind("\n", 0, at) + 1

    def _content_end(self, node: Node) -> int:
        """The end of what is written, without the line breaks that close a block scalar."""
        end = node.end
        while end > node.start and self._text[end - 1] in "\r\n":
            end -= 1
        return end

    def _line_end(self, at: int) -> int:
        """The end of the line, before its line break."""
        end = self._text.find("\n", at)
        if end < 0:
            return len(self._text)
        return end - 1 if end > at and self._text[end - 1] == "\r" else end

    def _break_at(self, at: int) -> int:
        """The width of the line break at `at`: 0 at the end of the text."""
        return 2 if self._text[at : at + 2] == "\r\n" else len(self._text[at : at + 1])


def _is_open(node: Node, old: Any) -> bool:
    """Whether the node is a mapping, with something in it, that can be entered."""
    return node.kind == "mapping" and not node.decorated and isinstance(old, dict) and bool(old)


def _is_scalar(value: Any) -> bool:
    """Whether the value can stand in a line."""
    return not isinstance(value, dict | list) and "\n" not in str(value)
