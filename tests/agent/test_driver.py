"""The whole agent but its store, against a scripted principal on a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc
import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

import agent.link
from agent.backoff import Pace
from agent.config import AgentConfig
from agent.driver import Driver
from agent.effects import State
from agent.link import Link
from agent.outbox import Outbox
from agent.syncer import Passive
from agent.transport import Login
from agent.transport_grpc import GrpcTransport
from hubproto.events import Event, EventType, Target, ack
from tests.agent.fake_principal import Call, FakePrincipal, Script, until

Configs = Callable[..., AgentConfig]

QUICK = Pace(floor=0.02, first=0.04, cap=0.1)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every delay is short, a person's too."""
    monkeypatch.setattr(agent.link, "ORDINARY", QUICK)
    monkeypatch.setattr(agent.link, "SLOW", QUICK)


@dataclass
class Recorder(Passive):
    """Acknowledges everything and remembers it."""

    outbox: Outbox
    events: list[Event] = field(default_factory=list)
    logins: list[Login] = field(default_factory=list)
    opened: int = 0
    over: int = 0

    def __post_init__(self) -> None:
        super().__init__(self.outbox)

    def logged_in(self, login: Login) -> None:
        self.logins.append(login)

    def stream_open(self) -> None:
        self.opened += 1

    def stream_over(self) -> None:
        self.over += 1

    def arrived(self, event: Event, size: int) -> None:
        assert size > 0
        self.events.append(event)
        super().arrived(event, size)


@dataclass
class Running:
    sync: Recorder
    outbox: Outbox
    link: Link
    task: "asyncio.Task[None]"
    stop: asyncio.Event
    logs: list[EventDict]

    def logged(self, message: str) -> list[EventDict]:
        return [line for line in self.logs if line["event"] == message]


@asynccontextmanager
async def agent_running(config: AgentConfig) -> AsyncIterator[Running]:
    with capture_logs() as logs:
        outbox = Outbox(stamp=lambda: "2026-01-01T00:00:00Z")
        sync = Recorder(outbox)
        ids = iter(range(10**6))
        link = Link(
            heartbeat_interval=config.heartbeat_interval,
            heartbeat_deadline=config.heartbeat_deadline,
            rand=lambda: 0.5,
            new_id=lambda: f"hb-{next(ids)}",
        )
        driver = Driver(config, link=link, transport=GrpcTransport(config), outbox=outbox, sync=sync)
        stop = asyncio.Event()
        task = asyncio.create_task(driver.run(stop))
        try:
            yield Running(sync, outbox, link, task, stop, logs)
        finally:
            stop.set()
            await asyncio.wait_for(task, 10)


async def test_a_stream_opens_and_says_so(config: Configs) -> None:
    principal = FakePrincipal()
    async with principal.serve(), agent_running(config(principal.port, heartbeat_interval=30.0)) as running:
        await until(lambda: running.sync.opened)
        (line,) = running.logged("stream open")
        assert line["principal"] == f"127.0.0.1:{principal.port}"
        assert (line["agent"], line["mode"], line["heartbeat"]) == ("agent-a", "managed", "30s")
        assert running.sync.logins[0].claims.agent == "agent-a"


async def test_stopping_half_closes_the_stream_and_reports_no_death(config: Configs) -> None:
    half_closed = asyncio.Event()

    async def listen(call: Call) -> None:
        await call.ended.wait()
        half_closed.set()

    principal = FakePrincipal(Script(stream=listen))
    async with principal.serve(), agent_running(config(principal.port)) as running:
        await until(lambda: running.sync.opened)
        running.stop.set()
        await asyncio.wait_for(running.task, 5)
        assert half_closed.is_set()
        assert running.logged("stream lost") == []


@asynccontextmanager
async def silence() -> AsyncIterator[int]:
    """The port of a server that takes connections and says nothing."""
    taken: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda reader, writer: taken.append(writer), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        for writer in taken:
            writer.transport.abort()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("when", ["connecting", "waiting"])
async def test_stopping_needs_no_stream(config: Configs, when: str) -> None:
    async with silence() as port, agent_running(config(port if when == "connecting" else 1)) as running:
        await until(lambda: running.link.state in (State.CONNECTING, State.WAITING))
        running.stop.set()
        await asyncio.wait_for(running.task, 5)
        assert running.link.state is State.STOPPED


@pytest.mark.parametrize("headers", [True, False])
@pytest.mark.parametrize("code", list(grpc.StatusCode))
async def test_the_agent_reconnects_after_every_status(config: Configs, code: grpc.StatusCode, headers: bool) -> None:
    async def end(call: Call) -> None:
        if code is not grpc.StatusCode.OK:
            await call.context.abort(code, "told to")

    principal = FakePrincipal(Script(stream=end, headers_at_once=headers))
    async with principal.serve(), agent_running(config(principal.port)) as running:
        await until(lambda: len(principal.calls) >= 3)
        deaths = running.logged("stream lost") + running.logged("connection failed")
        assert deaths[0]["detail"].startswith(code.name)
        assert deaths[0]["why"]
        assert deaths[0]["next_attempt_in"].endswith("s")


async def test_attempts_are_never_a_busy_loop(config: Configs) -> None:
    script = Script(refuse=(grpc.StatusCode.UNAUTHENTICATED, "authentication failed"))
    async with FakePrincipal(script).serve() as principal, agent_running(config(principal.port)):
        await asyncio.sleep(0.5)
        assert 3 <= len(principal.logins) <= 0.5 / QUICK.floor


async def test_the_agent_waits_for_a_principal_that_is_not_there_yet(config: Configs) -> None:
    async with FakePrincipal().serve() as gone:
        port = gone.port
    async with agent_running(config(port)) as running:
        await until(lambda: len(running.logged("connection failed")) >= 2)
        assert running.logged("connection failed")[0]["cause"] == "connection-refused"
        async with FakePrincipal().serve(port=port):
            await until(lambda: running.sync.opened)


async def test_heartbeats_are_sent_and_their_round_trip_travels(config: Configs) -> None:
    principal = FakePrincipal()
    async with principal.serve(), agent_running(config(principal.port, heartbeat_interval=0.05)) as running:
        call = await principal.stream()
        await until(lambda: len(call.heartbeats()) >= 4)
        first, second = call.heartbeats()[:2]
        assert first.extra == ()
        ((name, value),) = second.extra
        assert name == "rttms"
        assert 0.0 < float(value) < 1000.0
        assert running.link.heartbeats.trips.count >= 3
        assert running.outbox.waiting == 0


async def test_heartbeats_are_off_by_default(config: Configs) -> None:
    async with FakePrincipal().serve() as principal, agent_running(config(principal.port)) as running:
        await until(lambda: running.sync.opened)
        await asyncio.sleep(0.1)
        assert principal.calls[0].received == []


async def test_an_unanswered_heartbeat_ends_the_stream_and_is_reported(config: Configs) -> None:
    principal = FakePrincipal(Script(answer_heartbeats=False))
    settings = {"heartbeat_interval": 0.05, "heartbeat_deadline": 0.2}
    async with principal.serve(), agent_running(config(principal.port, **settings)) as running:
        second = await principal.stream(2)
        (line, *_) = running.logged("stream lost")
        assert line["cause"] == "heartbeat-unanswered"
        report = json.loads(second.metadata["meshtether-last-death"])
        assert report["cause"] == "heartbeat-unanswered"
        assert 0.15 <= report["livedSeconds"] <= 2.0
        assert "meshtether-last-death" not in principal.calls[0].metadata


async def test_a_principal_that_sends_headers_late_is_not_taken_for_dead(config: Configs) -> None:
    principal = FakePrincipal(Script(headers_at_once=False))
    settings = {"heartbeat_interval": 5.0, "heartbeat_deadline": 0.2}
    async with principal.serve(), agent_running(config(principal.port, **settings)) as running:
        await until(lambda: running.sync.opened)
        assert running.link.heartbeats.trips.count == 1


def offer(number: int, **extra: str) -> Event:
    return Event(
        EventType.CREATE,
        Target.APPLICATION,
        resource_id=f"r-{number}",
        event_id=f"e-{number}",
        data=b"{}",
        sent_at="2026-01-01T00:00:00Z",
        principal_uid="principal-1",
        extra=tuple(extra.items()),
    )


async def test_acks_are_copied_exactly(config: Configs) -> None:
    async def send(call: Call) -> None:
        await call.send(offer(1, traceparent="00-1-2-03"))
        await until(call.acks)
        await call.ended.wait()

    async with FakePrincipal(Script(stream=send)).serve() as principal, agent_running(config(principal.port)):
        call = await principal.stream()
        await until(call.acks)
        assert call.acks() == [ack(offer(1, traceparent="00-1-2-03"))]


async def test_a_message_that_is_no_event_does_not_end_the_stream(config: Configs) -> None:
    async def send(call: Call) -> None:
        await call.context.write(b"\xff\xff\xff")
        await call.context.write(b"")
        await call.send(offer(1))
        await call.ended.wait()

    async with (
        FakePrincipal(Script(stream=send)).serve() as principal,
        agent_running(config(principal.port)) as running,
    ):
        call = await principal.stream()
        await until(call.acks)
        assert len(running.logged("message not understood")) == 2


async def test_events_wait_out_a_lost_stream(config: Configs) -> None:
    event = Event(EventType.STATUS_UPDATE, Target.APPLICATION, resource_id="r", event_id="e", data=b"{}")
    lost = asyncio.Event()

    async def first(call: Call) -> None:
        await until(call.others)
        lost.set()
        await call.context.abort(grpc.StatusCode.INTERNAL, "Received RST_STREAM with error code 2")

    principal = FakePrincipal(Script(stream=first, acknowledge=False))
    async with principal.serve(), agent_running(config(principal.port)) as running:
        await until(lambda: running.sync.opened)
        running.outbox.add(event)
        await asyncio.wait_for(lost.wait(), 5)
        principal.script = Script()
        await until(lambda: principal.calls[-1].others() and running.outbox.waiting == 0)
        assert principal.calls[-1].others()[0].event_id == "e"
        assert running.logged("stream lost")[0]["cause"] == "stream-reset"


async def test_an_event_too_large_to_send_is_given_up(config: Configs) -> None:
    large = Event(EventType.STATUS_UPDATE, Target.APPLICATION, "r-1", "e-1", data=b'"' + b"x" * 20_000 + b'"')
    small = Event(EventType.STATUS_UPDATE, Target.APPLICATION, "r-2", "e-2", data=b"{}")
    principal = FakePrincipal()
    async with principal.serve(), agent_running(config(principal.port, max_message_size=10_000)) as running:
        running.outbox.add(large)
        running.outbox.add(small)
        call = await principal.stream()
        await until(lambda: running.outbox.waiting == 0)
        assert [event.event_id for event in call.others()] == ["e-2"]
        assert running.logged("event cannot be sent")[0]["id"] == "e-1"


async def test_a_hanging_login_is_given_up(config: Configs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent.link, "ATTEMPT_DEADLINE", 0.2)
    async with silence() as port, agent_running(config(port)) as running:
        await until(lambda: len(running.logged("connection failed")) >= 2)
        assert running.logged("connection failed")[0]["cause"] == "deadline"


async def test_a_fault_of_our_own_does_not_end_the_agent(config: Configs, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(self: GrpcTransport) -> object:
        raise ZeroDivisionError("a bug")

    sound = GrpcTransport.attempt

    monkeypatch.setattr(GrpcTransport, "attempt", explode)
    principal = FakePrincipal()
    async with principal.serve(), agent_running(config(principal.port)) as running:
        await until(lambda: running.logged("attempt failed unexpectedly"))
        monkeypatch.setattr(GrpcTransport, "attempt", sound)
        await until(lambda: running.sync.opened)


async def test_no_task_and_no_stream_is_left_behind(config: Configs) -> None:
    async def end(call: Call) -> None:
        await asyncio.sleep(0.01)
        await call.context.abort(grpc.StatusCode.UNAVAILABLE, "again")

    async with FakePrincipal(Script(stream=end)).serve() as principal:
        before = len(asyncio.all_tasks())
        async with agent_running(config(principal.port, heartbeat_interval=0.01)):
            await until(lambda: len(principal.calls) >= 10)
        await until(lambda: len(asyncio.all_tasks()) <= before)
