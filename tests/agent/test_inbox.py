from hypothesis import given
from hypothesis import strategies as st

from agent.inbox import Inbox, Taken
from hubproto.events import Event, EventType, Target


def event(number: int, kind: EventType = EventType.CREATE) -> Event:
    return Event(kind, Target.APPLICATION, resource_id=f"r-{number}", event_id=f"e-{number}")


def test_events_come_out_in_the_order_they_came() -> None:
    inbox = Inbox()
    for number in range(3):
        assert inbox.put(event(number), 10) is Taken.NEW
    assert [inbox.take() for _ in range(4)] == [event(0), event(1), event(2), None]


def test_a_repeated_event_has_no_second_place_until_it_is_done() -> None:
    inbox = Inbox()
    inbox.put(event(1), 10)
    assert inbox.put(event(1), 10) is Taken.REPEATED
    taken = inbox.take()
    assert taken is not None
    assert inbox.put(event(1), 10) is Taken.REPEATED
    inbox.done(taken)
    assert inbox.put(event(1), 10) is Taken.NEW


def test_creation_and_deletion_of_one_state_are_two_events() -> None:
    inbox = Inbox()
    assert inbox.put(event(1), 10) is Taken.NEW
    assert inbox.put(event(1, EventType.DELETE), 10) is Taken.NEW


def test_more_events_than_fit_are_left_to_be_repeated() -> None:
    inbox = Inbox(most_events=2)
    assert [inbox.put(event(number), 1) for number in range(3)] == [Taken.NEW, Taken.NEW, Taken.NO_ROOM]
    inbox.take()
    assert inbox.put(event(3), 1) is Taken.NEW


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 60), st.booleans()), max_size=100))
def test_bounds_hold_whatever_comes(steps: list[tuple[int, int, bool]]) -> None:
    inbox = Inbox(most_events=5, most_bytes=100)
    for number, size, work in steps:
        inbox.put(event(number), size)
        assert len(inbox) <= 5
        assert 0 <= inbox.bytes <= 100
        if work and (taken := inbox.take()) is not None:
            inbox.done(taken)
    while inbox.take() is not None:
        pass
    assert (len(inbox), inbox.bytes) == (0, 0)
