"""Header blocks of a peer (RFC 7541 §6): bytes in, fields out, and one connection's table on the way.

The `hpack` library's decoder is not used: it slices, logs and wraps its way through a block, in six times the time.
What both make of any bytes is compared in tests. Each field is looked at when it comes as a literal, against the rules
for fields (http2.fields); one that is in the table need not be looked at again.
"""

import functools
from dataclasses import dataclass
from typing import Final

from hpack import HPACKError
from hpack.exceptions import HPACKDecodingError, InvalidTableSizeError

from principal.door.http2 import huffman
from principal.door.http2.codes import ErrorCode
from principal.door.http2.faults import ConnectionFault
from principal.door.http2.fields import field_fault
from principal.door.http2.limits import HEADER_LIST_HARD_BYTES
from principal.door.http2.table import FIELD_OVERHEAD, TABLE_BYTES, Table
from principal.door.wire import Headers

NUMBER_BYTES: Final = 5
"""Bytes of a number behind its prefix: 35 bits, which no length or index needs."""

REMEMBERED_STRINGS: Final = 1024
REMEMBERED_BYTES: Final = 64
"""How many strings are remembered, and how long they may be: names, paths and hosts, which everybody sends, and which
are one object then in all tables. Tokens and identities are one agent's each."""


@dataclass(slots=True)
class HeaderList:
    """What a header block says."""

    fields: Headers
    size: int
    """Bytes as RFC 9113 §6.5.2 counts them."""
    fault: str | None
    """What is wrong with one of the fields, if something is."""


class FieldDecoder:
    """Decodes one connection's header blocks, in their order."""

    __slots__ = ("_doubtful", "_table")

    def __init__(self) -> None:
        self._table = Table()
        self._doubtful = False
        """A field that is wrong may be in the table."""

    def decode(self, block: bytes) -> HeaderList:
        """What one block says. ConnectionFault: the table is out of step after a failure."""
        try:
            return self._decoded(block)
        except (HPACKError, IndexError) as error:
            # An index beyond the block's end: something in it is cut short.
            text = "it is cut short" if isinstance(error, IndexError) else str(error)
            raise ConnectionFault(ErrorCode.COMPRESSION_ERROR, f"header block: {text}"[:200]) from error

    def _decoded(self, block: bytes) -> HeaderList:
        table = self._table
        fields: Headers = []
        fault = None
        at, end, size = 0, len(block), 0
        while at < end:
            first = block[at]
            if first & 0x80:
                index, at = _number(block, at, 0x7F)
                field = table.at(index)
                if self._doubtful:
                    fault = fault or field_fault(*field)
            elif first & 0x60 == 0x20:
                at = self._resize(block, at, late=bool(fields))
                continue
            else:
                index, at = _number(block, at, 0x3F if first & 0x40 else 0x0F)
                if index:
                    name = table.at(index)[0]
                else:
                    name, at = _string(block, at)
                value, at = _string(block, at)
                field = name, value
                found = field_fault(name, value)
                if found is not None:
                    fault, self._doubtful = fault or found, True
                if first & 0x40:
                    table.add(field)
            fields.append(field)
            size += len(field[0]) + len(field[1]) + FIELD_OVERHEAD
            if size > HEADER_LIST_HARD_BYTES:
                text = f"a header list of more than {HEADER_LIST_HARD_BYTES} bytes"
                raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, text)
        return HeaderList(fields, size, fault)

    def _resize(self, block: bytes, at: int, *, late: bool) -> int:
        """A change of the table's size; where it ends."""
        if late:
            raise HPACKDecodingError("the table's size changes behind a field")
        size, at = _number(block, at, 0x1F)
        if size > TABLE_BYTES:
            raise InvalidTableSizeError(f"a table of {size} bytes: at most {TABLE_BYTES} are accepted")
        self._table.resize(size)
        return at


def _number(block: bytes, at: int, prefix: int) -> tuple[int, int]:
    """A number whose prefix is the lowest bits of a byte (§5.1), and where it ends."""
    number = block[at] & prefix
    at += 1
    if number < prefix:
        return number, at
    for place in range(NUMBER_BYTES):
        byte = block[at + place]
        number += (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return number, at + place + 1
    raise HPACKDecodingError(f"a number of more than {NUMBER_BYTES} bytes")


def _string(block: bytes, at: int) -> tuple[str, int]:
    """A string (§5.2), and where it ends."""
    coded = block[at] >= 0x80
    length, at = _number(block, at, 0x7F)
    stop = at + length
    if stop > len(block):
        raise HPACKDecodingError(f"a string of {length} bytes ends beyond the block")
    read = _text if length > REMEMBERED_BYTES else _remembered
    return read(block[at:stop], coded), stop


def _text(data: bytes, coded: bool) -> str:
    return str(huffman.decode(data) if coded else data, "latin-1")


_remembered = functools.lru_cache(maxsize=REMEMBERED_STRINGS)(_text)
