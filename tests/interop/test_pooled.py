"""A sidecar pools: a hostile agent and an honest one on one connection, before a real hub."""

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from hubproto import methods
from hubproto.events import Event, decode, encode, heartbeat
from mesh.identity.rules import parse_rule
from principal.auth.header import HeaderMethod
from principal.caps import STREAMS_PER_IDENTITY
from principal.clock import LoopClock
from principal.door.http2 import fields
from principal.door.options import DoorOptions
from principal.door.server import OwnDoor
from principal.hub import Hub
from principal.login import Login
from principal.rpc import Code
from tests.interop.attacker import (
    END_HEADERS,
    ENHANCE_YOUR_CALM,
    HEADERS,
    NO_ERROR,
    RST_STREAM,
    Attacker,
    attacking,
    data,
    frame,
    message,
)
from tests.interop.standalone import Standalone
from tests.principal.virtual import AUTH, HEADER, ISSUER, VERSION, token_for, xfcc

pytestmark = pytest.mark.process

MAX_MESSAGE = 16 * 1024 * 1024
CANCEL = b"\0\0\0\x08"


@dataclass
class Pool:
    """One connection, as an Envoy before several agents keeps it."""

    raw: Attacker
    hub: Hub
    last: int = -1

    def subscribe(self, agent: str) -> int:
        """Open a stream of `agent`; its number."""
        self.last += 2
        block = fields.encode(
            [
                (":method", "POST"),
                (":scheme", "http"),
                (":path", methods.SUBSCRIBE),
                (":authority", "a"),
                ("content-type", "application/grpc"),
                ("te", "trailers"),
                (HEADER, xfcc(agent)),
                ("authorization", _token(agent)),
            ]
        )
        self.raw.say(frame(HEADERS, END_HEADERS, self.last, block))
        return self.last

    def say(self, stream: int, event: Event) -> None:
        self.raw.say(data(stream, message(encode(event))))

    async def beats(self, stream: int, name: str) -> None:
        """A heartbeat on `stream` is answered."""
        before = len(self.raw.body.get(stream, b""))
        self.say(stream, heartbeat(name))
        await self.raw.until(lambda: len(self.raw.body.get(stream, b"")) > before)
        assert decode(bytes(self.raw.body[stream][before + 5 :])).event_id == name
        assert stream not in self.raw.resets
        assert self.raw.goaway is None


@functools.cache
def _token(agent: str) -> str:
    return token_for(agent, now=LoopClock().wall())


@asynccontextmanager
async def pooled() -> AsyncIterator[Pool]:
    login = Login(HeaderMethod(parse_rule(AUTH)), ISSUER, namespace="argocd", version=VERSION)
    hub = Hub(login, LoopClock(), session_timeout=None)
    options = DoorOptions(max_message=MAX_MESSAGE, identity_header=HEADER)
    door = OwnDoor(hub, host="127.0.0.1", port=0, options=options)
    await door.start()
    try:
        async with attacking(Standalone(door.address, 0)) as raw:
            yield Pool(raw, hub)
    finally:
        hub.close()
        await door.stop(0)


async def test_ten_thousand_streams_of_one_agent_are_refused_and_its_neighbour_goes_on() -> None:
    async with pooled() as pool:
        honest = pool.subscribe("agent-a")
        await pool.beats(honest, "before")
        hostile = [pool.subscribe("agent-b") for _ in range(10_000)]
        await pool.raw.writer.drain()
        await pool.beats(honest, "amid")
        await pool.raw.until(lambda: len(pool.raw.statuses) >= len(hostile) - STREAMS_PER_IDENTITY)
        ends = {pool.raw.statuses[stream] for stream in hostile if stream in pool.raw.statuses}
        assert ends <= {Code.RESOURCE_EXHAUSTED, Code.UNAVAILABLE}
        assert set(pool.raw.resets.values()) <= {NO_ERROR}  # the answer is complete, send no more
        await pool.beats(honest, "after")


async def test_an_agent_that_opens_and_resets_is_refused_and_its_neighbour_goes_on() -> None:
    async with pooled() as pool:
        honest = pool.subscribe("agent-a")
        await pool.beats(honest, "before")
        for _ in range(500):
            stream = pool.subscribe("agent-b")
            pool.raw.say(frame(RST_STREAM, 0, stream, CANCEL))
        last = pool.subscribe("agent-b")
        await pool.raw.until(lambda: last in pool.raw.resets or last in pool.raw.statuses)
        assert pool.raw.resets.get(last) == ENHANCE_YOUR_CALM
        await pool.beats(honest, "after")
        await pool.beats(pool.subscribe("agent-c"), "another")


@pytest.mark.parametrize(
    "hostile",
    [
        b"\0\xff\xff\xff\xff",
        b"\1\0\0\0\3xyz",
        b"\x09\0\0\0\0",
    ],
    ids=["huge", "compressed", "bad-flag"],
)
async def test_what_an_agent_sends_ends_its_own_stream(hostile: bytes) -> None:
    async with pooled() as pool:
        honest, other = pool.subscribe("agent-a"), pool.subscribe("agent-b")
        await pool.beats(honest, "before")
        await pool.beats(other, "before")
        pool.raw.say(data(other, hostile))
        await pool.raw.until(lambda: other in pool.raw.statuses or other in pool.raw.resets)
        await pool.beats(honest, "after")


@pytest.mark.parametrize("hostile", [message(b"never"), message(b"") * 3000], ids=["no-event", "nothing"])
async def test_messages_that_are_no_events_cost_nobody_anything(hostile: bytes) -> None:
    async with pooled() as pool:
        honest, other = pool.subscribe("agent-a"), pool.subscribe("agent-b")
        await pool.beats(honest, "before")
        pool.raw.say(data(other, hostile))
        await pool.beats(honest, "after")
        await pool.beats(other, "after")
