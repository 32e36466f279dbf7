"""The health service: what it says to whom, by itself and through a real door."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse

from hubproto import methods
from hubproto.auth_pb2 import AuthResponse
from mesh.identity.rules import parse_rule
from principal import health
from principal.attest import Attestor
from principal.auth.header import HeaderMethod
from principal.clock import LoopClock
from principal.door.options import DoorOptions
from principal.door.server import OwnDoor
from principal.door_grpcio import GrpcioDoor
from principal.health import CHECK, LIST, MAX_WATCHERS, WATCH, WithHealth
from principal.hub import Hub
from principal.login import Login
from principal.rpc import CallInfo, Code, ConnectionInfo, Door, Kind, RpcError, Service, Status, StreamCounts
from tests.principal.test_attest import FakeKernel
from tests.principal.test_doors import DOORS, until
from tests.principal.test_doors import Kind as DoorKind
from tests.principal.virtual import AUTH, HEADER, ISSUER, VERSION, auth_request, xfcc

SERVING, NOT_SERVING, UNKNOWN = (
    HealthCheckResponse.SERVING,
    HealthCheckResponse.NOT_SERVING,
    HealthCheckResponse.SERVICE_UNKNOWN,
)
AGENTS = "eventstreamapi.EventStream"
NAMES = ["", "authapi.Authentication", AGENTS, "versionapi.Version"]
NOBODY = CallInfo((), ConnectionInfo("c1", "ipv4:127.0.0.1:5", "test"))


def hub() -> Hub:
    login = Login(HeaderMethod(parse_rule(AUTH)), ISSUER, namespace="argocd", version=VERSION)
    return Hub(login, LoopClock(), session_timeout=None)


@dataclass
class Switch:
    on: bool = True

    def __call__(self) -> bool:
        return self.on


@dataclass
class Heard:
    """A sink that remembers what its caller heard."""

    answers: list[int] = field(default_factory=list)
    ends: list[Status] = field(default_factory=list)
    takes: bool = True

    def send(self, message: bytes) -> None:
        self.answers.append(HealthCheckResponse.FromString(message).status)

    def counts(self) -> StreamCounts:
        return StreamCounts()

    def writable(self) -> bool:
        return self.takes

    def end(self, status: Status) -> None:
        self.ends.append(status)


def asked(name: str) -> bytes:
    return HealthCheckRequest(service=name).SerializeToString()


async def check(service: WithHealth, name: str) -> int:
    return HealthCheckResponse.FromString(await service.unary(CHECK, asked(name), NOBODY)).status


@pytest.mark.parametrize("name", NAMES)
async def test_everything_that_is_served_can_be_asked_for(name: str) -> None:
    switch = Switch()
    service = WithHealth(hub(), serving=switch)
    assert await check(service, name) == SERVING
    switch.on = False
    assert await check(service, name) == NOT_SERVING


@pytest.mark.parametrize("name", ["nothing", "EventStream", AGENTS.upper(), "grpc.health.v1.Health", "x" * 10_000])
async def test_a_name_that_nobody_serves_is_not_found_and_told_what_there_is(name: str) -> None:
    with pytest.raises(RpcError) as raised:
        await check(WithHealth(hub(), serving=Switch()), name)
    assert raised.value.status.code is Code.NOT_FOUND
    assert AGENTS in raised.value.status.message
    assert len(raised.value.status.message) < 400


async def test_a_request_that_is_none_is_an_invalid_argument() -> None:
    with pytest.raises(RpcError) as raised:
        await WithHealth(hub(), serving=Switch()).unary(CHECK, b"\xff\xff", NOBODY)
    assert raised.value.status.code is Code.INVALID_ARGUMENT


async def test_the_list_has_every_name_and_its_health() -> None:
    answer = await WithHealth(hub(), serving=Switch(on=False)).unary(LIST, b"", NOBODY)
    listed = HealthListResponse.FromString(answer).statuses
    assert {name: status.status for name, status in listed.items()} == dict.fromkeys(NAMES, NOT_SERVING)


async def test_what_is_not_about_health_goes_to_the_service() -> None:
    service = WithHealth(hub(), serving=Switch())
    assert service.kind(methods.SUBSCRIBE) is Kind.STREAM
    assert service.kind(WATCH) is Kind.STREAM
    assert service.kind(CHECK) is service.kind(LIST) is service.kind(methods.VERSION) is Kind.UNARY
    assert service.kind("/grpc.health.v1.Health/Other") is None
    assert service.kind(methods.PUSH) is None
    assert await service.unary(methods.VERSION, b"", NOBODY)
    with pytest.raises(RpcError) as raised:
        service.open_stream(methods.SUBSCRIBE, NOBODY, Heard())
    assert raised.value.status.code is Code.UNAUTHENTICATED


async def test_a_watcher_is_told_at_once_and_then_each_change_once() -> None:
    switch, heard = Switch(), Heard()
    service = WithHealth(hub(), serving=switch)
    watcher = service.open_stream(WATCH, NOBODY, heard)
    assert heard.answers == []
    watcher.on_message(asked(AGENTS))
    watcher.on_half_closed()
    assert heard.answers == [SERVING]
    service.changed()
    switch.on = False
    service.changed()
    service.changed()
    assert heard.answers == [SERVING, NOT_SERVING]
    switch.on = True
    service.changed()
    assert heard.answers == [SERVING, NOT_SERVING, SERVING]
    assert heard.ends == []


async def test_a_watcher_of_a_name_that_nobody_serves_is_told_so_and_kept() -> None:
    heard = Heard()
    service = WithHealth(hub(), serving=Switch())
    service.open_stream(WATCH, NOBODY, heard).on_message(asked("nothing"))
    service.changed()
    assert heard.answers == [UNKNOWN]
    assert heard.ends == []
    assert service.watchers == 1


async def test_a_watcher_that_takes_nothing_is_told_only_the_last_change() -> None:
    switch, heard = Switch(), Heard(takes=False)
    service = WithHealth(hub(), serving=switch)
    watcher = service.open_stream(WATCH, NOBODY, heard)
    watcher.on_message(asked(""))
    for on in (False, True, False):
        switch.on = on
        service.changed()
    assert heard.answers == []
    heard.takes = True
    watcher.on_writable()
    assert heard.answers == [NOT_SERVING]


@pytest.mark.parametrize("requests", [[], [asked(""), asked("")]])
async def test_a_watch_has_exactly_one_request(requests: list[bytes]) -> None:
    heard = Heard()
    watcher = WithHealth(hub(), serving=Switch()).open_stream(WATCH, NOBODY, heard)
    for request in requests:
        watcher.on_message(request)
    watcher.on_half_closed()
    assert [status.code for status in heard.ends] == [Code.UNIMPLEMENTED]


async def test_a_watch_of_nothing_readable_ends() -> None:
    heard = Heard()
    watcher = WithHealth(hub(), serving=Switch()).open_stream(WATCH, NOBODY, heard)
    watcher.on_message(b"\xff\xff")
    watcher.on_half_closed()
    assert [status.code for status in heard.ends] == [Code.INVALID_ARGUMENT]
    assert heard.answers == []


async def test_there_are_only_so_many_watchers_and_one_that_leaves_makes_room() -> None:
    service = WithHealth(hub(), serving=Switch())
    watchers = [service.open_stream(WATCH, NOBODY, Heard()) for _ in range(MAX_WATCHERS)]
    with pytest.raises(RpcError) as raised:
        service.open_stream(WATCH, NOBODY, Heard())
    assert raised.value.status.code is Code.RESOURCE_EXHAUSTED
    watchers[0].on_closed("cancelled")
    watchers[0].on_closed("again")
    service.open_stream(WATCH, NOBODY, Heard())
    assert service.watchers == MAX_WATCHERS


async def test_at_the_end_watchers_hear_of_it_and_their_streams_end_once() -> None:
    switch, heard = Switch(), Heard()
    service = WithHealth(hub(), serving=switch)
    watcher = service.open_stream(WATCH, NOBODY, heard)
    watcher.on_message(asked(""))
    switch.on = False
    service.close()
    service.close()
    assert heard.answers == [SERVING, NOT_SERVING]
    assert [status.code for status in heard.ends] == [Code.UNAVAILABLE]
    watcher.on_closed("ended")
    assert service.watchers == 0
    with pytest.raises(RpcError) as raised:
        service.open_stream(WATCH, NOBODY, Heard())
    assert raised.value.status.code is Code.UNAVAILABLE


@dataclass
class House:
    """The hub and its health behind a real door, and a stub of the health service."""

    service: WithHealth
    switch: Switch
    channel: grpc.aio.Channel

    @property
    def stub(self) -> health_pb2_grpc.HealthStub:
        return health_pb2_grpc.HealthStub(self.channel)


@pytest.fixture(params=DOORS.values(), ids=DOORS.keys())
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    switch = Switch()
    service = WithHealth(hub(), serving=switch)
    door = request.param.make(service, 0)
    await door.start()
    try:
        async with open_channel(door, request.param) as channel:
            yield House(service, switch, channel)
    finally:
        await door.stop(0)


def open_channel(door: Door, kind: DoorKind) -> grpc.aio.Channel:
    if kind.credentials is None:
        return grpc.aio.insecure_channel(door.address)
    options = (("grpc.ssl_target_name_override", "localhost"),)
    return grpc.aio.secure_channel(door.address, kind.credentials(), options=options)


def own_attesting(service: Service, attestor: Attestor) -> Door:
    return OwnDoor(service, host="127.0.0.1", port=0, options=DoorOptions(max_message=1 << 20), attestor=attestor)


def grpcio_attesting(service: Service, attestor: Attestor) -> Door:
    return GrpcioDoor(service, host="127.0.0.1", port=0, max_message=1 << 20, ping_min_interval=0.0, attestor=attestor)


async def test_whoever_reaches_the_door_is_answered_without_an_identity(house: House) -> None:
    assert (await house.stub.Check(HealthCheckRequest())).status == SERVING
    house.switch.on = False
    assert (await house.stub.Check(HealthCheckRequest(service=AGENTS))).status == NOT_SERVING
    listed = (await house.stub.List(HealthListRequest())).statuses
    assert sorted(listed) == NAMES
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await house.stub.Check(HealthCheckRequest(service="nothing"))
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("make", [own_attesting, grpcio_attesting])
async def test_a_connection_that_is_not_the_sidecars_is_not_even_told_the_health(
    make: Callable[[Service, Attestor], Door],
) -> None:
    attestor = Attestor(FakeKernel(lambda: None), uids=(), wall=lambda: 0.0, monotonic=lambda: 0.0)
    door = make(WithHealth(hub(), serving=Switch()), attestor)
    await door.start()
    try:
        async with grpc.aio.insecure_channel(door.address) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            for call in (stub.Check(HealthCheckRequest()), stub.Watch(HealthCheckRequest())):
                assert await asyncio.wait_for(call.code(), 10) is grpc.StatusCode.UNAUTHENTICATED
    finally:
        await door.stop(0)
    assert attestor.refusals
    assert attestor.attested == 0


async def test_agents_log_in_beside_it(house: House) -> None:
    authenticate = house.channel.unary_unary(methods.AUTHENTICATE)
    answer = await authenticate(auth_request(), metadata=((HEADER, xfcc("agent-a")),))
    assert AuthResponse.FromString(answer).accessToken


async def test_a_watch_through_the_door_hears_changes_and_the_end(house: House) -> None:
    watch = house.stub.Watch(HealthCheckRequest(service=AGENTS))
    async with asyncio.timeout(10):
        assert (await watch.read()).status == SERVING
        house.switch.on = False
        house.service.changed()
        assert (await watch.read()).status == NOT_SERVING
        house.switch.on = True
        house.service.changed()
        assert (await watch.read()).status == SERVING
        house.service.close()
        assert await watch.code() is grpc.StatusCode.UNAVAILABLE
    await until(lambda: house.service.watchers == 0)


async def test_a_watcher_that_goes_away_makes_room(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "MAX_WATCHERS", 1)
    watch = house.stub.Watch(HealthCheckRequest())
    async with asyncio.timeout(10):
        assert (await watch.read()).status == SERVING
        assert await house.stub.Watch(HealthCheckRequest()).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    watch.cancel()
    await until(lambda: house.service.watchers == 0)
