"""From events to data: one document at a time, without recursion, every bound checked as it grows."""

from collections.abc import Callable
from typing import Any

from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from mesh.manifests.events import GetEvent
from mesh.manifests.frames import MERGE_KEY, ListFrame, MappingFrame, UnfitError
from mesh.manifests.limits import MAX_DEPTH, MAX_NODES
from mesh.manifests.scalars import HINTS, MERGE, ScalarError, resolve, tagged

TOO_MANY = f"more than {MAX_NODES} values, aliases counted as often as they are used"
TOO_DEEP = f"more than {MAX_DEPTH} lists and mappings inside one another"


class ExhaustedError(UnfitError):
    """A bound is reached: nothing behind it is read."""


class Budget:
    """How many nodes may still be made of one text."""

    __slots__ = ("left",)

    def __init__(self, nodes: int = MAX_NODES) -> None:
        self.left = nodes

    def spend(self, nodes: int, line: int) -> None:
        """Take `nodes` off; ExhaustedError when there are not as many."""
        self.left -= nodes
        if self.left < 0:
            raise ExhaustedError(line, TOO_MANY)


class Building:
    """The data of one document while its events come in."""

    def __init__(self, budget: Budget) -> None:
        self.line = 1
        """The line, from 1, where the root begins."""
        self._budget = budget
        self._root = ListFrame(None)
        self._stack: list[ListFrame | MappingFrame] = [self._root]
        self._anchors: dict[str, Any] = {}
        self._handlers: dict[type, Callable[[Any], None]] = {
            ScalarEvent: self._scalar,
            AliasEvent: self._alias,
            MappingStartEvent: lambda event: self._open(MappingFrame(event.anchor), event),
            SequenceStartEvent: lambda event: self._open(ListFrame(event.anchor), event),
            MappingEndEvent: self._close,
            SequenceEndEvent: self._close,
        }

    def read(self, get_event: GetEvent) -> tuple[Any, Any]:
        """Take events to the document's end; return its data and the ending event; UnfitError, ERRORS."""
        handlers = self._handlers
        while True:
            event = get_event()
            handler = handlers.get(type(event))
            if handler is None:
                return (self._root.value[0] if self._root.value else None), event
            handler(event)

    @property
    def depth(self) -> int:
        """How many lists and mappings are open."""
        return len(self._stack) - 1

    def _scalar(self, event: Any) -> None:
        value: Any = event.value
        if event.tag is not None or (event.implicit[0] and (not value or value[0] in HINTS)):
            try:
                value = resolve(value) if event.tag is None else tagged(event.tag, value)
            except ScalarError as error:
                raise UnfitError(event.start_mark.line + 1, str(error)) from None
        elif value == MERGE and event.implicit[0]:
            frame = self._stack[-1]
            if isinstance(frame, MappingFrame) and frame.wants_key:
                frame.key = MERGE_KEY
                return
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        self._place(value, event)

    def _place(self, value: Any, event: Any) -> None:
        line = event.start_mark.line + 1
        if not self.depth:
            self.line = line
        self._budget.spend(1, line)
        self._stack[-1].place(value, line)

    def _alias(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if event.anchor not in self._anchors:
            raise UnfitError(line, f"the alias *{event.anchor[:80]} has no anchor before it, or stands inside it")
        value = self._anchors[event.anchor]
        self._place(copy_tree(value, depth=MAX_DEPTH - self.depth, budget=self._budget, line=line), event)

    def _open(self, frame: ListFrame | MappingFrame, event: Any) -> None:
        if self.depth == 0:
            self.line = event.start_mark.line + 1
        elif self.depth == MAX_DEPTH:
            raise ExhaustedError(event.start_mark.line + 1, TOO_DEEP)
        if frame.anchor is not None:
            self._anchors.pop(frame.anchor, None)
        self._place(frame.value, event)
        self._stack.append(frame)

    def _close(self, _: Any) -> None:
        frame = self._stack.pop()
        frame.close()
        if frame.anchor is not None:
            self._anchors[frame.anchor] = frame.value


def skip_document(get_event: GetEvent, budget: Budget, *, depth: int) -> Any:
    """Take events to the end of a document that is unfit, within the same bounds; return the ending event."""
    while True:
        event = get_event()
        if event is None or isinstance(event, DocumentEndEvent):
            return event
        line = event.start_mark.line + 1
        budget.spend(1, line)
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ExhaustedError(line, TOO_DEEP)


def copy_tree(value: Any, *, depth: int, budget: Budget, line: int) -> Any:
    """Return a copy of `value` that shares nothing with it; ExhaustedError, at `line`, when it grows past a bound.

    It calls itself at most `depth` times, and `depth` is at most MAX_DEPTH.
    """
    if not isinstance(value, dict | list):
        return value
    if depth <= 0:
        raise ExhaustedError(line, TOO_DEEP)
    budget.spend(len(value), line)
    if isinstance(value, list):
        return [copy_tree(item, depth=depth - 1, budget=budget, line=line) for item in value]
    return {key: copy_tree(item, depth=depth - 1, budget=budget, line=line) for key, item in value.items()}
