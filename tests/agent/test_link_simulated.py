"""The link against a simulated principal and network on a virtual clock: drops, delays, reordering, every cause."""

import heapq
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.backoff import MAX_PUSHBACK, ORDINARY, SLOW
from agent.causes import NEEDS_A_PERSON, Cause, Verdict
from agent.effects import Abort, Announce, Connect, Effect, On, SendHeartbeat, State, Wait
from agent.link import ATTEMPT_DEADLINE, OPENING_DEADLINE, Link

CAUSES = [cause for cause in Cause if cause not in (Cause.STOPPED, Cause.HEARTBEAT_UNANSWERED)]


class World:
    """Delivers what a principal would say, later, out of order or never."""

    def __init__(self, seed: int, *, interval: float, deadline: float, drop: float, trouble: float) -> None:
        self.random = Random(seed)
        ids = count()
        self.link = Link(
            heartbeat_interval=interval,
            heartbeat_deadline=deadline,
            rand=self.random.random,
            new_id=lambda: f"hb-{next(ids)}",
        )
        self.interval, self.deadline, self.drop, self.trouble = interval, deadline, drop, trouble
        self.now = 0.0
        self.attempt = 0
        self.connects: list[float] = []
        self.opened = 0
        self.waits: list[Wait] = []
        self.aborts: list[Abort] = []
        self.unanswered: dict[str, float] = {}
        self._queue: list[tuple[float, int, int, On, str, Verdict | None]] = []
        self._order = count()

    def later(self, seconds: float, on: On, *, beat_id: str = "", verdict: Verdict | None = None) -> None:
        entry = (self.now + seconds, next(self._order), self.attempt, on, beat_id, verdict)
        heapq.heappush(self._queue, entry)

    def run(self, until: float) -> None:
        self.perform(self.link.handle(On.START, self.now))
        while True:
            timer, message = self.link.next_timer(), self._queue[0][0] if self._queue else None
            times = [at for at in (timer, message) if at is not None]
            if not times or min(times) > until:
                self.now = until
                return
            self.now = max(self.now, min(times))
            if message is not None and message <= self.now:
                self.deliver()
            else:
                self.perform(self.link.tick(self.now))

    def deliver(self) -> None:
        _, _, attempt, on, beat_id, verdict = heapq.heappop(self._queue)
        if attempt != self.attempt or self.link.state in (State.WAITING, State.STOPPED):
            return  # words of an attempt that is over: the glue drops them
        if on is On.ACKED:
            self.perform(self.link.handle(On.HEARD, self.now))
            self.unanswered.pop(beat_id, None)
        self.perform(self.link.handle(on, self.now, beat_id=beat_id, verdict=verdict))

    def perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Connect():
                    self.attempt += 1
                    self.connects.append(self.now)
                    self.unanswered.clear()
                    self.answer(On.CONNECTED)
                case SendHeartbeat(id=beat_id):
                    self.unanswered[beat_id] = self.now
                    if self.random.random() >= self.drop:
                        self.later(self.random.uniform(0, 1.5 * self.deadline), On.ACKED, beat_id=beat_id)
                case Announce():
                    self.opened += 1
                case Abort():
                    self.aborts.append(effect)
                case Wait():
                    self.waits.append(effect)
        if self.link.state is State.LOGIN and not self._coming():
            self.answer(On.AUTHENTICATED)
        elif self.link.state is State.OPENING and not self._coming():
            self.answer(On.STREAM_OPENED)
            if self.random.random() < self.trouble:
                self.later(self.random.uniform(0, 120), On.LOST, verdict=self.verdict())

    def answer(self, on: On) -> None:
        if self.random.random() < self.trouble:
            if self.random.random() < 0.5:
                self.later(self.random.uniform(0, 1), On.LOST, verdict=self.verdict())
            return  # else it hangs
        self.later(self.random.uniform(0, 1), on)

    def verdict(self) -> Verdict:
        pushback = self.random.choice([None, None, 0.0, 2.0, 1e6])
        return Verdict(self.random.choice(CAUSES), pushback=pushback)

    def _coming(self) -> bool:
        return any(entry[2] == self.attempt and entry[3] is not On.ACKED for entry in self._queue)


@given(
    seed=st.integers(0, 2**32),
    interval=st.sampled_from([0.0, 1.0, 30.0]),
    deadline=st.sampled_from([0.5, 10.0]),
    drop=st.sampled_from([0.0, 0.1, 1.0]),
    trouble=st.sampled_from([0.0, 0.3, 0.9]),
)
@settings(max_examples=150, deadline=None)
def test_the_link_neither_spins_nor_gives_up(
    seed: int, interval: float, deadline: float, drop: float, trouble: float
) -> None:
    world = World(seed, interval=interval, deadline=deadline, drop=drop, trouble=trouble)
    world.run(3600.0)
    pairs = list(zip(world.connects, world.connects[1:], strict=False))
    assert all(later - earlier >= ORDINARY.floor for earlier, later in pairs)
    assert len(world.connects) in (len(world.waits), len(world.waits) + 1)
    for wait in world.waits:
        pace = SLOW if wait.death.cause in NEEDS_A_PERSON else ORDINARY
        asked = min(wait.death.verdict.pushback or 0.0, MAX_PUSHBACK)
        assert pace.floor + asked <= wait.delay <= pace.cap + asked + 1e-6


@given(seed=st.integers(0, 2**32), interval=st.floats(0.5, 60), deadline=st.floats(0.5, 30))
@settings(max_examples=100, deadline=None)
def test_a_principal_that_falls_silent_is_noticed_within_interval_and_deadline(
    seed: int, interval: float, deadline: float
) -> None:
    world = World(seed, interval=interval, deadline=deadline, drop=0.0, trouble=0.0)
    world.run(5.0)
    if world.link.state is not State.STREAMING:
        return
    world.drop = 1.0
    world._queue.clear()
    silent_from = world.now
    already = len(world.waits)
    while len(world.waits) == already:
        timer = world.link.next_timer()
        assert timer is not None
        world.now = timer
        world.perform(world.link.tick(timer))
    assert world.waits[already].death.cause is Cause.HEARTBEAT_UNANSWERED
    assert world.now - silent_from <= interval + deadline + 1e-6


@pytest.mark.parametrize("interval", [0.0, 5.0])
def test_attempts_that_hang_are_given_up_and_repeated(interval: float) -> None:
    world = World(1, interval=interval, deadline=4.0, drop=1.0, trouble=0.0)
    world.answer = lambda on: None  # type: ignore[method-assign]
    world.run(600.0)
    longest = max(ATTEMPT_DEADLINE, OPENING_DEADLINE) + ORDINARY.cap
    assert len(world.connects) >= 600.0 / longest
    assert len(world.aborts) == len(world.waits)
