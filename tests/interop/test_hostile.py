"""What one hostile client costs: itself. Beside each attack an honest agent's messages keep being answered.

The attacks are those of spec reliability H6 to H8. An attack goes on until the honest agent has had its answers,
however long those take: order counts, not time.
"""

import asyncio
import functools
import itertools
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio
import hpack
import pytest
import pytest_asyncio

from tests.interop.attacker import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    ENHANCE_YOUR_CALM,
    HEADERS,
    PATIENCE,
    PING,
    PRIORITY,
    REFUSED_STREAM,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    attacking,
    data,
    frame,
    headers,
    message,
    opening,
)
from tests.interop.cases import MAX_MESSAGE
from tests.interop.standalone import Standalone, standalone

pytestmark = [pytest.mark.process, pytest.mark.asyncio(loop_scope="module")]

MEBI: Final = 1024 * 1024

GROWTH: Final = 100 * MEBI
"""Bytes of memory that an attack may cost (spec reliability H6)."""

ANSWERS: Final = 50
"""Messages of the honest agent that must be answered while the attack goes on."""

CALM: Final = struct.pack(">I", 8)
"""CANCEL, as a payload."""


@dataclass
class Honest:
    """An agent with an open stream on a connection of its own."""

    call: Any
    answered: int = 0

    async def talk(self) -> None:
        """Say something, wait for its answer, and again."""
        while True:
            said = str(self.answered).encode()
            await self.call.write(said)
            heard = await self.call.read()
            assert heard == said, f"the honest agent was told {heard!r}"
            self.answered += 1


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door() -> AsyncIterator[Standalone]:
    async with standalone("own") as running:
        yield running


@asynccontextmanager
async def beside(door: Standalone, *, growth: int = GROWTH) -> AsyncIterator[Honest]:
    """An honest agent that is answered before, during and after, and a memory that stays bounded."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(door.address, options=options) as channel:
        honest = Honest(channel.stream_stream("/interop.Echo/Chat")())
        talking = asyncio.create_task(honest.talk())
        await answers(honest, talking)
        Path(f"/proc/{door.pid}/clear_refs").write_text("5")  # the peak counts from here
        before = door.memory()
        yield honest
        await answers(honest, talking)
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
    assert door.peak() - before < growth


async def answers(honest: Honest, talking: "asyncio.Task[None] | None" = None) -> None:
    """Wait until some more of the agent's messages have been answered."""
    wanted = honest.answered + ANSWERS
    async with asyncio.timeout(PATIENCE):
        while honest.answered < wanted:
            assert talking is None or not talking.done(), "the honest agent's stream has ended"
            await asyncio.sleep(0.005)


async def until_calmed(door: Standalone, flood: Any) -> None:
    """Attack again and again, until the honest agent has had its answers; each time the connection must be ended."""
    async with beside(door) as honest:
        wanted = honest.answered + ANSWERS
        while True:
            async with attacking(door) as attacker:
                await attacker.pour(flood())
                await attacker.until(lambda: attacker.goaway is not None or attacker.closed)
                assert attacker.goaway is not None
                assert attacker.goaway[0] == ENHANCE_YOUR_CALM, attacker.goaway
                await attacker.until(lambda: attacker.closed)
            if honest.answered >= wanted:
                return


def batches(pieces: Iterator[bytes], size: int = 500) -> Iterator[bytes]:
    """Pieces joined, so many at a time: a flood is sent in packets, not in frames."""
    while batch := b"".join(itertools.islice(pieces, size)):
        yield batch


def rapid_resets(count: int = 100_000) -> Iterator[bytes]:
    block = headers("Linger")
    for number in range(count):
        stream = 2 * number + 1
        yield frame(HEADERS, END_HEADERS, stream, block) + frame(RST_STREAM, 0, stream, CALM)


def continuations(size: int, count: int) -> Iterator[bytes]:
    yield frame(HEADERS, 0, 1, headers("Linger"))
    literal = fieldless(size)
    for _ in range(count):
        yield frame(CONTINUATION, 0, 1, literal)


def fieldless(size: int) -> bytes:
    """Bytes of a header block that never complete a field worth keeping: table size updates to 0."""
    return b"\x20" * size


def hpack_bomb(references: int) -> bytes:
    """A block whose one long field stands in the dynamic table and is named again and again."""
    encoder = hpack.Encoder()
    block = headers("Linger") + encoder.encode([("x-bomb", "b" * 4000)], huffman=False)
    return block + b"\xbe" * references


def blocked(stream: int, block: bytes) -> bytes:
    """A header block in as few frames as it fits."""
    cut = [block[at : at + 16_384] for at in range(0, len(block), 16_384)]
    kinds = [HEADERS, *([CONTINUATION] * (len(cut) - 1))]
    last = len(cut) - 1
    return b"".join(
        frame(kind, END_HEADERS if number == last else 0, stream, piece)
        for number, (kind, piece) in enumerate(zip(kinds, cut, strict=True))
    )


FLOODS = {
    "rapid-reset": lambda: batches(rapid_resets()),
    "continuation-small": lambda: batches(continuations(1, 100_000)),
    "continuation-empty": lambda: batches(continuations(0, 100_000)),
    "continuation-large": lambda: continuations(16_000, 4000),
    "hpack-bomb": lambda: [blocked(1, hpack_bomb(100_000))],
    "ping": lambda: batches(frame(PING, 0, 0, bytes(8)) for _ in range(100_000)),
    "ping-ack": lambda: batches(frame(PING, 1, 0, bytes(8)) for _ in range(200_000)),
    "settings": lambda: batches(frame(SETTINGS) for _ in range(100_000)),
    "settings-windows": lambda: batches(
        frame(SETTINGS, 0, 0, struct.pack(">HI", 4, number % 2)) for number in range(100_000)
    ),
    "priority": lambda: batches(frame(PRIORITY, 0, 1, b"\0\0\0\0\1") for _ in range(200_000)),
    "unknown": lambda: batches(frame(0x42, 0, 0, b"x") for _ in range(200_000)),
    "window-updates": lambda: itertools.chain(
        [opening(1, "Linger")], batches(frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1") for _ in range(200_000))
    ),
    "late-data": lambda: itertools.chain([opening(1, "Nothing")], batches(data(1, b"x") for _ in range(200_000))),
}
"""Name -> frames that end their connection with ENHANCE_YOUR_CALM."""


@pytest.mark.parametrize("name", FLOODS)
async def test_a_flood_of_frames_ends_its_connection_and_nobody_elses(door: Standalone, name: str) -> None:
    await until_calmed(door, FLOODS[name])


async def test_answers_to_pings_that_nobody_reads_end_the_connection(door: Standalone) -> None:
    async with beside(door), attacking(door, reads=False) as attacker:
        await attacker.pour(batches(frame(PING, 0, 0, bytes(8)) for _ in itertools.count()))
        assert attacker.closed


async def test_a_header_list_above_the_limit_costs_its_call_alone(door: Standalone) -> None:
    async with beside(door), attacking(door) as attacker:
        attacker.say(blocked(1, hpack_bomb(20)) + opening(3, "Chat") + data(3, message(b"still here"), end=True))
        await attacker.until(lambda: 3 in attacker.statuses)
        assert (attacker.statuses[1], attacker.statuses[3]) == (8, 0)
        assert attacker.body[3] == message(b"still here")
        assert attacker.goaway is None


async def test_an_identitys_rapid_resets_cost_its_calls_alone() -> None:
    async with standalone("own-identity") as door, beside(door), attacking(door) as attacker:
        attacker.say(opening(1, "Chat", ("x-identity", "honest")))
        for stream in range(3, 603, 2):
            attacker.say(opening(stream, "Linger", ("x-identity", "hostile")) + frame(RST_STREAM, 0, stream, CALM))
        attacker.say(opening(603, "Linger", ("x-identity", "hostile")))
        attacker.say(data(1, message(b"still here"), end=True))
        await attacker.until(lambda: 1 in attacker.statuses and 603 in attacker.resets)
        assert attacker.resets[603] == ENHANCE_YOUR_CALM
        assert (attacker.statuses[1], attacker.body[1]) == (0, message(b"still here"))
        assert attacker.goaway is None


async def resets_without_a_name(door: Standalone, *, by_leaving: bool) -> None:
    """Three hundred streams, opened and given up at once, of a caller whom no header names."""
    async with attacking(door) as attacker:
        for stream in range(1, 601, 2):
            attacker.say(opening(stream, "Linger"))
            if not by_leaving:
                attacker.say(frame(RST_STREAM, 0, stream, CALM))
        attacker.say(frame(PING, 0, 0, bytes(8)))
        await attacker.until(lambda: attacker.frames[PING])


@pytest.mark.parametrize("by_leaving", [False, True], ids=["resets", "lost"])
async def test_resets_on_one_connection_are_not_held_against_another(by_leaving: bool) -> None:
    async with standalone("own") as door, beside(door):
        await resets_without_a_name(door, by_leaving=by_leaving)
        async with attacking(door) as other:
            other.say(opening(1, "Chat") + data(1, message(b"not me"), end=True))
            await other.until(lambda: other.statuses or other.resets)
            assert (other.statuses, other.resets) == ({1: 0}, {})


@pytest.mark.parametrize(
    ("hostile", "ends"),
    [
        (lambda: [opening(1, "Linger"), *batches(frame(DATA, 0, 1) for _ in range(10_000))], "reset"),
        (lambda: [opening(1, "Linger"), *batches(iter_single_bytes(20_000))], "reset"),
        (lambda: [opening(1, "Linger"), data(1, struct.pack(">BI", 0, 2**32 - 1))], "status"),
        (lambda: [opening(1, "Echo"), data(1, struct.pack(">BI", 0, 2**32 - 1))], "status"),
        (lambda: [opening(1, "Linger"), data(1, b"\x07\0\0\0\0")], "status-internal"),
        (lambda: [opening(1, "Linger", ("grpc-encoding", "gzip")), data(1, message(bomb(), flag=1))], "status"),
        (
            lambda: [opening(1, "Linger", ("grpc-encoding", "gzip")), data(1, message(liar(), flag=1))],
            "status-internal",
        ),
        (lambda: [blocked(1, headers("Linger", *many_fields()))], "status"),
    ],
    ids=["empty-data", "one-byte-data", "huge-prefix", "huge-unary", "bad-flag", "gzip-bomb", "gzip-liar", "fields"],
)
async def test_what_a_stream_does_costs_that_stream_alone(door: Standalone, hostile: Any, ends: str) -> None:
    async with beside(door, growth=64 * MEBI), attacking(door) as attacker:
        await attacker.pour(hostile())
        await attacker.until(lambda: 1 in attacker.resets or 1 in attacker.statuses or attacker.closed)
        attacker.say(opening(3, "Chat") + data(3, message(b"still here"), end=True))
        await attacker.until(lambda: 3 in attacker.statuses or attacker.closed)
        assert attacker.goaway is None
        assert attacker.body[3] == message(b"still here")
        if ends == "reset":
            assert attacker.resets[1] == ENHANCE_YOUR_CALM
        else:
            assert attacker.statuses[1] == {"status": 8, "status-internal": 13}[ends]


def iter_single_bytes(count: int) -> Iterator[bytes]:
    yield frame(DATA, 0, 1, struct.pack(">BI", 0, MEBI))
    for _ in range(count):
        yield frame(DATA, 0, 1, b"x")


@functools.cache
def bomb() -> bytes:
    """A gibibyte of nothing, deflated to one mebibyte."""
    packer = zlib.compressobj(9, wbits=31)
    nothing = bytes(MEBI)
    return b"".join([*(packer.compress(nothing) for _ in range(1024)), packer.flush()])


def liar() -> bytes:
    """The same, saying at its end that it holds little."""
    return bomb()[:-4] + struct.pack("<I", 1000)


def many_fields() -> list[tuple[str, str]]:
    return [(f"x-{number}", "") for number in range(2000)]


async def test_streams_beyond_the_limit_are_refused_and_memory_stays_bounded() -> None:
    async with standalone("own") as door, beside(door), attacking(door) as attacker:
        await attacker.pour(batches(opening(2 * number + 1, "Linger") for number in range(11_000)))
        await attacker.until(lambda: len(attacker.resets) == 1000 and len(attacker.http) == 10_000)
        assert set(attacker.resets.values()) == {REFUSED_STREAM}
        assert attacker.goaway is None


async def test_readers_that_open_no_window_cost_no_more_than_their_share(door: Standalone) -> None:
    asked = message(b'{"count": 1000000, "size": 10000}')
    async with beside(door), attacking(door, window=0) as attacker:
        for number in range(50):
            attacker.say(opening(2 * number + 1, "Count") + data(2 * number + 1, asked))
        await attacker.until(lambda: len(attacker.http) == 50)
        assert not attacker.frames[DATA]
        attacker.say(frame(WINDOW_UPDATE, 0, 1, struct.pack(">I", 100_000)))
        await attacker.until(lambda: len(attacker.body.get(1, b"")) == 100_000)


async def test_a_reader_that_reads_nothing_costs_no_more_than_its_share(door: Standalone) -> None:
    asked = message(b'{"count": 15000, "size": 10000}')
    async with beside(door) as honest, attacking(door, reads=False) as attacker:
        for stream in (1, 3):
            attacker.say(opening(stream, "Count") + data(stream, asked))
        await answers(honest)


async def test_requests_that_never_end_are_not_gathered_without_end(door: Standalone) -> None:
    part = data(1, bytes(15 * MEBI))
    async with beside(door) as honest, attacking(door) as attacker:
        for number in range(40):
            stream = 2 * number + 1
            begun = struct.pack(">BI", 0, MAX_MESSAGE)
            attacker.say(opening(stream, "Echo") + data(stream, begun))
        await answers(honest)
        for number in range(40):
            stream = struct.pack(">I", 2 * number + 1)
            await attacker.pour([part[at : at + 5] + stream + part[at + 9 : at + 16_393] for at in _starts(part)])
        await answers(honest)


def _starts(frames: bytes) -> range:
    return range(0, len(frames), 16_393)


async def test_sockets_that_say_too_little_are_closed_while_agents_come_in(door: Standalone) -> None:
    beginnings = itertools.cycle([b"", b"PRI * HTTP/2.0\r\n", b"POST / HTTP/1.1\r\n"])
    async with beside(door):
        others = door.files() + 10  # the second agent's, and what a loop keeps for itself
        idle = []
        try:
            for _ in range(2000):
                each = socket.create_connection((door.host, door.port))
                each.sendall(next(beginnings))
                idle.append(each)
            async with beside(door) as another:
                await answers(another)
            async with asyncio.timeout(PATIENCE):
                while door.files() > others:
                    await asyncio.sleep(0.05)
        finally:
            for each in idle:
                each.close()


async def test_noise_after_the_preface_harms_nobody(door: Standalone) -> None:
    noise = itertools.count(1)
    async with beside(door):
        for _ in range(200):
            async with attacking(door) as attacker:
                state = next(noise)
                attacker.say(
                    b"".join(struct.pack(">I", (state := state * 1103515245 + 12345) % 2**32) for _ in range(64))
                )
                await attacker.until(lambda: attacker.closed)
