"""Whatever a client sends, and however the network cuts it, the same comes of it."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import BINARY, CLOSE, CONT, PING, PONG, TEXT

from principal.door.websocket.limits import Limits
from tests.principal.door.websocket.driving import END, Driver, close, frame, frames_of, grpc, message, request

SMALL = Limits(max_message=300, free_fragments=4, min_fragment=8, free_pings=3)

payloads = st.binary(max_size=320)
frames = st.one_of(
    st.builds(message, payloads),
    st.builds(message, payloads, st.sampled_from([0, 1, 2, 0x80])),
    st.builds(frame, payloads, st.sampled_from([BINARY, CONT, TEXT]), fin=st.booleans()),
    st.builds(frame, st.binary(max_size=125), st.sampled_from([PING, PONG, CLOSE])),
    st.builds(close, st.sampled_from([1000, 1001, 4000]), st.text(max_size=20)),
    st.just(frame(END)),
    st.binary(max_size=20),
)
conversations = st.lists(frames, max_size=8).map(b"".join)


def outcome(pieces: list[bytes]) -> tuple[object, ...]:
    driver = Driver(limits=SMALL)
    driver.say(*pieces)
    output = driver.hear()
    told = driver.calls[0].told if driver.calls else None
    return output, told, driver.http.ended, driver.http.closing, driver.http.stats


def cut(data: bytes, places: list[int]) -> list[bytes]:
    return [
        data[start:end] for start, end in pairwise([0, *sorted(place % (len(data) + 1) for place in places), len(data)])
    ]


@given(conversations, st.lists(st.integers(0, 10_000), max_size=12))
def test_any_cut_of_a_conversation_gives_the_same_result(conversation: bytes, places: list[int]) -> None:
    data = request() + conversation
    assert outcome(cut(data, places)) == outcome([data])


@given(conversations)
def test_single_bytes_give_the_same_result(conversation: bytes) -> None:
    data = request() + conversation
    assert outcome([data[at : at + 1] for at in range(len(data))]) == outcome([data])


@example(b"\r\n\r\n\x00\r\n\x00", [7]).via("a header of PROXY, almost")
@given(st.binary(max_size=200), st.lists(st.integers(0, 10_000), max_size=12))
def test_any_bytes_at_all_give_the_same_result_however_cut(data: bytes, places: list[int]) -> None:
    assert outcome(cut(data, places)) == outcome([data])


@given(st.lists(st.tuples(payloads, st.integers(1, 5)), min_size=1, max_size=6))
def test_messages_arrive_whole_in_order_in_however_many_fragments(messages: list[tuple[bytes, int]]) -> None:
    driver = Driver().open()
    for payload, count in messages:
        whole = grpc(payload)
        parts = cut(whole, [len(whole) * part // count for part in range(1, count)])
        for number, part in enumerate(parts):
            driver.say(frame(part, CONT if number else BINARY, fin=number == len(parts) - 1))
    assert driver.call.told == [("data", grpc(payload)) for payload, _ in messages]
    assert frames_of(driver.hear()) == []
