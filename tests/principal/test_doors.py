"""What every door owes the hub and its agents. One suite; each door is one more parameter."""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import grpc
import grpc.aio
import pytest

from hubproto import methods
from hubproto.auth_pb2 import AuthResponse
from hubproto.events import Event, EventType, Target, ack, decode, encode, heartbeat, object_event
from hubproto.version_pb2 import VersionResponse
from mesh.identity.rules import parse_rule
from principal.auth.header import HeaderMethod
from principal.clock import LoopClock
from principal.deaths import DeathCause
from principal.door.options import DoorOptions
from principal.door.server import OwnDoor
from principal.door_grpcio import MAX_METADATA_BYTES, GrpcioDoor
from principal.hub import Hub
from principal.login import Login
from principal.rpc import Door, DoorError, Service
from principal.session import Session
from principal.tls import Tls
from tests.principal.certificates import FixedTls, trusting
from tests.principal.virtual import AUTH, HEADER, ISSUER, VERSION, auth_request, token_for, xfcc

MakeDoor = Callable[[Service, int], Door]


def grpcio_door(service: Service, port: int = 0, tls: Tls | None = None) -> Door:
    limit = 16 * 1024 * 1024
    return GrpcioDoor(service, host="127.0.0.1", port=port, max_message=limit, ping_min_interval=0.0, tls=tls)


@dataclass(frozen=True)
class Kind:
    """A door, and what its clients need to come in by it."""

    make: MakeDoor
    credentials: Callable[[], grpc.ChannelCredentials] | None = None


def own_door(service: Service, port: int = 0, tls: Tls | None = None) -> Door:
    return OwnDoor(service, host="127.0.0.1", port=port, options=DoorOptions(max_message=16 * 1024 * 1024), tls=tls)


def unix_door(service: Service, _port: int = 0) -> Door:
    """On a socket whose path is short enough for one; its folder goes with the door."""
    folder = tempfile.TemporaryDirectory()
    door = OwnDoor(service, host=f"unix:{folder.name}/s", port=0, options=DoorOptions(max_message=16 * 1024 * 1024))
    stop = door.stop

    async def stop_and_clean(grace: float) -> None:
        await stop(grace)
        folder.cleanup()

    door.stop = stop_and_clean  # type: ignore[method-assign]
    return door


DOORS = {
    "own": Kind(own_door),
    "own-tls": Kind(lambda service, port: own_door(service, port, FixedTls()), trusting),
    "own-unix": Kind(unix_door),
    "grpcio": Kind(grpcio_door),
    "grpcio-tls": Kind(lambda service, port: grpcio_door(service, port, FixedTls()), trusting),
}


@dataclass
class House:
    """A hub behind one open door, and the clients of this test."""

    hub: Hub
    door: Door
    kind: Kind
    channels: list[grpc.aio.Channel] = field(default_factory=list)

    def channel(self, **options: int) -> grpc.aio.Channel:
        arguments: list[tuple[str, str | int]] = [(f"grpc.{name}", value) for name, value in options.items()]
        # A channel of its own for each call of this method: gRPC would share the connection otherwise.
        arguments.append(("grpc.use_local_subchannel_pool", 1))
        if self.kind.credentials is None:
            channel = grpc.aio.insecure_channel(self.door.address, options=arguments)
        else:
            arguments.append(("grpc.ssl_target_name_override", "localhost"))
            channel = grpc.aio.secure_channel(self.door.address, self.kind.credentials(), options=arguments)
        self.channels.append(channel)
        return channel

    def subscribe(self, agent: str, *more: tuple[str, str], channel: grpc.aio.Channel | None = None) -> "Stream":
        token = token_for(agent, now=LoopClock().wall())
        metadata = ((HEADER, xfcc(agent)), ("authorization", token), *more)
        method = (channel or self.channel()).stream_stream(methods.SUBSCRIBE)
        return Stream(method(metadata=metadata))


@dataclass
class Stream:
    call: "grpc.aio.StreamStreamCall[bytes, bytes]"

    async def say(self, event: Event) -> None:
        await self.call.write(encode(event))

    async def hear(self) -> Event:
        message = await asyncio.wait_for(self.call.read(), 10)
        assert isinstance(message, bytes), f"the stream ended: {await self.call.code()} {await self.call.details()}"
        return decode(message)

    async def opened(self) -> None:
        await asyncio.wait_for(self.call.initial_metadata(), 10)


@pytest.fixture(params=DOORS.values(), ids=DOORS.keys())
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    login = Login(HeaderMethod(parse_rule(AUTH)), ISSUER, namespace="argocd", version=VERSION)
    hub = Hub(login, LoopClock(), session_timeout=None)
    door = request.param.make(hub, 0)
    await door.start()
    home = House(hub, door, request.param)
    yield home
    for channel in home.channels:
        await channel.close()
    hub.close()
    await door.stop(1.0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def application(size: int = 10) -> Event:
    metadata = {"name": "guestbook", "namespace": "agent-a", "uid": "u", "resourceVersion": "1"}
    return object_event(EventType.CREATE, Target.APPLICATION, {"metadata": metadata, "spec": {"x": "y" * size}})


async def test_an_agent_logs_in_asks_the_version_and_subscribes_on_one_channel(house: House) -> None:
    channel = house.channel()
    identity = ((HEADER, xfcc("agent-a")),)
    answer = AuthResponse.FromString(await channel.unary_unary(methods.AUTHENTICATE)(auth_request(), metadata=identity))
    version = VersionResponse.FromString(await channel.unary_unary(methods.VERSION)(b"", metadata=identity))
    assert version.version.endswith(answer.version)
    stream = house.subscribe("agent-a", channel=channel)
    await stream.say(heartbeat("beat-1"))
    assert (await stream.hear()).event_id == "beat-1"


async def test_initial_metadata_comes_at_once_before_anybody_has_said_anything(house: House) -> None:
    await house.subscribe("agent-a").opened()


async def test_events_reach_the_agent_and_its_acks_reach_the_hub(house: House) -> None:
    stream = house.subscribe("agent-a")
    await stream.opened()
    house.hub.enqueue("agent-a", application())
    await stream.say(ack(await stream.hear()))
    queue = house.hub.agents.ensure("agent-a").queue
    await until(lambda: not queue.awaiting and not queue.pending)


async def test_messages_of_megabytes_pass_both_ways(house: House) -> None:
    heard: list[Event] = []
    house.hub.on_event = lambda session, event: (heard.append(event), session.acknowledge(event))[0]
    stream = house.subscribe("agent-a", channel=house.channel(max_receive_message_length=-1))
    big = application(5 * 1024 * 1024)
    await stream.opened()
    house.hub.enqueue("agent-a", big)
    assert len((await stream.hear()).data) == len(big.data)
    await stream.say(big)
    assert (await stream.hear()).is_ack
    assert heard[0].data == big.data


async def test_a_refused_call_carries_code_and_message(house: House) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await house.channel().unary_unary(methods.AUTHENTICATE)(auth_request())
    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert raised.value.details() == "authentication failed"


async def test_a_refused_stream_carries_code_and_message(house: House) -> None:
    call = house.channel().stream_stream(methods.SUBSCRIBE)(metadata=((HEADER, xfcc("agent-a")),))
    assert await asyncio.wait_for(call.code(), 10) is grpc.StatusCode.UNAUTHENTICATED
    assert await call.details() == "invalid authentication data"


@pytest.mark.parametrize("method", ["/nothing.Nothing/Nothing", methods.PING, methods.PUSH])
async def test_unknown_methods_are_unimplemented(house: House, method: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await house.channel().unary_unary(method)(b"")
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_stream_that_the_hub_ends_ends_with_unavailable_and_a_pushback(house: House) -> None:
    stream = house.subscribe("agent-a")
    await stream.opened()
    await until(lambda: house.hub.agents.ensure("agent-a").session is not None)
    house.hub.close()
    assert await asyncio.wait_for(stream.call.code(), 10) is grpc.StatusCode.UNAVAILABLE
    trailers = dict(await stream.call.trailing_metadata() or ())
    assert int(trailers[methods.RETRY_PUSHBACK]) > 0
    [death] = house.hub.agents.ensure("agent-a").deaths
    assert death.cause is DeathCause.SHUTDOWN


async def test_what_was_sent_before_the_end_arrives_before_the_end(house: House) -> None:
    stream = house.subscribe("agent-a")
    await stream.opened()
    await until(lambda: house.hub.agents.ensure("agent-a").session is not None)
    house.hub.enqueue("agent-a", application())
    house.hub.close()
    assert (await stream.hear()).target == Target.APPLICATION


async def test_a_client_that_goes_away_ends_its_session(house: House) -> None:
    channel = house.channel()
    stream = house.subscribe("agent-a", channel=channel)
    await stream.opened()
    agent = house.hub.agents.ensure("agent-a")
    await until(lambda: agent.session is not None)
    await channel.close()
    await until(lambda: agent.session is None)
    assert [death.cause for death in agent.deaths] == [DeathCause.REMOTE_CLOSED]


async def test_a_client_that_cancels_ends_its_session_and_not_its_neighbours(house: House) -> None:
    channel = house.channel()
    first, second = (house.subscribe(name, channel=channel) for name in ("agent-a", "agent-b"))
    await first.opened()
    await second.opened()
    first.call.cancel()
    await until(lambda: house.hub.agents.ensure("agent-a").session is None)
    await second.say(heartbeat("beat"))
    assert (await second.hear()).event_id == "beat"


async def test_a_client_that_half_closes_is_gone(house: House) -> None:
    stream = house.subscribe("agent-a")
    await stream.opened()
    await stream.call.done_writing()
    assert await asyncio.wait_for(stream.call.code(), 10) is grpc.StatusCode.OK
    assert house.hub.agents.ensure("agent-a").session is None


async def test_agents_on_one_connection_share_its_id_and_others_do_not(house: House) -> None:
    shared = house.channel()
    streams = [house.subscribe(name, channel=shared) for name in ("agent-a", "agent-b")]
    streams.append(house.subscribe("agent-c"))
    for stream in streams:
        await stream.opened()
    ids = {session.agent.name: session.connection.id for session in house.hub.agents.sessions()}
    assert ids["agent-a"] == ids["agent-b"] != ids["agent-c"]
    assert set(house.door.connection_stats()) == set(ids.values())


async def test_what_has_passed_over_a_stream_is_counted(house: House) -> None:
    stream = house.subscribe("agent-a")
    for number in range(3):
        await stream.say(heartbeat(f"beat-{number}"))
        await stream.hear()
    session = house.hub.agents.ensure("agent-a").session
    assert session is not None
    counts = session.counts()
    assert (counts.messages_received, counts.messages_sent, counts.unsent) == (3, 3, 0)
    if session.connection.transport != "grpcio":
        assert (counts.frames_received, counts.frames_sent) == (3, 3)
        assert counts.bytes_received is not None
        assert counts.bytes_received > 3 * len(encode(heartbeat("beat-0")))


async def test_a_newer_stream_supersedes_the_older_one_across_connections(house: House) -> None:
    old = house.subscribe("agent-a")
    await old.opened()
    new = house.subscribe("agent-a")
    await new.opened()
    assert await asyncio.wait_for(old.call.code(), 10) is grpc.StatusCode.UNAVAILABLE
    await new.say(heartbeat("beat"))
    assert (await new.hear()).event_id == "beat"


async def test_headers_below_the_limit_are_accepted_every_time(house: House) -> None:
    channel = house.channel()
    method = channel.unary_unary(methods.VERSION)
    for size in (7_000, 8_500, 12_000, 16_000, MAX_METADATA_BYTES - 2_000):
        for _ in range(20):
            await method(b"", metadata=(("x-big", "v" * size),))


async def test_headers_above_the_limit_are_refused_every_time(house: House) -> None:
    method = house.channel().unary_unary(methods.VERSION)
    for _ in range(20):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await method(b"", metadata=(("x-big", "v" * (MAX_METADATA_BYTES + 1_000)),))
        assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_frequent_pings_are_no_offence_when_no_limit_is_set(house: House) -> None:
    channel = house.channel(**{"keepalive_time_ms": 1000, "http2.max_pings_without_data": 0})
    stream = house.subscribe("agent-a", channel=channel)
    await stream.opened()
    # gRPC's own default would send GOAWAY too_many_pings after four seconds of this.
    await asyncio.sleep(6.5)
    await stream.say(heartbeat("beat"))
    assert (await stream.hear()).event_id == "beat"


async def test_a_slow_reader_is_not_buffered_for_without_end(house: House) -> None:
    stream = house.subscribe("agent-a")
    await stream.opened()
    for number in range(40):
        metadata = {"name": f"app-{number}", "namespace": "agent-a", "uid": "u", "resourceVersion": "1"}
        spec = {"x": "y" * 500_000}
        event = object_event(EventType.CREATE, Target.APPLICATION, {"metadata": metadata, "spec": spec})
        house.hub.enqueue("agent-a", event)
    queue = house.hub.agents.ensure("agent-a").queue
    # What gRPC's client says that it takes is sent (4 MiB on a path this fast), and 1 MiB waits; 20 MiB would be all.
    assert queue.pending > 20
    for _ in range(40):
        await stream.say(ack(await stream.hear()))
    await until(lambda: not queue.pending and not queue.awaiting)


async def test_a_client_that_takes_no_answers_is_not_listened_to_for_ever(house: House) -> None:
    stream = house.subscribe("agent-a")
    await stream.opened()
    heard = 0

    def answer(session: Session, event: Event) -> None:
        nonlocal heard
        heard += 1
        session.acknowledge(event)

    house.hub.on_event = answer
    padded = application()
    padded = Event(padded.type, padded.target, "r", "e", extra=(("padding", "x" * 200_000),))

    async def shout() -> None:
        for _ in range(400):
            await stream.say(padded)

    shouting = asyncio.create_task(shout())
    await asyncio.sleep(2)
    assert heard < 200, "acks of what nobody takes pile up"
    shouting.cancel()
    await asyncio.gather(shouting, return_exceptions=True)


@pytest.mark.parametrize("name", [name for name in DOORS if name != "own-unix"])
async def test_a_port_in_use_is_an_error_that_names_it(name: str) -> None:
    kind = DOORS[name]
    login = Login(HeaderMethod(parse_rule(AUTH)), ISSUER, namespace="argocd", version=VERSION)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        door = kind.make(Hub(login, LoopClock(), session_timeout=None), port)
        with pytest.raises(DoorError, match=str(port)):
            await door.start()
        await door.stop(0)
