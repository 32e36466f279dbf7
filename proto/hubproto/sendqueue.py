"""What one side still has to send to one peer: in order, one unacknowledged event per resource, again until it is.

Event-driven: `next_time` says when `take` will have something, so nobody polls. Every lane (resource) that may send
stands once in a list served from the front, which is fair and costs nothing for lanes that wait; the lanes that wait
for an acknowledgement have a timer in a heap. Entries of both may be outdated (a lane that may not go any more has been
emptied and forgotten): they are recognised when met, and swept when they outnumber the others.
"""

import math
from collections import OrderedDict, deque
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Final

from hubproto.errors import EventError
from hubproto.events import Event, EventType
from hubproto.lane import Lane
from hubproto.memos import Stamper

RETRY_DELAYS: Final = (5.0, 20.0, 80.0, 120.0)
"""Seconds after each transmission until the next, the last one repeating; each times a random factor in [1, 2)."""

MAX_EVENTS: Final = 100_000
"""Events held for one peer, sent or not: above any one cluster's Applications, and some 400 MB with 4 KB in each.

argocd-agent keeps 1000 and drops the oldest, which loses updates whenever an agent with more objects is away.
"""

SWEEP_FLOOR: Final = 64
"""Outdated entries that are not worth a sweep."""

_NONE: Final[deque[Lane]] = deque(maxlen=0)
"""The lanes that may go, of queues that have none: an empty deque of its own would be half of an idle queue."""

_stamper = Stamper()
"""Of all queues: a fan-out has one event in each."""


class SendQueue:
    """The events for one peer. `rand` gives numbers in [0, 1); `limit` is the most events held at a time."""

    __slots__ = ("_awaiting", "_lanes", "_limit", "_rand", "_ready", "_serials", "_timers", "_unsent")

    def __init__(self, *, rand: Callable[[], float], limit: int = MAX_EVENTS) -> None:
        if limit < 1:
            raise ValueError(f"limit of a send queue is {limit}: at least 1 is needed")
        self._rand = rand
        self._limit = limit
        self._lanes: dict[str, Lane] = {}
        self._unsent: OrderedDict[int, Lane] = OrderedDict()  # of every unsent event, oldest first
        self._ready = _NONE
        self._timers: list[tuple[float, int, Lane]] = []
        self._serials = count(1)
        self._awaiting = 0

    @property
    def pending(self) -> int:
        """How many events have not been sent."""
        return len(self._unsent)

    @property
    def awaiting(self) -> int:
        """How many events have been sent and not been acknowledged."""
        return self._awaiting

    def add(self, event: Event) -> tuple[Event, ...]:
        """Queue an event; what fell out because the queue was full, oldest first, even the new one itself.

        Only unsent events fall out. EventError of rule `not-queued` for acknowledgements and heartbeats: they are sent
        once, past the queue, or they would wait behind the very event that they answer.
        """
        if event.is_ack or event.is_heartbeat:
            raise EventError("not-queued", f"an event of target {event.target} is sent once, past the queue")
        lane = self._lanes.get(event.resource_id)
        if lane is None:
            lane = self._lanes[event.resource_id] = Lane()
        else:
            if event.type == EventType.DELETE:
                self._settle(lane)
            for serial in lane.superseded_by(event):
                del self._unsent[serial]
        serial = next(self._serials)
        lane.unsent.append((serial, event))
        self._unsent[serial] = lane
        self._list(lane)
        return self._shed()

    def pass_through(self, event: Event, now: float, *, stamp: str) -> Event | None:
        """Count an event as sent that nothing else goes before, and give it stamped: `add` and `take` in one.

        None, and nothing has happened, when something may go before it, or it has to wait, or is none to be queued.
        """
        timers = self._timers
        if (
            self._ready
            or event.resource_id in self._lanes
            or len(self._unsent) + self._awaiting >= self._limit
            or (timers and timers[0][0] <= now)
            or event.is_ack
            or event.is_heartbeat
        ):
            return None
        lane = self._lanes[event.resource_id] = Lane()
        lane.sent = _stamper.stamped(event, stamp)
        self._awaiting += 1
        self._set_timer(lane, now)
        return lane.sent

    def take(self, now: float, *, stamp: str, most: int) -> list[Event]:
        """Give up to `most` events that may go now and count them as sent at `now` (seconds, monotonic).

        `stamp`, the wall clock's time in RFC 3339, becomes `sent_at` of those that go for the first time.
        """
        self._wake(now, most)
        taken: list[Event] = []
        while self._ready and len(taken) < most:
            lane = self._ready.popleft()
            lane.listed = False
            if lane.may_go:
                taken.append(self._transmit(lane, now, stamp))
        self._idle()
        return taken

    def acknowledge(self, event: Event) -> bool:
        """Forget the event that this acknowledgement names by both ids; False when there is none such.

        The oldest unsent event counts too: the peer may have handled it when an earlier process sent it.
        """
        lane = self._lanes.get(event.resource_id)
        if lane is None:
            return False
        if lane.sent is not None and lane.sent.event_id == event.event_id:
            self._settle(lane)
        elif lane.unsent and lane.unsent[0][1].event_id == event.event_id:
            del self._unsent[lane.unsent.pop(0)[0]]
        else:
            return False
        self._update(event.resource_id, lane)
        self._sweep()
        return True

    def next_time(self) -> float | None:
        """When `take` may have something: minus infinity for now, None when nothing waits at all."""
        while self._ready and not self._ready[0].may_go:
            self._ready.popleft()
        if self._ready:
            return -math.inf
        self._idle()
        while self._timers and self._outdated(self._timers[0]):
            heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def due_again(self) -> None:
        """Take note of a new stream: acknowledgements of the old one will not come, so all that await one may go.

        They go before what was never sent, being older. Their number of attempts stays.
        """
        woken = [lane for lane in self._lanes.values() if lane.sent is not None]
        self._timers.clear()
        for lane in woken:
            lane.retry = 0
            lane.due = True
        first = [lane for lane in woken if not lane.listed]
        for lane in first:
            lane.listed = True
        self._own_ready().extendleft(reversed(first))

    def drop(self, predicate: Callable[[Event], bool]) -> int:
        """Forget every event, sent or not, for which the predicate is true; how many. Looks at every event."""
        dropped = 0
        for resource_id, lane in list(self._lanes.items()):
            if lane.sent is not None and predicate(lane.sent):
                self._settle(lane)
                dropped += 1
            gone = {serial for serial, event in lane.unsent if predicate(event)}
            if gone:
                lane.unsent = [item for item in lane.unsent if item[0] not in gone]
            for serial in gone:
                del self._unsent[serial]
            dropped += len(gone)
            self._update(resource_id, lane)
        self._sweep()
        return dropped

    def _transmit(self, lane: Lane, now: float, stamp: str) -> Event:
        if lane.sent is None:
            serial, event = lane.unsent.pop(0)
            del self._unsent[serial]
            lane.sent = _stamper.stamped(event, stamp)
            self._awaiting += 1
        self._set_timer(lane, now)
        return lane.sent

    def _set_timer(self, lane: Lane, now: float) -> None:
        delay = RETRY_DELAYS[min(lane.attempts, len(RETRY_DELAYS) - 1)] * (1.0 + self._rand())
        lane.attempts += 1
        lane.due = False
        lane.retry = next(self._serials)
        heappush(self._timers, (now + delay, lane.retry, lane))

    def _wake(self, now: float, most: int) -> None:
        """List at most as many lanes whose timer has run out as can be served: a call's work is bound by `most`."""
        woken = 0
        while self._timers and woken < most and self._timers[0][0] <= now:
            entry = heappop(self._timers)
            if self._outdated(entry):
                continue
            lane = entry[2]
            lane.retry = 0
            lane.due = True
            self._list(lane)
            woken += 1

    def _settle(self, lane: Lane) -> None:
        if lane.sent is not None:
            self._awaiting -= 1
            lane.settle()

    def _update(self, resource_id: str, lane: Lane) -> None:
        if lane.empty:
            del self._lanes[resource_id]
        else:
            self._list(lane)

    def _list(self, lane: Lane) -> None:
        if lane.may_go and not lane.listed:
            lane.listed = True
            self._own_ready().append(lane)

    def _own_ready(self) -> deque[Lane]:
        if self._ready is _NONE:
            self._ready = deque()
        return self._ready

    def _idle(self) -> None:
        if not self._ready:
            self._ready = _NONE

    def _shed(self) -> tuple[Event, ...]:
        shed: list[Event] = []
        while len(self._unsent) + self._awaiting > self._limit and self._unsent:
            _, lane = self._unsent.popitem(last=False)
            # The oldest unsent event of all is the oldest of its lane.
            event = lane.unsent.pop(0)[1]
            shed.append(event)
            self._update(event.resource_id, lane)
        self._sweep()
        return tuple(shed)

    def _sweep(self) -> None:
        """Throw out outdated entries once they are the majority, so that neither memory nor `take` pays for them."""
        if len(self._ready) > 2 * len(self._lanes) + SWEEP_FLOOR:
            self._ready = deque(lane for lane in self._ready if lane.may_go)
        if len(self._timers) > 2 * self._awaiting + SWEEP_FLOOR:
            # A sorted list is a heap.
            self._timers = sorted(entry for entry in self._timers if not self._outdated(entry))

    @staticmethod
    def _outdated(entry: tuple[float, int, Lane]) -> bool:
        _, serial, lane = entry
        return lane.retry != serial
