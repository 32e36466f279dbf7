import asyncio

from agent.outbox import Outbox
from hubproto.events import Event, EventType, Target, ack, heartbeat


def event(number: int) -> Event:
    return Event(EventType.STATUS_UPDATE, Target.APPLICATION, resource_id=f"r-{number}", event_id=f"e-{number}")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def outbox(clock: Clock | None = None) -> Outbox:
    return Outbox(stamp=lambda: "2026-01-01T00:00:00Z", clock=clock or Clock())


async def soon(box: Outbox) -> Event | None:
    """What is there to write now; None when the writer would wait."""
    try:
        async with asyncio.timeout(0.01):
            return await box.next()
    except TimeoutError:
        return None


async def test_acks_and_heartbeats_overtake_what_is_queued() -> None:
    box = outbox()
    for number in range(3):
        box.add(event(number))
    assert (await box.next()).resource_id == "r-0"
    box.send_once(ack(event(9)))
    box.send_once(heartbeat("hb-1"))
    assert [(await box.next()).event_id for _ in range(4)] == ["e-9", "hb-1", "e-1", "e-2"]


async def test_an_event_that_may_go_goes_at_once() -> None:
    box = outbox()
    waiting = asyncio.create_task(box.next())
    await asyncio.sleep(0)
    box.add(event(1))
    assert (await asyncio.wait_for(waiting, 1)).event_id == "e-1"


async def test_events_carry_the_time_of_their_first_transmission() -> None:
    box = outbox()
    box.add(event(1))
    assert (await box.next()).sent_at == "2026-01-01T00:00:00Z"


async def test_an_unacknowledged_event_goes_again_on_a_new_stream() -> None:
    box = outbox()
    box.add(event(1))
    await box.next()
    assert await soon(box) is None
    box.reopen()
    assert (await box.next()).event_id == "e-1"


async def test_an_acknowledged_event_is_forgotten() -> None:
    box = outbox()
    box.add(event(1))
    box.acknowledge(ack(await box.next()))
    box.reopen()
    assert await soon(box) is None
    assert box.waiting == 0


async def test_an_unacknowledged_event_goes_again_after_its_pause() -> None:
    clock = Clock()
    box = outbox(clock)
    box.add(event(1))
    await box.next()
    clock.now += 10.0
    assert (await box.next()).event_id == "e-1"


async def test_heartbeats_of_an_older_stream_are_void_and_acks_are_not() -> None:
    box = outbox()
    box.send_once(heartbeat("hb-1"))
    box.send_once(ack(event(1)))
    box.reopen()
    assert (await box.next()).is_ack
    assert await soon(box) is None
