"""Reading a text of manifests: what is fit, and a fault for each thing that is not."""

from collections.abc import Iterator
from typing import Any

from yaml.events import DocumentEndEvent, DocumentStartEvent

from mesh.manifests.building import Budget, Building, ExhaustedError, skip_document
from mesh.manifests.events import ERRORS, GetEvent, describe, open_events
from mesh.manifests.frames import UnfitError
from mesh.manifests.jsontext import read_json
from mesh.manifests.limits import MAX_DOCUMENTS, MAX_FAULTS, MAX_TEXT
from mesh.manifests.model import Fault, Lines, Manifest

BYTE_ORDER_MARK = "\ufeff"


def decode_text(data: bytes, source: str) -> tuple[str, list[Fault]]:
    """Return `data` as text, or an empty text and the fault when it is not UTF-8."""
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return "", [Fault(source, line, f"not UTF-8: {error.reason} at byte {error.start}")]


def read_documents(text: str, source: str) -> tuple[list[Manifest], list[Fault]]:
    """Return every document of `text` that is a mapping, in order, and a fault for everything else; never raises.

    A syntax error ends the reading, and so does a bound (limits.py): the documents before it are returned. A document
    that is unfit by itself (a key twice, a scalar without a JSON value, no mapping) is a fault, and the next ones are
    read. Empty documents are nothing.
    """
    if len(text) > MAX_TEXT:
        return [], [Fault(source, 0, f"{len(text)} characters, more than the {MAX_TEXT} that are read")]
    reading = _Reading(text, source)
    try:
        reading.run()
    except UnfitError as error:
        reading.fault(error.line, f"{error.message}; nothing behind it is read")
    except ERRORS as error:
        reading.fault(*describe(error, text))
    return reading.manifests, reading.faults


class _Reading:
    """One text, what was made of it so far, and where in it reading is."""

    def __init__(self, text: str, source: str) -> None:
        self.manifests: list[Manifest] = []
        self.faults: list[Fault] = []
        self._text = text
        self._source = source
        self._shift = 1 if text.startswith(BYTE_ORDER_MARK) else 0
        self._end = self._shift
        """Behind the document before."""
        self._counted = (0, 1)
        self._documents = 0

    def run(self) -> None:
        """Read all; UnfitError or what the parser raises for what ends the reading."""
        body = self._text[self._shift :]
        values = read_json(body) if body.lstrip()[:1] == "{" else None
        if values is None:
            self._read_yaml(open_events(body))
            return
        for value, start, end in values:
            at = (start + self._shift, end + self._shift)
            self._count(self._line_of(at[0]))
            self._keep(value, None, at=at, outer=at)

    def fault(self, line: int, message: str) -> None:
        """Keep a fault, if there are not too many already."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(self._source, line, message))

    def _count(self, line: int) -> None:
        self._documents += 1
        if self._documents > MAX_DOCUMENTS:
            raise ExhaustedError(line, f"more than {MAX_DOCUMENTS} documents")

    def _read_yaml(self, get_event: GetEvent) -> None:
        budget = Budget()
        for opening in _openings(get_event):
            self._count(opening.end_mark.line + 1)
            building = Building(budget)
            try:
                value, closing = building.read(get_event)
                unfit = None
            except ExhaustedError:
                raise
            except UnfitError as error:
                value, unfit = None, error
                closing = skip_document(get_event, budget, depth=building.depth)
            outer_start, start = self._start(opening)
            end, outer_end = self._finish(closing)
            if unfit is not None:
                self.fault(unfit.line, unfit.message)
                continue
            self._keep(value, building.line, at=(start, end), outer=(outer_start, outer_end))

    def _start(self, opening: Any) -> tuple[int, int]:
        """Return the offsets of the document's first mark and of its text."""
        if not opening.explicit:
            return self._end, self._end
        return opening.start_mark.index + self._shift, self._rest_of_line(opening.end_mark.index + self._shift)

    def _finish(self, closing: Any) -> tuple[int, int]:
        """Return the offsets behind the document's text and behind its `...` line."""
        if closing is None:
            return len(self._text), len(self._text)
        end = min(closing.start_mark.index + self._shift, len(self._text))
        explicit = isinstance(closing, DocumentEndEvent) and closing.explicit
        self._end = self._rest_of_line(closing.end_mark.index + self._shift) if explicit else end
        return end, self._end

    def _rest_of_line(self, at: int) -> int:
        """Return the offset of the next line if nothing but blanks is left in this one, else of what is left."""
        text = self._text
        while at < len(text) and text[at] in " \t\r":
            at += 1
        return at + 1 if at < len(text) and text[at] == "\n" else at

    def _line_of(self, at: int) -> int:
        """Return the line, from 1, of an offset that is not before the last one asked for."""
        last, line = self._counted
        line += self._text.count("\n", last, at)
        self._counted = (at, line)
        return line

    def _keep(self, value: Any, line: int | None, *, at: tuple[int, int], outer: tuple[int, int]) -> None:
        if value is None:
            return
        first = self._line_of(at[0])
        line = first if line is None else line
        if not isinstance(value, dict):
            self.fault(line, f"a manifest is a mapping, not {_KIND_NAMES.get(type(value), 'a scalar')}")
            return
        lines = Lines(self._text[at[0] : at[1]], first=first)
        self.manifests.append(Manifest(value, self._source, line, lines, *at, *outer))


_KIND_NAMES = {list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}


def _openings(get_event: GetEvent) -> Iterator[Any]:
    while (event := get_event()) is not None:
        if isinstance(event, DocumentStartEvent):
            yield event
