"""A clock whose hands the test turns, a sink that remembers, and a hub on both."""

import heapq
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from hubproto import methods
from hubproto.auth_pb2 import AuthRequest, AuthResponse
from hubproto.events import Event, decode, encode
from mesh.identity.rules import parse_rule
from principal.auth.header import HeaderMethod
from principal.hub import Hub
from principal.login import Login
from principal.rpc import CallInfo, ConnectionInfo, Status, StreamCounts
from principal.session import Session
from principal.tokens import Bearer, Issuer, generate_key

HEADER = "x-forwarded-client-cert"
AUTH = f"identity:{HEADER}:spiffe://cluster.local/ns/argocd-agents/sa/{{agent}}"
VERSION = "99.9.9-unreleased"
ISSUER = Issuer(generate_key())


class VirtualClock:
    """Time stands still until `advance`; timers fire in order on the way."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.epoch = 1_790_000_000.0
        self._timers: list[tuple[float, int, VirtualTimer]] = []
        self._count = itertools.count()

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.epoch + self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> "VirtualTimer":
        timer = VirtualTimer(callback)
        heapq.heappush(self._timers, (when, next(self._count), timer))
        return timer

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while self._timers and self._timers[0][0] <= end:
            when, _, timer = heapq.heappop(self._timers)
            self.now = max(self.now, when)
            timer.fire()
        self.now = end

    def stall(self, seconds: float) -> None:
        """The process did not run for a while: timers that were due fire late."""
        self.now += seconds
        self.advance(0.0)

    @property
    def live_timers(self) -> int:
        return sum(1 for _, _, timer in self._timers if timer.live)


class VirtualTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback
        self.live = True

    def cancel(self) -> None:
        self.live = False

    def fire(self) -> None:
        if self.live:
            self.live = False
            self._callback()


@dataclass
class FakeSink:
    """Remembers what the hub sent."""

    sent: list[Event] = field(default_factory=list)
    status: Status | None = None
    open: bool = True

    def send(self, message: bytes) -> None:
        assert self.status is None, "sent after the end"
        self.sent.append(decode(message))

    def counts(self) -> StreamCounts:
        return StreamCounts()

    def writable(self) -> bool:
        return self.open

    def end(self, status: Status) -> None:
        assert self.status is None, "ended twice"
        self.status = status

    def take(self) -> list[Event]:
        taken, self.sent = self.sent, []
        return taken


def spiffe(agent: str) -> str:
    return f"spiffe://cluster.local/ns/argocd-agents/sa/{agent}"


def xfcc(agent: str) -> str:
    return f'By=spiffe://cluster.local/ns/argocd/sa/principal;Hash={"ab" * 32};Subject="";URI={spiffe(agent)}'


def call(
    agent: str | None,
    *more: tuple[str, str],
    token: str | None = None,
    connection: str = "c1",
    certificate: bytes = b"",
) -> CallInfo:
    metadata = list(more)
    if agent is not None:
        metadata.append((HEADER, xfcc(agent)))
    if token is not None:
        metadata.append(("authorization", token))
    return CallInfo(tuple(metadata), ConnectionInfo(connection, "ipv4:127.0.0.1:1", "test", certificate))


def auth_request(*, mode: str = "managed", version: str = VERSION, method: str = "header") -> bytes:
    return AuthRequest(method=method, mode=mode, version=version).SerializeToString()


def token_for(agent: str, *, mode: str = "managed", now: float) -> str:
    bearer = Bearer(agent=agent, mode=mode, method="header", identity=spiffe(agent))
    return ISSUER.issue(bearer, now=now).access


@dataclass
class Bench:
    """A hub without any transport."""

    clock: VirtualClock
    hub: Hub

    def connect(self, agent: str, *more: tuple[str, str], mode: str = "managed", connection: str = "c1") -> "Line":
        sink = FakeSink()
        token = token_for(agent, mode=mode, now=self.clock.wall())
        session = self.hub.open_stream(methods.SUBSCRIBE, call(agent, *more, token=token, connection=connection), sink)
        return Line(session, sink)


@dataclass
class Line:
    """One agent's open stream."""

    session: Session
    sink: FakeSink

    def say(self, event: Event) -> None:
        self.session.on_message(encode(event))


def bench(*, session_timeout: float | None = None, namespace: str = "argocd") -> Bench:
    clock = VirtualClock()
    login = Login(HeaderMethod(parse_rule(AUTH)), ISSUER, namespace=namespace, version=VERSION)
    return Bench(clock, Hub(login, clock, session_timeout=session_timeout))


async def log_in(hub: Hub, agent: str, *, mode: str = "managed") -> AuthResponse:
    response = await hub.unary(methods.AUTHENTICATE, auth_request(mode=mode), call(agent))
    return AuthResponse.FromString(response)


def subject(token: str) -> dict[str, str]:
    """The subject of a token, unverified."""
    import jwt

    body = jwt.decode(token, options={"verify_signature": False})
    loaded = json.loads(body["sub"])
    assert isinstance(loaded, dict)
    return loaded
