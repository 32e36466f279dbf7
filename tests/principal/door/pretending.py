"""A service, an event loop and a transport that do only what a test tells them to."""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from principal.door.call import CallLimits, Gathered
from principal.door.http2 import codes, fields, frames
from principal.door.http2.side import Http2Side
from principal.door.serving import House, Resets, Serving
from principal.door.wire import Carried, Headers
from principal.rpc import OK, CallInfo, ConnectionInfo, Kind, Sink
from tests.principal.door.http2.client import POST, Frame, frame, parse

LIMITS = CallLimits(max_message=4096, max_unary=1024)


@dataclass
class Handler:
    """Remembers how its stream went; does with each message what the test likes."""

    sink: Sink
    messages: list[bytes] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    half_closed: int = 0
    writable: int = 0
    act: Callable[[str], None] = lambda _what: None

    def on_message(self, message: bytes) -> None:
        self.messages.append(message)
        self.act("message")

    def on_half_closed(self) -> None:
        self.half_closed += 1
        self.act("half closed")
        self.sink.end(OK)

    def on_writable(self) -> None:
        self.writable += 1
        self.act("writable")

    def on_closed(self, reason: str) -> None:
        self.closed.append(reason)
        self.act("closed")


class Service:
    """`/u` is unary and answers what it is asked, `/s` a stream; the rest is not there."""

    def __init__(self) -> None:
        self.handlers: list[Handler] = []
        self.asked: list[bytes] = []
        self.calls: list[CallInfo] = []
        self.unary_act: Callable[[bytes], bytes] = lambda request: request
        self.open_act: Callable[[Sink], None] = lambda _sink: None
        self.gate: asyncio.Event | None = None
        self.act: Callable[[str], None] = lambda _what: None

    def kind(self, method: str) -> Kind | None:
        return {"/u": Kind.UNARY, "/s": Kind.STREAM}.get(method)

    async def unary(self, method: str, request: bytes, call: CallInfo) -> bytes:
        del method
        self.calls.append(call)
        self.asked.append(request)
        if self.gate is not None:
            await self.gate.wait()
        return self.unary_act(request)

    def open_stream(self, method: str, call: CallInfo, sink: Sink) -> Handler:
        del method
        self.calls.append(call)
        self.open_act(sink)
        self.handlers.append(Handler(sink, act=self.act))
        return self.handlers[-1]


@dataclass
class Task:
    """A coroutine that runs, without waiting, when the test says so."""

    work: Coroutine[Any, Any, None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True
        self.work.close()


@dataclass
class Timer:
    act: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """A clock and what is to be done when (`principal.door.call.Runtime`)."""

    def __init__(self) -> None:
        self.now = 100.0
        self.tasks: list[Task] = []
        self.timers: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()

    def spawn(self, work: Coroutine[Any, Any, None]) -> Task:
        self.tasks.append(Task(work))
        return self.tasks[-1]

    def later(self, seconds: float, act: Callable[[], None]) -> Timer:
        timer = Timer(act)
        heapq.heappush(self.timers, (self.now + seconds, next(self._numbers), timer))
        return timer

    def run(self) -> None:
        """Run what was spawned; none of it may wait."""
        tasks, self.tasks = self.tasks, []
        for task in tasks:
            if not task.cancelled:
                try:
                    task.work.send(None)
                except StopIteration:
                    continue
                raise AssertionError("a task waits")

    def wait(self, seconds: float) -> None:
        """Turn the clock, with every timer on the way."""
        end = self.now + seconds
        while self.timers and self.timers[0][0] <= end:
            due, _, timer = heapq.heappop(self.timers)
            self.now = max(self.now, due)
            if not timer.cancelled:
                timer.act()
        self.now = end

    def clock(self) -> float:
        return self.now

    @property
    def armed(self) -> int:
        """Timers that would act."""
        return sum(not timer.cancelled for _, _, timer in self.timers)


@dataclass
class FakeWire:
    """A wire that writes down what a call does with it."""

    said: list[tuple[str, Any]] = field(default_factory=list)
    waiting: int = 0
    held: bool = False

    def send_headers(self, headers: Headers) -> None:
        self.said.append(("headers", dict(headers)))

    def send_message(self, framed: bytes) -> None:
        self.said.append(("message", framed))

    def send_trailers(self, headers: Headers) -> None:
        self.said.append(("trailers", dict(headers)))

    def reset(self, code: int, why: str) -> None:
        del why
        self.said.append(("reset", code))

    def unsent(self) -> int:
        return self.waiting

    def carried(self) -> Carried:
        return Carried(bytes_in=0, frames_in=0, bytes_out=0, frames_out=0)

    def hold(self) -> None:
        self.held = True

    def release(self) -> None:
        self.held = False

    @property
    def status(self) -> str | None:
        """The status that the call ended with."""
        ends = [said["grpc-status"] for kind, said in self.said if kind == "trailers"]
        assert len(ends) <= 1
        return ends[0] if ends else None


def house(service: Service, loop: Loop, header: str = "") -> House:
    return House(service, LIMITS, loop, Resets(header), loop.clock, {kind: Gathered(1 << 20) for kind in Kind})


class SideClient:
    """A client of an Http2Side, in frames."""

    def __init__(self, *, header: str = "", refused: bool = False, home: House | None = None, name: str = "c1") -> None:
        self.loop = Loop()
        self.service = Service()
        home = home or house(self.service, self.loop, header)
        self.woken = 0
        info = ConnectionInfo(id=name, peer="ipv4:127.0.0.1:1", transport="h2c")
        serving = Serving(home, info, refused=refused)
        self.side = Http2Side(serving, home.resets, clock=self.loop.clock, wake=self._wake, ping_min_interval=0.0)
        self.say(codes.PREFACE + frames.settings([]))
        self.hear()

    def _wake(self) -> None:
        self.woken += 1

    def say(self, data: bytes) -> None:
        self.side.receive(data, self.loop.now)

    def hear(self) -> list[Frame]:
        return parse(self.side.output())

    def open(self, stream: int, path: str = "/s", *more: tuple[str, str], end: bool = False) -> None:
        headers = [(name, path if name == ":path" else value) for name, value in (*POST, *more)]
        flags = codes.END_HEADERS | (codes.END_STREAM if end else 0)
        self.say(frame(codes.HEADERS, flags, stream, fields.encode(headers)))

    def data(self, stream: int, data: bytes, *, end: bool = False) -> None:
        self.say(frame(codes.DATA, int(end), stream, data))

    def wait(self, seconds: float) -> None:
        """Turn the clock; look at the side's timers each second, as a door does."""
        end = self.loop.now + seconds
        while self.loop.now < end:
            self.loop.wait(min(1.0, end - self.loop.now))
            due = self.side.next_timer()
            if due is not None and due <= self.loop.now:
                self.side.on_timer(self.loop.now)
            self.side.settle()


def codes_of(said: list[Frame]) -> dict[int, int]:
    """RST_STREAM codes by stream."""
    return {each.stream: frames.read_long(each.payload) for each in said if each.kind == codes.RST_STREAM}
