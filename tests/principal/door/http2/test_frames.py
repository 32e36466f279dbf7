"""Frames as bytes, read back by `h2`'s own parser of frames."""

from hyperframe.frame import ContinuationFrame, Frame, GoAwayFrame, HeadersFrame, SettingsFrame
from hypothesis import given
from hypothesis import strategies as st

from principal.door.http2 import frames
from principal.door.http2.codes import MAX_STREAM_ID, MAX_WINDOW
from principal.door.http2.frames import MAX_DEBUG

STREAMS = st.integers(1, MAX_STREAM_ID)
NUMBERS = st.integers(0, 2**32 - 1)


def read(data: bytes) -> list[Frame]:
    found = []
    while data:
        frame, length = Frame.parse_frame_header(memoryview(data[:9]))
        frame.parse_body(memoryview(data[9 : 9 + length]))
        found.append(frame)
        data = data[9 + length :]
    return found


@given(STREAMS, st.binary(max_size=200), st.booleans(), st.integers(1, 50))
def test_a_header_block_is_whole_again_whatever_the_frames_size(
    stream: int, block: bytes, end: bool, most: int
) -> None:
    first, *rest = read(frames.headers(stream, block, end=end, max_frame=most))
    assert isinstance(first, HeadersFrame)
    assert all(isinstance(each, ContinuationFrame) for each in rest)
    assert b"".join(each.data for each in (first, *rest)) == block  # type: ignore[attr-defined]
    assert all(each.body_len <= most and each.stream_id == stream for each in (first, *rest))
    assert ["END_HEADERS" in each.flags for each in (first, *rest)] == [False] * len(rest) + [True]
    assert ["END_STREAM" in each.flags for each in (first, *rest)] == [end] + [False] * len(rest)


@given(STREAMS, NUMBERS, st.integers(1, MAX_WINDOW), st.binary(min_size=8, max_size=8), st.booleans())
def test_short_frames_are_what_they_say(stream: int, code: int, increment: int, opaque: bytes, ack: bool) -> None:
    reset, update, ping, data = read(
        frames.rst_stream(stream, code)
        + frames.window_update(stream, increment)
        + frames.ping(opaque, ack=ack)
        + frames.data_head(5, stream, end=ack)
        + b"hello"
    )
    assert (reset.stream_id, reset.error_code) == (stream, code)  # type: ignore[attr-defined]
    assert (update.stream_id, update.window_increment) == (stream, increment)  # type: ignore[attr-defined]
    assert (ping.opaque_data, "ACK" in ping.flags) == (opaque, ack)  # type: ignore[attr-defined]
    assert (data.data, "END_STREAM" in data.flags) == (b"hello", ack)  # type: ignore[attr-defined]


@given(st.dictionaries(st.integers(1, 2**16 - 1), NUMBERS, max_size=40))
def test_settings_are_read_as_they_were_written(values: dict[int, int]) -> None:
    data = frames.settings(values.items())
    [said] = read(data)
    assert isinstance(said, SettingsFrame)
    assert said.settings == values
    assert dict(frames.read_settings(data[9:])) == values


@given(STREAMS, NUMBERS, st.text(max_size=2 * MAX_DEBUG))
def test_a_goaways_text_is_cut(last: int, code: int, text: str) -> None:
    [said] = read(frames.goaway(last, code, text))
    assert isinstance(said, GoAwayFrame)
    assert (said.last_stream_id, said.error_code) == (last, code)
    assert said.additional_data == text.encode("utf-8", "replace")[:MAX_DEBUG]
