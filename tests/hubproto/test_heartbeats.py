"""The quick answer to a heartbeat is the slow one, or there is none."""

import itertools
import uuid
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hubproto.events import Event, EventError, EventType, Target, ack, decode, encode, heartbeat
from hubproto.heartbeats import MAX_LENGTHS, MAX_SHAPES, MAX_SIZE, HeartbeatAnswers
from hubproto.vocabulary import RTT_MS
from tests.hubproto.samples import events, needed, texts

IDS = [str(uuid.UUID(int=number)) for number in range(1, 4)]


def slowly(message: bytes) -> tuple[bytes, str] | None:
    """What reading the message in full says; None when it is no heartbeat."""
    try:
        event = decode(message)
    except EventError:
        return None
    return (encode(ack(event)), dict(event.extra).get(RTT_MS, "")) if event.is_heartbeat else None


def taught(*messages: bytes) -> HeartbeatAnswers:
    answers = HeartbeatAnswers()
    for message in messages:
        event = decode(message)
        answers.learn(message, event, encode(ack(event)))
    return answers


def in_go_order(message: bytes, order: tuple[int, ...]) -> bytes:
    """The same heartbeat with its attributes in another order, as Go's unordered maps give it."""
    at = [
        place for place in range(len(message)) if message[place : place + 1] == b"\x2a" and message[place + 2] == 0x0A
    ]
    parts = [message[start:end] for start, end in zip(at, [*at[1:], message.index(b"\x32\x00", at[-1])], strict=True)]
    rest = message[at[-1] + len(parts[-1]) :]
    return message[: at[0]] + b"".join(parts[place] for place in order) + rest


def test_the_second_heartbeat_of_a_shape_is_answered_quickly() -> None:
    answers = taught(encode(heartbeat(IDS[0])))
    second = encode(heartbeat(IDS[1]))
    assert answers.answer(second) == (encode(ack(heartbeat(IDS[1]))), "")


def test_a_round_trip_is_told_and_repeated_in_the_answer() -> None:
    answers = taught(encode(heartbeat(IDS[0], rtt_ms=1.5)))
    second = heartbeat(IDS[1], rtt_ms=2.25)
    assert answers.answer(encode(second)) == (encode(ack(second)), "2.250")


def test_attributes_in_any_order_are_learnt() -> None:
    orders = list(itertools.permutations(range(3)))
    first, second = (encode(replace(heartbeat(name), source="agent://agent-managed")) for name in IDS[:2])
    answers = taught(*(in_go_order(first, order) for order in orders))
    for order in orders:
        assert answers.answer(in_go_order(second, order)) == slowly(second)


def test_two_different_ids_are_left_to_the_slow_way() -> None:
    answers = taught(encode(heartbeat(IDS[0])))
    assert answers.answer(encode(replace(heartbeat(IDS[1]), resource_id=IDS[2]))) is None
    assert taught(encode(replace(heartbeat(IDS[1]), resource_id=IDS[2]))).answer(encode(heartbeat(IDS[0]))) is None


def test_text_that_is_not_utf8_is_left_to_the_slow_way() -> None:
    first = encode(heartbeat(IDS[0]))
    bad = first.replace(IDS[0].encode(), b"\xff" * 36)
    assert taught(first).answer(bad) is None


def test_an_id_that_occurs_elsewhere_has_no_shape() -> None:
    for name in ("e", "heartbeat", "eventid"):
        assert taught(encode(heartbeat(name))).answer(encode(heartbeat(name))) is None


def test_an_event_that_is_no_heartbeat_has_no_shape() -> None:
    update = Event(EventType.SPEC_UPDATE, Target.APPLICATION, resource_id=IDS[0], event_id=IDS[0])
    assert taught(encode(update)).answer(encode(update)) is None


def test_what_is_kept_is_bounded() -> None:
    large = replace(heartbeat(IDS[0]), extra=(("pad", "x" * MAX_SIZE),))
    assert taught(encode(large)).answer(encode(large)) is None
    lengths = [replace(heartbeat(IDS[0]), source="s" * size) for size in range(MAX_LENGTHS + 1)]
    shapes = [replace(heartbeat(IDS[0]), source=letter) for letter in "abcdefghijklmn"[: MAX_SHAPES + 1]]
    for kind in (lengths, shapes):
        messages = [encode(event) for event in kind]
        answers = taught(*messages)
        assert [answers.answer(message) is not None for message in messages] == [False] + [True] * (len(messages) - 1)


heartbeats = st.builds(
    lambda event, name, rtt: replace(
        event,
        target=Target.HEARTBEAT,
        resource_id=name,
        event_id=name,
        extra=(*(item for item in event.extra if item[0] != RTT_MS), *([(RTT_MS, rtt)] if rtt is not None else [])),
    ),
    events,
    needed | st.uuids().map(str),
    st.none() | texts | st.floats(0, 1e6).map(lambda number: f"{number:.3f}"),
)
bytes_anywhere = st.lists(st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=3)), max_size=4)


@given(st.lists(heartbeats, min_size=1, max_size=4), events | heartbeats, bytes_anywhere)
def test_the_quick_answer_is_the_slow_one(known: list[Event], event: Event, changes: list[tuple[int, bytes]]) -> None:
    answers = taught(*(encode(one) for one in known))
    for message in (*(encode(one) for one in known), encode(event)):
        assert answers.answer(message) in (None, slowly(message))
        changed = bytearray(message)
        for place, new in changes:
            changed[place % len(message) : place % len(message) + len(new)] = new
        assert answers.answer(bytes(changed)) in (None, slowly(bytes(changed)))


@given(st.uuids(), st.uuids(), st.floats(0, 9), st.floats(0, 9))
def test_every_heartbeat_of_ours_is_answered_quickly(one: uuid.UUID, two: uuid.UUID, rtt: float, other: float) -> None:
    answers = taught(encode(heartbeat(str(one), rtt_ms=rtt)))
    message = encode(heartbeat(str(two), rtt_ms=other))
    assert answers.answer(message) == slowly(message)
