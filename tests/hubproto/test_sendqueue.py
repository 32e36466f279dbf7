"""The sending queue by example: argocd-agent's table of its event writer, row by row, and what is ours on top."""

import math
from dataclasses import replace
from itertools import cycle

import pytest

from hubproto.events import Event, EventError, ack, heartbeat
from hubproto.sendqueue import RETRY_DELAYS, SendQueue
from tests.hubproto.samples import event, words

STAMP = "2026-01-02T03:04:05.678901Z"


def queue(*added: str | Event, limit: int = 1000, rand: float = 0.0) -> SendQueue:
    made = SendQueue(rand=lambda: rand, limit=limit)
    for one in added:
        assert made.add(event(one) if isinstance(one, str) else one) == ()
    return made


def take(queue: SendQueue, now: float = 0.0, most: int = 1000) -> list[str]:
    return words(queue.take(now, stamp=STAMP, most=most))


def answer(queue: SendQueue, word: str, resource: str = "guestbook_u1") -> bool:
    return queue.acknowledge(ack(event(word, resource)))


def drain(queue: SendQueue) -> list[str]:
    """Send and acknowledge everything."""
    seen = []
    while sent := queue.take(0.0, stamp=STAMP, most=1000):
        seen += words(sent)
        assert all(queue.acknowledge(ack(one)) for one in sent)
    assert (queue.pending, queue.awaiting, queue.next_time()) == (0, 0, None)
    return seen


def test_an_acknowledgement_removes_the_front_and_only_the_front() -> None:
    waiting = queue("C1", "S2")
    assert not answer(waiting, "S3")
    assert not answer(waiting, "S2")
    assert waiting.pending == 2
    assert answer(waiting, "C1")
    assert waiting.pending == 1
    assert drain(waiting) == ["S2"]


def test_resources_that_end_in_a_deletion_have_only_that() -> None:
    waiting = queue("C1", "D2", event("S1", "b"), event("T2", "b"), event("D3", "b"))
    assert waiting.pending == 2
    assert sorted(drain(waiting)) == ["D2", "D3"]


def test_a_deletion_replaces_what_is_queued_and_what_is_on_its_way() -> None:
    waiting = queue("C1")
    assert take(waiting) == ["C1"]
    waiting.add(event("S2"))
    waiting.add(event("D3"))
    assert (waiting.pending, waiting.awaiting) == (1, 0)
    assert take(waiting) == ["D3"], "at once: nothing is awaited any more"
    assert not answer(waiting, "C1")
    assert answer(waiting, "D3")


def test_a_sent_event_awaits_its_acknowledgement_and_is_not_sent_again_at_once() -> None:
    waiting = queue("S1")
    assert take(waiting) == ["S1"]
    assert (waiting.pending, waiting.awaiting) == (0, 1)
    assert take(waiting) == []
    assert take(waiting, now=4.999) == []
    assert take(waiting, now=5.0) == ["S1"]


def test_the_delays_between_transmissions_grow_and_then_repeat() -> None:
    waiting = queue("S1")
    assert take(waiting) == ["S1"]
    due = []
    for _ in range(6):
        moment = waiting.next_time()
        assert moment is not None
        assert take(waiting, now=math.nextafter(moment, 0)) == []
        assert take(waiting, now=moment) == ["S1"]
        due.append(moment)
    assert due == [5, 25, 105, 225, 345, 465]


def test_each_delay_is_stretched_at_random_to_less_than_twice_its_length() -> None:
    numbers = cycle([0.0, 0.5, 0.999])
    waiting = SendQueue(rand=lambda: next(numbers))
    waiting.add(event("S1"))
    now, gaps = 0.0, []
    for _ in range(4):
        take(waiting, now=now)
        due = waiting.next_time()
        assert due is not None
        gaps.append(due - now)
        now = due
    assert gaps == pytest.approx([5, 30, 80 * 1.999, 120])
    assert RETRY_DELAYS == (5, 20, 80, 120)


def test_the_next_event_of_a_resource_starts_with_the_shortest_delay() -> None:
    waiting = queue("C1", "S2")
    take(waiting)
    take(waiting, now=5.0)
    answer(waiting, "C1")
    assert take(waiting, now=6.0) == ["S2"]
    assert waiting.next_time() == 11.0


@pytest.mark.parametrize("passing", [heartbeat("h-1"), ack(event("S1"))], ids=["heartbeat", "acknowledgement"])
def test_what_is_sent_once_is_not_queued(passing: Event) -> None:
    waiting = queue()
    with pytest.raises(EventError) as caught:
        waiting.add(passing)
    assert caught.value.rule == "not-queued"
    assert (waiting.pending, waiting.next_time()) == (0, None)


def test_an_event_waits_behind_the_one_on_its_way() -> None:
    waiting = queue("S1")
    assert take(waiting) == ["S1"]
    waiting.add(event("S2"))
    assert take(waiting, now=1.0) == []
    assert waiting.next_time() == 5.0
    assert take(waiting, now=5.0) == ["S1"]
    assert answer(waiting, "S1")
    assert waiting.next_time() == -math.inf
    assert take(waiting, now=5.0) == ["S2"]


def test_of_five_updates_the_last_is_sent() -> None:
    waiting = queue("S1", "S2", "S3", "S4", "S5")
    assert waiting.pending == 1
    assert drain(waiting) == ["S5"]


def test_an_update_on_its_way_is_not_merged_with_a_queued_one() -> None:
    waiting = queue("S1")
    take(waiting)
    waiting.add(event("S2"))
    waiting.add(event("S3"))
    assert (waiting.pending, waiting.awaiting) == (1, 1)
    answer(waiting, "S1")
    assert drain(waiting) == ["S3"]


def test_the_timer_of_an_acknowledged_event_does_not_repeat_the_next_one() -> None:
    waiting = queue("C1", "S2")
    take(waiting)
    answer(waiting, "C1")
    assert take(waiting, now=1.0) == ["S2"]
    assert take(waiting, now=5.5) == []
    assert take(waiting, now=6.0) == ["S2"]


def test_the_first_transmission_is_stamped_and_later_ones_repeat_the_stamp() -> None:
    waiting = queue("S1")
    (first,) = waiting.take(0.0, stamp="first", most=1)
    (again,) = waiting.take(5.0, stamp="second", most=1)
    assert first.sent_at == again.sent_at == "first"
    assert waiting.acknowledge(ack(again))


def test_an_acknowledgement_must_name_both_ids() -> None:
    waiting = queue("S1", event("S1", "b"))
    take(waiting)
    assert not answer(waiting, "S1", "c")
    assert not answer(waiting, "S2", "b")
    assert answer(waiting, "S1", "b")
    assert not answer(waiting, "S1", "b"), "once is enough"
    assert waiting.awaiting == 1


def test_on_a_new_stream_everything_that_awaits_goes_again_and_goes_first() -> None:
    waiting = queue("S1", event("S2", "b"))
    take(waiting)
    waiting.add(event("S3", "c"))
    waiting.add(event("S4"))
    waiting.due_again()
    assert waiting.next_time() == -math.inf
    assert take(waiting, now=1.0) == ["S1", "S2", "S3"]
    assert waiting.next_time() == 6.0, "c is at its first attempt"
    assert take(waiting, now=6.0) == ["S3"]
    assert take(waiting, now=20.9) == []
    assert take(waiting, now=21.0) == ["S1", "S2"], "the others are at their second"


def test_two_new_streams_in_a_row_send_everything_once() -> None:
    waiting = queue("S1", event("S2", "b"))
    take(waiting)
    waiting.due_again()
    waiting.due_again()
    assert take(waiting, now=1.0) == ["S1", "S2"]
    assert take(waiting, now=1.0) == []


def test_what_was_acknowledged_on_the_old_stream_is_not_sent_on_the_new_one() -> None:
    waiting = queue("S1")
    take(waiting)
    waiting.due_again()
    assert answer(waiting, "S1")
    assert waiting.next_time() is None
    assert take(waiting) == []


def test_nothing_waits_in_an_empty_queue() -> None:
    waiting = queue()
    assert waiting.next_time() is None
    assert take(waiting) == []
    waiting.due_again()
    assert waiting.next_time() is None


def test_no_resource_starves_when_little_may_be_sent_at_a_time() -> None:
    waiting = queue(*[event(f"C{n}", name) for name in "abc" for n in (1, 2, 3)])
    served = []
    for _ in range(9):
        (sent,) = waiting.take(0.0, stamp=STAMP, most=1)
        served.append(sent.resource_id)
        waiting.acknowledge(ack(sent))
    assert served == list("abcabcabc")


def test_repetitions_and_first_transmissions_take_turns() -> None:
    waiting = queue(event("S1", "a"), event("S1", "b"))
    take(waiting)
    waiting.add(event("S2", "c"))
    assert [waiting.take(10.0, stamp=STAMP, most=1)[0].resource_id for _ in range(3)] == ["c", "a", "b"]


def test_a_full_queue_drops_the_oldest_unsent_events_and_says_which() -> None:
    waiting = queue("C1", "O2", event("C3", "b"), limit=3)
    assert words(waiting.add(event("C4", "c"))) == ["C1"]
    assert words(waiting.add(event("C5", "d"))) == ["O2"]
    assert words(waiting.add(event("C6", "e"))) == ["C3"]
    assert drain(waiting) == ["C4", "C5", "C6"]


def test_what_is_on_its_way_is_never_dropped() -> None:
    waiting = queue("C1", event("C2", "b"), limit=2)
    take(waiting)
    assert words(waiting.add(event("S3"))) == ["S3"], "even the new one falls out"
    assert waiting.awaiting == 2
    assert answer(waiting, "C1")
    assert waiting.add(event("S4")) == ()


def test_a_merged_or_replaced_event_takes_no_room() -> None:
    waiting = queue("C1", "S2", limit=2)
    assert waiting.add(event("S3")) == ()
    assert waiting.add(event("D4")) == ()
    assert drain(waiting) == ["D4"]


def test_a_queue_for_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        SendQueue(rand=lambda: 0.0, limit=0)


def test_events_are_dropped_by_what_they_are_sent_or_not() -> None:
    waiting = queue("C1", "S2", event("C3", "b"), event("S4", "c"))
    take(waiting, most=1)
    assert waiting.drop(lambda one: one.type == event("C1").type) == 2
    assert (waiting.pending, waiting.awaiting) == (2, 0)
    assert sorted(drain(waiting)) == ["S2", "S4"]
    assert waiting.drop(lambda _: True) == 0


def test_an_event_passes_through_an_idle_queue_and_is_sent_again_like_any_other() -> None:
    idle = queue()
    passed = idle.pass_through(event("S1"), 0.0, stamp="now")
    assert passed == replace(event("S1"), sent_at="now")
    assert (idle.pending, idle.awaiting, idle.next_time()) == (0, 1, RETRY_DELAYS[0])
    assert idle.take(RETRY_DELAYS[0], stamp="later", most=9) == [passed]
    assert idle.acknowledge(ack(passed))
    assert idle.awaiting == 0


def test_an_event_passes_through_beside_one_of_another_resource_that_awaits_its_ack() -> None:
    idle = queue()
    assert idle.pass_through(event("S1", "a"), 0.0, stamp="now") is not None
    assert idle.pass_through(event("S1", "b"), 0.0, stamp="now") is not None
    assert idle.pass_through(event("S2", "a"), 0.0, stamp="now") is None


def test_nothing_passes_by_what_waits_or_is_due() -> None:
    idle = queue()
    idle.add(event("S1", "a"))
    assert idle.pass_through(event("S1", "b"), 0.0, stamp="now") is None
    idle.take(0.0, stamp="now", most=1)
    assert idle.pass_through(event("S1", "b"), RETRY_DELAYS[0], stamp="now") is None
    assert idle.pass_through(event("S1", "b"), RETRY_DELAYS[0] - 0.1, stamp="now") is not None


def test_a_full_queue_acks_and_heartbeats_let_nothing_through() -> None:
    idle = queue(limit=1)
    for one in (ack(event("S1")), heartbeat("h")):
        assert idle.pass_through(one, 0.0, stamp="now") is None
    assert idle.pass_through(event("S1", "a"), 0.0, stamp="now") is not None
    assert idle.pass_through(event("S1", "b"), 0.0, stamp="now") is None
