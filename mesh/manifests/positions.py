"""Where things stand in the text of one document: a tree of offsets and lines, made only when somebody asks.

Reading keeps no positions, since most are never needed. Line numbers of fields and edits in place make this tree from
the text of the one document that they are about.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from mesh.manifests.events import ERRORS, GetEvent, open_events
from mesh.manifests.limits import MAX_DEPTH, MAX_NODES
from mesh.manifests.scalars import MERGE, ScalarError, key_text, resolve, tagged


@dataclass(slots=True)
class Node:
    """A scalar, list, mapping or alias as it is written. Offsets are characters from the document's start."""

    start: int
    end: int
    """Behind the last character of what is written, without the comments and blank lines that follow."""
    line: int
    """Line from 0."""
    kind: str
    """`scalar`, `alias`, `mapping` or `sequence`."""
    block: bool
    """Whether a collection is written by indentation, or a scalar behind `|` or `>`, else in brackets or in line."""
    decorated: bool
    """Whether an anchor or a tag stands before it, or it is an alias."""
    entries: list["Entry"] = field(default_factory=list)
    """Of a mapping or a sequence, in the order of the text."""

    def find(self, step: str | int) -> "Entry | None":
        """Return the entry with the key or at the list position `step`."""
        if isinstance(step, int):
            usable = self.kind == "sequence" and 0 <= step < len(self.entries)
            return self.entries[step] if usable else None
        return next((entry for entry in self.entries if entry.key == step), None)


@dataclass(frozen=True, slots=True)
class Entry:
    """One key with its value, or one item of a sequence."""

    key: str | None
    """The key as JSON has it; None for an item, a merge key and a key that is no scalar."""
    start: int
    """Offset of the key, or of the item's value."""
    line: int
    """Line of the key, or of the item's value, from 0."""
    value: Node


def compose(text: str) -> Node | None:
    """Return the tree of the first document of `text`, or None when it has none or cannot be read by itself."""
    try:
        return _compose(open_events(text))
    except ERRORS:
        return None


def _compose(get_event: GetEvent) -> Node | None:
    stack: list[_Open] = []
    for _ in range(2 * MAX_NODES):
        event = get_event()
        if event is None or isinstance(event, DocumentEndEvent):
            return None
        if isinstance(event, CollectionEndEvent):
            node = stack.pop().close(event)
        elif isinstance(event, NodeEvent):
            node = _node(event)
            if isinstance(event, CollectionStartEvent):
                stack.append(_Open(node))
                if len(stack) > MAX_DEPTH:
                    return None
                continue
        else:
            continue
        if not stack:
            return node
        stack[-1].add(node, event)
    return None


def _node(event: Any) -> Node:
    is_alias = isinstance(event, AliasEvent)
    start, end = event.start_mark, event.end_mark
    decorated = is_alias or event.anchor is not None or getattr(event, "tag", None) is not None
    if isinstance(event, ScalarEvent):
        return Node(start.index, end.index, start.line, "scalar", event.style in ("|", ">"), decorated)
    if is_alias:
        return Node(start.index, end.index, start.line, "alias", False, True)
    kind = "mapping" if isinstance(event, MappingStartEvent) else "sequence"
    block = not event.flow_style
    return Node(start.index, end.index, start.line, kind, block, decorated)


class _Open:
    """A collection whose end has not come yet."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.key: tuple[str | None, Node] | None = None

    def add(self, node: Node, event: Any) -> None:
        if self.node.kind == "sequence":
            self.node.entries.append(Entry(None, node.start, node.line, node))
        elif self.key is None:
            self.key = (_key(event), node)
        else:
            (key, at), self.key = self.key, None
            self.node.entries.append(Entry(key, at.start, at.line, node))

    def close(self, event: Any) -> Node:
        """End the collection; one by indentation ends with its last part, however far the parser has looked ahead."""
        last: Sequence[Entry] = self.node.entries[-1:]
        self.node.end = last[0].value.end if self.node.block and last else event.end_mark.index
        return self.node


def _key(event: Any) -> str | None:
    if not isinstance(event, ScalarEvent):
        return None
    value: str = event.value
    try:
        if event.tag is not None:
            return key_text(tagged(event.tag, value))
        if not event.implicit[0]:
            return value
        return None if value == MERGE else key_text(resolve(value))
    except ScalarError:
        return None
