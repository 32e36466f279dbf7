"""Messages out of a body that comes in any slicing, and what is no message."""

import gzip
import itertools
import struct
import tracemalloc
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from principal.door.messages import MAX_SHARED, WORTH_SHARING, Framer, MessageError, MessageReader, frame, inflate
from principal.rpc import Code

MAX = 1 << 16
CUTS = st.lists(st.integers(0, 400), max_size=12)


def reader(encoding: str = "gzip", most: int = MAX) -> MessageReader:
    return MessageReader(max_message=most, encoding=encoding)


def slices(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(places)] or [b""]


def read(pieces: Sequence[bytes], *, encoding: str = "gzip") -> tuple[list[bytes], Code | None]:
    """The messages in `pieces`, and the code of what ended them early."""
    messages: list[bytes] = []
    reading = reader(encoding)
    try:
        for piece in pieces:
            messages += reading.feed(piece)
        reading.finish()
    except MessageError as error:
        return messages + error.before, error.status.code
    return messages, None


def prefixed(flag: int, data: bytes) -> bytes:
    return struct.pack(">BI", flag, len(data)) + data


def bomb(mebibytes: int, declared: int) -> bytes:
    """One gzip member of many zeros that says `declared` of its size; about a kilobyte for each mebibyte."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = squeezer.compress(bytes(1 << 20)) + squeezer.flush(zlib.Z_FULL_FLUSH)
    head = gzip.compress(b"")[:10]
    return head + block * mebibytes + squeezer.flush() + struct.pack("<II", 0, declared)


def test_a_whole_message_in_one_piece_is_given_at_once() -> None:
    reading = reader()
    assert reading.feed(b"\0\0\0\0\5hello") == [b"hello"]
    assert reading.pending == 0


def test_a_piece_may_hold_several_messages_and_the_start_of_another() -> None:
    reading = reader()
    assert reading.feed(frame(b"a") + frame(b"") + frame(b"bc")[:6]) == [b"a", b""]
    assert reading.pending == 6
    assert reading.feed(b"c" + frame(b"d")) == [b"bc", b"d"]
    assert reading.pending == 0


def test_an_empty_piece_changes_nothing() -> None:
    reading = reader()
    assert reading.feed(b"") == []
    assert reading.feed(b"\0\0") == []
    assert reading.feed(b"") == []
    assert reading.feed(b"\0\0\1x") == [b"x"]


@given(st.lists(st.tuples(st.binary(max_size=200), st.booleans()), max_size=6), CUTS)
def test_any_slicing_gives_the_same_messages(contents: list[tuple[bytes, bool]], cuts: list[int]) -> None:
    body = b"".join(frame(message, gzip=packed) for message, packed in contents)
    assert read(slices(body, cuts)) == ([message for message, _ in contents], None)


@given(st.binary(max_size=300), CUTS)
def test_any_slicing_of_anything_gives_the_same_messages_and_the_same_end(body: bytes, cuts: list[int]) -> None:
    # Mostly no messages at all: a shorter prefix makes more of them.
    for data in (body, body.replace(b"\1", b"\0\0\0\0")):
        assert read(slices(data, cuts)) == read([data])


@given(st.binary(max_size=2000), st.booleans())
def test_what_is_framed_is_read_again(message: bytes, packed: bool) -> None:
    assert read([frame(message, gzip=packed)]) == ([message], None)


def test_compression_is_left_out_where_it_gains_nothing() -> None:
    assert frame(b"short", gzip=True) == frame(b"short")
    assert len(frame(b"x" * 1000, gzip=True)) < 100


def test_one_byte_at_a_time_is_read_too() -> None:
    body = frame(b"hello") + frame(b"x" * 300, gzip=True)
    assert read([bytes([byte]) for byte in body]) == ([b"hello", b"x" * 300], None)


def test_a_message_of_the_greatest_size_is_taken() -> None:
    for packed in (False, True):
        assert read([frame(bytes(MAX), gzip=packed)]) == ([bytes(MAX)], None)


@pytest.mark.parametrize("size", [MAX + 1, (1 << 32) - 1])
def test_a_message_that_is_too_big_is_refused_by_its_prefix(size: int) -> None:
    reading = reader()
    assert reading.feed(struct.pack(">BI", 0, size)[:4]) == []
    with pytest.raises(MessageError, match=f"{size} vs. {MAX}") as raised:
        reading.feed(struct.pack(">BI", 0, size)[4:])
    assert raised.value.status.code is Code.RESOURCE_EXHAUSTED


def test_a_whole_message_that_is_too_big_is_refused() -> None:
    assert read([frame(bytes(MAX + 1))]) == ([], Code.RESOURCE_EXHAUSTED)


@pytest.mark.parametrize("flag", [2, 3, 128, 255])
def test_a_flag_that_is_none_is_refused(flag: int) -> None:
    assert read([prefixed(flag, b"x")]) == ([], Code.INTERNAL)


def test_a_compressed_message_needs_an_encoding() -> None:
    assert read([prefixed(1, gzip.compress(b"x"))], encoding="identity") == ([], Code.INTERNAL)


def test_what_came_whole_before_a_bad_message_is_not_lost() -> None:
    assert read([frame(b"a") + frame(b"b") + prefixed(7, b"")]) == ([b"a", b"b"], Code.INTERNAL)


@pytest.mark.parametrize("cut", [1, 4, 5, 7])
def test_a_body_that_ends_within_a_message_is_an_error(cut: int) -> None:
    assert read([frame(b"a"), frame(b"hello")[:cut]]) == ([b"a"], Code.INTERNAL)


HELLO = gzip.compress(b"hello")


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(HELLO + gzip.compress(b"x"), id="another-member"),
        pytest.param(HELLO + HELLO, id="the-same-member-again"),
        pytest.param(HELLO + b"junk", id="trailing-bytes"),
        pytest.param(HELLO + bytes(4), id="trailing-zeros"),
        pytest.param(HELLO[:-1], id="cut"),
        pytest.param(HELLO[:12], id="cut-in-the-data"),
        pytest.param(HELLO[:3], id="cut-in-the-head"),
        pytest.param(HELLO[:-8] + b"AAAA" + HELLO[-4:], id="wrong-checksum"),
        pytest.param(HELLO[:-4] + struct.pack("<I", 4), id="says-less"),
        pytest.param(HELLO[:-4] + struct.pack("<I", 6), id="says-more"),
        pytest.param(zlib.compress(b"hello"), id="zlib-format"),
        pytest.param(b"hello", id="plain"),
    ],
)
def test_what_is_not_exactly_one_gzip_member_is_refused(packed: bytes) -> None:
    assert read([prefixed(1, packed)]) == ([], Code.INTERNAL)


def test_nothing_flagged_as_compressed_is_an_empty_message() -> None:
    assert read([prefixed(1, b"")]) == ([b""], None)


def test_a_bomb_that_says_its_size_is_refused() -> None:
    with pytest.raises(MessageError, match=f"{1 << 30} vs. {MAX}") as raised:
        inflate(bomb(1024, 1 << 30), most=MAX)
    assert raised.value.status.code is Code.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("declared", [0, 1000, 16 << 20, 1 << 30, 0xFFFFFFFF])
def test_a_bomb_of_a_mebibyte_takes_no_more_memory_than_it_says_and_may(declared: int) -> None:
    packed = bomb(1024, declared)
    assert len(packed) < 1100 * 1024
    tracemalloc.start()
    try:
        with pytest.raises(MessageError):
            inflate(packed, most=16 << 20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 << 20


@given(st.binary(max_size=200), st.lists(st.tuples(st.integers(0, 250), st.integers(0, 255)), max_size=4))
@settings(max_examples=200)
def test_a_damaged_member_is_refused_or_whole(message: bytes, damage: list[tuple[int, int]]) -> None:
    packed = bytearray(gzip.compress(message))
    for place, byte in damage:
        packed[place % len(packed)] = byte
    try:
        assert inflate(bytes(packed), most=MAX) == message
    except MessageError:
        assert bytes(packed) != gzip.compress(message)


def test_the_same_message_is_framed_once_for_all_who_send_it() -> None:
    framer, message = Framer(), bytes(WORTH_SHARING)
    first = framer.framed(message)
    assert first == frame(message)
    assert framer.framed(message) is first
    assert framer.framed(bytes(WORTH_SHARING + 1)) == frame(bytes(WORTH_SHARING + 1))
    assert framer.framed(message) == first


@given(st.lists(st.sampled_from([0, 1, WORTH_SHARING - 1, WORTH_SHARING, MAX_SHARED, MAX_SHARED + 1]), max_size=8))
def test_whatever_was_framed_before_each_message_is_framed_as_alone(sizes: list[int]) -> None:
    framer = Framer()
    for number, size in enumerate(sizes):
        message = bytes([number]) * size
        assert framer.framed(message) == frame(message)


def test_nothing_is_kept_of_a_message_that_is_very_long() -> None:
    framer, message = Framer(), bytes(MAX_SHARED + 1)
    assert framer.framed(message) is not framer.framed(message)
