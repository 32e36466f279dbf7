"""Huffman strings of HPACK (RFC 7541 §5.2), decoded by zlib.

HPACK's code and those of DEFLATE (RFC 1951 §3.2.2) are built by the same rule: shorter codes first, and among equally
long ones the lower symbols. DEFLATE's are of 15 bits at most. As many have all that headers are made of, and the one
15-bit code that is left, all ones, is where HPACK's longer codes begin. DEFLATE needs a code for a block's end: it gets
that one. So a block of DEFLATE that says which lengths the codes have may be followed by an HPACK string, with the bits
of each byte the other way round. What zlib does not read to its end (a longer code, which no ASCII but controls and
the backslash has, or a fault) the `hpack` library reads, or refuses.

A token of 700 characters takes a sixth of the time of a decoder in Python that goes by bytes, a thirtieth of the
library's.
"""

import zlib
from typing import Final

from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH
from hpack.huffman_table import decode_huffman

LONGEST: Final = 15
"""Bits of DEFLATE's longest codes."""

SHORTEST: Final = 5
"""Bits of HPACK's shortest codes: how many characters a byte may hold."""

SMALLEST_WINDOW: Final = 9
"""Bits of the smallest window that zlib has for bare DEFLATE: nothing looks back, each string's reader copies it."""

_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""HPACK fills a byte from its highest bit, DEFLATE from its lowest."""

_END: Final = b"\xff\xfe".translate(_MIRRORED)
"""Makes a block's end of the padding, or of nothing: 15 ones. The zero stops one more than that from being lost in a
character that is cut short by a bit."""

_BITS: Final = bytes(REQUEST_CODES_LENGTH[:256])
"""How many bits each character takes."""


def _beginning() -> bytes:
    """A block of DEFLATE (RFC 1951 §3.2.7) up to its first symbol, and a first symbol that ends with a byte."""
    lengths = [length if length <= LONGEST else 0 for length in _BITS] + [LONGEST, 0]  # the block's end, no distances
    of_lengths = [0, 0, 0] + [4] * (LONGEST + 1)  # every length is written in four bits; no runs
    numbers = [(1, 1), (2, 2), (0, 5), (0, 5), (len(of_lengths) - 4, 4), *((bits, 3) for bits in of_lengths)]
    bits = "".join(f"{number:0{size}b}"[::-1] for number, size in numbers)  # numbers begin with their lowest bit,
    bits += "".join(f"{length:04b}" for length in lengths)  # codes with their highest
    symbol = _BITS.index(-len(bits) % 8)
    bits += f"{REQUEST_CODES[symbol]:0{_BITS[symbol]}b}"
    return int(bits[::-1], 2).to_bytes(len(bits) // 8, "little")


_READER: Final = zlib.decompressobj(-SMALLEST_WINDOW)
_READER.decompress(_beginning())


def decode(data: bytes) -> bytes:
    """The characters of a Huffman string. HPACKDecodingError: it holds EOS, or does not end in padding."""
    reader = _READER.copy()
    # More than there can be: a reader that has room for no more does not look whether the block ends.
    most = len(data) * 8 // SHORTEST + 8
    characters = reader.decompress(data.translate(_MIRRORED) + _END, most)
    if reader.eof and (not reader.unused_data or 0 <= 8 * len(data) - sum(characters.translate(_BITS)) < 8):
        # A byte is left where seven bits of padding are, or more than there may be.
        return characters
    return decode_huffman(data)
