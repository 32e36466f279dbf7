"""What people read of a connection that the door has ended: who, and why."""

import asyncio
import socket

import pytest
from structlog.testing import capture_logs

from principal.door.http2 import codes, frames
from principal.door.options import DoorOptions
from principal.door.server import OwnDoor
from tests.principal.door.http2.client import frame
from tests.principal.door.pretending import Service

GREETING = codes.PREFACE + frames.settings([])

SAID = {
    "a TLS hello": (bytes.fromhex("16030100c8010000c40303") + bytes(64), "TLS"),
    "a browser": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "answered 4"),
    "a frame that is none": (
        GREETING + frame(codes.PING, payload=bytes(7)),
        "PING of 7 bytes",
    ),
    "no settings": (codes.PREFACE + frames.window_update(0, 1), "PROTOCOL_ERROR: the first frame is not SETTINGS"),
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID.keys())
async def test_a_connection_that_is_ended_for_what_came_says_what_that_was(said: tuple[bytes, str]) -> None:
    door = OwnDoor(Service(), host="127.0.0.1", port=0, options=DoorOptions(max_message=1024))
    await door.start()
    host, port = door.address.rsplit(":", 1)
    with capture_logs() as lines:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(said[0] + bytes(17))
        async with asyncio.timeout(20):
            await reader.read()
            writer.close()
            while not any(line["event"].startswith("connection ended") for line in lines):
                await asyncio.sleep(0.02)
    await door.stop(0)
    [line] = [line for line in lines if line["event"].startswith("connection ended")]
    assert said[1] in line["why"]
    assert line["peer"].startswith("ipv4:127.0.0.1:")


async def test_a_probe_that_says_nothing_is_no_line_in_the_log() -> None:
    door = OwnDoor(Service(), host="127.0.0.1", port=0, options=DoorOptions(max_message=1024))
    await door.start()
    host, port = door.address.rsplit(":", 1)
    with capture_logs() as lines:
        with socket.create_connection((host, int(port))):
            pass
        _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
        await writer.wait_closed()
        await door.stop(0)
    assert lines == []
