"""Huffman strings are read as the library reads them."""

import pytest
from hpack.exceptions import HPACKDecodingError
from hpack.huffman import HuffmanEncoder
from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH
from hpack.huffman_table import decode_huffman
from hypothesis import given
from hypothesis import strategies as st

from principal.door.http2.huffman import decode

CODER = HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH)
EOS_AND_PADDING = b"\xff\xff\xff\xff"


def outcome(decoding: object, data: bytes) -> bytes | None:
    """What a decoder makes of `data`; None when it refuses it."""
    assert callable(decoding)
    try:
        return bytes(decoding(data))
    except HPACKDecodingError:
        return None


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_decoding_undoes_encoding(text: bytes) -> None:
    assert decode(CODER.encode(text)) == text


@given(st.binary(max_size=50))
def test_any_bytes_are_read_or_refused_as_by_the_library(data: bytes) -> None:
    assert outcome(decode, data) == outcome(decode_huffman, data)


@given(
    st.text(st.characters(max_codepoint=126), max_size=40).map(str.encode),
    st.binary(max_size=4) | st.integers(0, 4).map(lambda count: b"\xff" * count),
)
def test_bytes_behind_a_string_are_read_or_refused_as_by_the_library(text: bytes, more: bytes) -> None:
    data = CODER.encode(text) + more
    assert outcome(decode, data) == outcome(decode_huffman, data)


@pytest.mark.parametrize("data", [EOS_AND_PADDING, b"\xff", b"\x00" + EOS_AND_PADDING, b"\x00\x00"])
def test_an_end_of_string_symbol_and_a_cut_character_are_refused(data: bytes) -> None:
    with pytest.raises(HPACKDecodingError):
        decode(data)


def test_padding_of_every_length_is_taken_and_one_bit_more_is_refused() -> None:
    for text in (b"a" * count for count in range(1, 9)):  # 5 bits each
        data = CODER.encode(text)
        assert decode(data) == text
        with pytest.raises(HPACKDecodingError):
            decode(data + b"\xff")


@given(st.integers(0, 255), st.text(st.characters(max_codepoint=126), max_size=30).map(str.encode))
def test_a_character_of_a_long_code_is_read_anywhere(character: int, text: bytes) -> None:
    for whole in (bytes([character]) + text, text + bytes([character]) + text):
        assert decode(CODER.encode(whole)) == whole
