"""Header blocks are read, or refused, as the `hpack` library's own decoder does."""

import pytest
from hpack import Decoder, Encoder, HPACKError
from hypothesis import example, given
from hypothesis import strategies as st

from principal.door.http2.codes import ErrorCode
from principal.door.http2.decoding import REMEMBERED_BYTES, FieldDecoder
from principal.door.http2.faults import ConnectionFault
from principal.door.http2.fields import field_fault
from principal.door.http2.limits import HEADER_LIST_HARD_BYTES
from principal.door.http2.table import TABLE_BYTES, Field

NAMES = st.sampled_from([":path", "te", "authorization", "x-forwarded-client-cert", "a", "grpc-timeout"])
VALUES = st.text(st.characters(max_codepoint=255), max_size=60) | st.integers(REMEMBERED_BYTES, 4200).map(
    lambda size: "v" * size
)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=12)
SIZES = st.sampled_from([None, 0, 100, TABLE_BYTES])


def theirs() -> Decoder:
    decoder = Decoder(max_header_list_size=HEADER_LIST_HARD_BYTES)
    decoder.max_allowed_table_size = TABLE_BYTES
    return decoder


def raw(fields: list[Field]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]


def outcome(decoder: FieldDecoder | Decoder, block: bytes) -> list[Field] | None:
    """The fields; None when the block is refused."""
    try:
        if isinstance(decoder, FieldDecoder):
            return decoder.decode(block).fields
        return [(str(name, "latin-1"), str(value, "latin-1")) for name, value in decoder.decode(block, raw=True)]
    except (ConnectionFault, HPACKError, IndexError):
        return None


@given(st.lists(st.tuples(FIELDS, st.booleans(), SIZES), max_size=6))
def test_what_an_encoder_writes_is_read_block_by_block(blocks: list[tuple[list[Field], bool, int | None]]) -> None:
    encoder, ours = Encoder(), FieldDecoder()
    for fields, huffman, size in blocks:
        if size is not None:
            encoder.header_table_size = size
        found = ours.decode(encoder.encode(raw(fields), huffman=huffman))
        assert found.fields == fields
        assert found.size == sum(len(name) + len(value) + 32 for name, value in fields)
        assert (found.fault is None) is all(field_fault(*field) is None for field in fields)


@given(st.lists(st.binary(max_size=60), max_size=4))
@example([b"\x3f\xe1\x1f"])
@example([b"\x3f\xe2\x1f"])
@example([b"\x82\x20"])
@example([b"\xff\x80\x80\x80\x80\x00"])
@example([b"\xff\x80\x80\x80\x80\x80\x00"])
@example([b"\x80"])
@example([b"\xbe"])
@example([b"\x40\x01a\x01b", b"\xbe\xbf"])
def test_any_bytes_are_read_or_refused_as_by_the_library(blocks: list[bytes]) -> None:
    ours, library = FieldDecoder(), theirs()
    for block in blocks:
        found = outcome(ours, block)
        assert found == outcome(library, block)
        if found is None:
            return


@given(FIELDS, st.booleans(), st.data())
def test_a_block_that_is_cut_or_changed_is_read_or_refused_as_by_the_library(
    fields: list[Field], huffman: bool, data: st.DataObject
) -> None:
    block = bytearray(Encoder().encode(raw(fields), huffman=huffman))
    for _ in range(data.draw(st.integers(0, 3))):
        if block:
            block[data.draw(st.integers(0, len(block) - 1))] = data.draw(st.integers(0, 255))
    whole = bytes(block[: data.draw(st.integers(0, len(block)))])
    assert outcome(FieldDecoder(), whole) == outcome(theirs(), whole)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (b"\x40", "cut short"),
        (b"\x40\x05ab", "5 bytes ends beyond"),
        (b"\x82\x20", "behind a field"),
        (b"\x3f\xe2\x1f", "4097 bytes: at most 4096"),
        (b"\xbe", "index"),
        (b"\x40\x81\xff\x00", "Incomplete Huffman"),
    ],
)
def test_a_fault_says_what_is_wrong(block: bytes, words: str) -> None:
    with pytest.raises(ConnectionFault, match=words) as raised:
        FieldDecoder().decode(block)
    assert raised.value.code is ErrorCode.COMPRESSION_ERROR


def test_a_list_that_grows_out_of_a_small_block_ends_early() -> None:
    bomb = b"\x40\x01a" + b"\x7f\xa1\x17" + b"x" * 3000 + b"\xbe" * 1000
    with pytest.raises(ConnectionFault, match="header list of more than") as raised:
        FieldDecoder().decode(bomb)
    assert raised.value.code is ErrorCode.ENHANCE_YOUR_CALM


def test_equal_short_strings_of_two_connections_are_one_object() -> None:
    block = Encoder().encode([(b"x-some-name", b"some value")], huffman=True)
    (first,), (second,) = (FieldDecoder().decode(block).fields for _ in range(2))
    assert first[0] is second[0]
    assert first[1] is second[1]


def test_a_wrong_field_in_the_table_is_wrong_each_time_and_right_ones_stay_right() -> None:
    encoder, decoder = Encoder(), FieldDecoder()
    right, wrong = (b"x-right", b"1"), (b"X-Wrong", b"2")
    assert decoder.decode(encoder.encode([right])).fault is None
    for _ in range(3):
        fault = decoder.decode(encoder.encode([right, wrong])).fault
        assert fault is not None
        assert "X-Wrong" in fault
    assert decoder.decode(encoder.encode([right])).fault is None
