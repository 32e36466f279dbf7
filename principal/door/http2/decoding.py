"""Header blocks of a peer (RFC 7541): fields out of bytes, and one connection's table on the way.

The table, static and dynamic, is the `hpack` library's. Its decoder is not used: it slices, logs and wraps its way
through a block in some 25 µs, this one takes a quarter. What both make of any bytes is compared in tests.
"""

import functools
from typing import Final

from hpack import HPACKError
from hpack.exceptions import HPACKDecodingError, InvalidTableSizeError
from hpack.table import HeaderTable

from principal.door.http2 import huffman
from principal.door.http2.codes import ErrorCode
from principal.door.http2.faults import ConnectionFault
from principal.door.http2.limits import HEADER_LIST_HARD_BYTES

Field = tuple[bytes, bytes]

FIELD_OVERHEAD: Final = 32
"""Bytes that each field counts beside its name and value (RFC 9113 §6.5.2)."""

TABLE_BYTES: Final = 4096
"""Bytes of the dynamic table that a peer may use: HPACK's default. Each connection keeps its own."""

NUMBER_BYTES: Final = 5
"""Bytes of a number behind its prefix: 35 bits, which no length or index needs."""

REMEMBERED_STRINGS: Final = 1024
REMEMBERED_BYTES: Final = 64
"""How many Huffman strings are remembered, and how long they may be: names, paths and hosts, which everybody sends.
Tokens and identities are one agent's each. Equal strings are also one object in every connection's table."""

_remembered = functools.lru_cache(maxsize=REMEMBERED_STRINGS)(huffman.decode)


class FieldDecoder:
    """Decodes one connection's header blocks, in their order."""

    __slots__ = ("_table",)

    def __init__(self) -> None:
        self._table = HeaderTable()

    def decode(self, block: bytes) -> list[Field]:
        """The fields of one block. ConnectionFault: the table is out of step after a failure."""
        try:
            return self._fields(block)
        except (HPACKError, IndexError) as error:
            # An index beyond the block's end: something in it is cut short.
            text = "it is cut short" if isinstance(error, IndexError) else str(error)
            raise ConnectionFault(ErrorCode.COMPRESSION_ERROR, f"header block: {text}"[:200]) from error

    def _fields(self, block: bytes) -> list[Field]:
        """What RFC 7541 §6 calls representations, by their first bits."""
        table = self._table
        fields: list[Field] = []
        at, end, size = 0, len(block), 0
        while at < end:
            first = block[at]
            if first & 0x80:
                index, at = _number(block, at, 0x7F)
                field = table.get_by_index(index)
            elif first & 0x60 == 0x20:
                at = self._resize(block, at, late=bool(fields))
                continue
            else:
                index, at = _number(block, at, 0x3F if first & 0x40 else 0x0F)
                if index:
                    name = table.get_by_index(index)[0]
                else:
                    name, at = _string(block, at)
                value, at = _string(block, at)
                field = name, value
                if first & 0x40:
                    table.add(name, value)
            fields.append(field)
            size += len(field[0]) + len(field[1]) + FIELD_OVERHEAD
            if size > HEADER_LIST_HARD_BYTES:
                text = f"a header list of more than {HEADER_LIST_HARD_BYTES} bytes"
                raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, text)
        return fields

    def _resize(self, block: bytes, at: int, *, late: bool) -> int:
        """A change of the table's size; where it ends."""
        if late:
            raise HPACKDecodingError("the table's size changes behind a field")
        size, at = _number(block, at, 0x1F)
        if size > TABLE_BYTES:
            raise InvalidTableSizeError(f"a table of {size} bytes: at most {TABLE_BYTES} are accepted")
        self._table.maxsize = size
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


def _string(block: bytes, at: int) -> tuple[bytes, int]:
    """A string (§5.2), and where it ends."""
    coded = block[at] >= 0x80
    length, at = _number(block, at, 0x7F)
    stop = at + length
    if stop > len(block):
        raise HPACKDecodingError(f"a string of {length} bytes ends beyond the block")
    data = block[at:stop]
    if not coded:
        return data, stop
    return (huffman.decode if length > REMEMBERED_BYTES else _remembered)(data), stop
