"""Asks an Envoy's admin port: one bounded GET a question, on a connection of its own.

Its own few lines of HTTP/1.1 and not a client library: it is asked ten times while a sidecar starts, and every await
can be cancelled.
"""

import asyncio
import json
import re
from typing import Any
from urllib.parse import quote

from mesh.lab.ports import LOOPBACK

TIMEOUT = 5.0
"""Seconds for a whole answer; a paused Envoy gives none."""

MAX_ANSWER = 64 * 1024 * 1024
"""Bytes. A config dump of 2 000 clusters is 11 MB; more than this is not a lab's."""


class AdminError(Exception):
    """The admin port did not answer, or not with what was asked for."""


async def get(port: int, path: str, *, timeout: float = TIMEOUT) -> str:  # noqa: ASYNC109 - part of the question
    """The body of the answer to `GET path`. Raises AdminError, naming port and path."""
    try:
        async with asyncio.timeout(timeout):
            status, body = await _exchange(port, path)
    except TimeoutError as error:
        raise AdminError(f"admin port {port}: no answer to {path} within {timeout} s") from error
    except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise AdminError(f"admin port {port}: no answer to {path}: {error}") from error
    if status != 200:
        raise AdminError(f"admin port {port}: {path} was answered with status {status}: {body[:200]!r}")
    return body.decode("utf-8", "replace")


async def ready(port: int) -> bool:
    """Whether the Envoy has its configuration and secrets, and its workers accept connections."""
    try:
        await get(port, "/ready")
        counters = await stats(port, prefix="listener_manager.workers_started")
    except AdminError:
        return False
    return counters.get("listener_manager.workers_started") == 1


async def stats(port: int, *, prefix: str = "") -> dict[str, int]:
    """Counters and gauges whose name begins with `prefix`; histograms and texts are left out."""
    numbers: dict[str, int] = {}
    for line in (await get(port, "/stats?filter=" + quote("^" + re.escape(prefix)))).splitlines():
        name, _, value = line.rpartition(": ")
        if value.isdecimal():
            numbers[name] = int(value)
    return numbers


async def config_dump(port: int) -> dict[str, Any]:
    """The configuration as the Envoy has it now, endpoints included."""
    answer: dict[str, Any] = json.loads(await get(port, "/config_dump?include_eds"))
    return answer


async def _exchange(port: int, path: str) -> tuple[int, bytes]:
    """One request, one answer, and the connection is closed."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n".encode("ascii"))
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        chunked = any(line.lower() == "transfer-encoding: chunked" for line in head)
        body = await (_chunks(reader) if chunked else _rest(reader))
        protocol, _, status = head[0].partition(" ")
        if not protocol.startswith("HTTP/1.") or not status[:3].isdecimal():
            raise ValueError(f"{head[0][:80]!r} begins no HTTP answer")
        return int(status[:3]), body
    finally:
        writer.close()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    """A chunked body (RFC 9112 §7.1); Envoy sends neither extensions nor trailers."""
    parts: list[bytes] = []
    total = 0
    while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
        total += size
        if total > MAX_ANSWER:
            raise ValueError(f"the answer is longer than {MAX_ANSWER} bytes")
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    return b"".join(parts)


async def _rest(reader: asyncio.StreamReader) -> bytes:
    """A body that ends with the connection."""
    body = bytearray()
    while part := await reader.read(65_536):
        body += part
        if len(body) > MAX_ANSWER:
            raise ValueError(f"the answer is longer than {MAX_ANSWER} bytes")
    return bytes(body)
