"""Huffman strings of HPACK (RFC 7541 §5.2), a byte at a time.

A reader of the code's tree is at one of its 256 inner nodes; a byte takes it to another one, and past some characters
on the way. The library's table does the same for half a byte and one character at most; with whole bytes decoding takes
a third of the time, and it is most of what reading a request's headers costs. A node's row of 256 steps is worked out
when it is first needed: what headers are made of needs some sixty, about a megabyte.
"""

from typing import Any, Final

from hpack.exceptions import HPACKDecodingError
from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH

EOS: Final = 256
"""The symbol that ends strings and must not be in any."""

MAY_END: Final = 256
"""Behind its 256 steps, a row says whether a string may end at its node: padding leads there."""


def _grow() -> list[list[int]]:
    """The tree, its root first: for each inner node where each bit leads to, another one or ~symbol."""
    tree = [[0, 0]]
    for symbol, (code, length) in enumerate(zip(REQUEST_CODES, REQUEST_CODES_LENGTH, strict=True)):
        at = 0
        for place in reversed(range(1, length)):
            bit = code >> place & 1
            if not tree[at][bit]:
                tree[at][bit] = len(tree)
                tree.append([0, 0])
            at = tree[at][bit]
        tree[at][code & 1] = ~symbol
    return tree


def _ends() -> set[int]:
    """The nodes that padding leads to: up to seven of the bits that EOS begins with, ones."""
    found, at = {0}, 0
    for _ in range(7):
        at = _TREE[at][1]
        found.add(at)
    return found


_TREE: Final = _grow()
_ENDS: Final = _ends()
_ROWS: Final[list[list[Any]]] = [[] for _ in _TREE]
"""For each node and byte, the row of the node that it leads to, and the characters on the way. Empty until needed."""

_DEAD: Final[list[Any]] = []
"""The row behind EOS: every byte leads back to it, and no string may end there."""
_DEAD.extend([*([(_DEAD, b"")] * 256), False])

_CHARACTERS: Final[dict[bytes, bytes]] = {}
"""One object for equal characters: most steps pass the same few."""


def _fill(row: list[Any]) -> None:
    node = next(number for number, one in enumerate(_ROWS) if one is row)
    row += [*[_step(node, byte) for byte in range(256)], node in _ENDS]


def _step(at: int, byte: int) -> tuple[list[Any], bytes]:
    passed = bytearray()
    for place in range(7, -1, -1):
        at = _TREE[at][byte >> place & 1]
        if at < 0:
            if ~at == EOS:
                return _DEAD, b""
            passed.append(~at)
            at = 0
    characters = bytes(passed)
    return _ROWS[at], _CHARACTERS.setdefault(characters, characters)


def decode(data: bytes) -> bytes:
    """The characters of a Huffman string. HPACKDecodingError: it holds EOS, or does not end in padding."""
    while True:
        row, parts = _ROWS[0], []
        try:
            for byte in data:
                row, characters = row[byte]
                parts.append(characters)
            may_end = row[MAY_END]
        except IndexError:
            # A row that was never needed before. Once it is filled the string is read again, from its beginning.
            _fill(row)
            continue
        if not may_end:
            raise HPACKDecodingError("Huffman string with an end-of-string symbol, or one that ends within a character")
        return b"".join(parts)
