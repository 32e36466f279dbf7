"""The cost of a call is that of its own work, not of everything that waits."""

import sys
from types import FrameType
from typing import Any

from hubproto.events import ack
from hubproto.sendqueue import SWEEP_FLOOR, SendQueue
from tests.hubproto.samples import event

MANY = 100_000


def filled(resources: int, *, limit: int = MANY) -> SendQueue:
    queue = SendQueue(rand=lambda: 0.5, limit=limit)
    for number in range(resources):
        queue.add(event("S1", f"r{number}"))
    return queue


def steps(queue: SendQueue, now: float) -> int:
    """Lines of ours that one `next_time` and one `take` execute: unlike time, the same on every machine."""
    count = 0

    def step(frame: FrameType, what: str, _: Any) -> Any:
        nonlocal count
        # Others run in between: the garbage collector calls back.
        if "hubproto" not in frame.f_code.co_filename:
            return None
        count += what == "line"
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        queue.next_time()
        taken = queue.take(now, stamp="", most=1)
    finally:
        sys.settrace(before)
    assert len(taken) == 1
    return count


def test_a_hundred_thousand_resources_do_not_slow_a_first_transmission() -> None:
    few, many = filled(10), filled(MANY)
    assert [steps(many, 0.0) for _ in range(9)] == [steps(few, 0.0) for _ in range(9)]


def test_a_hundred_thousand_due_repetitions_do_not_slow_one() -> None:
    few, many = filled(10), filled(MANY)
    for queue in (few, many):
        assert len(queue.take(0.0, stamp="", most=MANY)) in {10, MANY}
    assert [steps(many, 60.0) for _ in range(9)] == [steps(few, 60.0) for _ in range(9)]


def test_a_full_queue_of_an_absent_peer_keeps_no_traces_of_what_fell_out() -> None:
    queue = filled(5000, limit=10)
    assert queue.pending == 10
    assert len(queue._ready) <= 2 * 10 + SWEEP_FLOOR + 1
    assert len(queue._lanes) == 10


def test_timers_of_what_was_acknowledged_do_not_pile_up() -> None:
    queue = filled(1)
    queue.take(0.0, stamp="", most=1)
    for number in range(5000):
        queue.add(event(f"S{number}"))
        (sent,) = queue.take(1.0, stamp="", most=1)
        queue.acknowledge(ack(sent))
    assert len(queue._timers) <= 2 + SWEEP_FLOOR + 1
    assert queue.next_time() == 7.5, "the one that was never acknowledged keeps its timer"
