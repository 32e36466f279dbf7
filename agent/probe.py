"""What speaks at an address: TLS, plaintext HTTP/2 or something else.

gRPC says `Socket closed` when a plaintext client meets a TLS server, as it does when a sidecar is starting. So after a
failed connect the address is asked directly: it is sent a TLS ClientHello, to which a TLS server answers with a
handshake or alert record, and a plaintext HTTP server with a SETTINGS frame or text. One that says nothing to it is
greeted once more, with HTTP/2's own preface. Two short connections, nothing else is sent.
"""

import asyncio
import ssl
from enum import Enum, auto
from typing import Final

TIMEOUT: Final = 2.0
"""Seconds for each of the two connections."""

READ_MOST: Final = 64
"""Bytes of the answer that are looked at."""

FRAME_HEADER: Final = 9
"""Bytes of an HTTP/2 frame header (RFC 9113 §4.1): length (3), type (1), flags (1), stream (4)."""

SERVER_FRAMES: Final = frozenset({0x04, 0x07})
"""Frame types a server begins with: SETTINGS, or GOAWAY when it dislikes what it read."""

TLS_RECORDS: Final = frozenset({0x15, 0x16})
"""TLS record types of a first answer: alert, handshake (RFC 8446 §5.1)."""

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""HTTP/2 connection preface with empty SETTINGS (RFC 9113 §3.4)."""


class Speaks(Enum):
    """What an address answered in."""

    TLS = auto()
    HTTP2 = auto()
    """Plaintext HTTP/2."""
    HTTP1 = auto()
    """Plaintext HTTP/1."""
    OTHER = auto()
    SILENT = auto()
    """It took the connection and said nothing."""
    NOTHING = auto()
    """There was no connection."""


async def probe(host: str, port: int) -> Speaks:
    """What speaks at `host:port`, found within twice TIMEOUT seconds; never raises."""
    answer = await _ask(host, port, _client_hello(host))
    if answer == b"":
        answer = await _ask(host, port, PREFACE)
    return Speaks.NOTHING if answer is None else classify(answer)


def classify(answer: bytes) -> Speaks:
    """What the first bytes of an answer are."""
    if not answer:
        return Speaks.SILENT
    if len(answer) >= 3 and answer[0] in TLS_RECORDS and answer[1] == 0x03:
        return Speaks.TLS
    if answer.startswith(b"HTTP/"):
        return Speaks.HTTP1
    if len(answer) >= FRAME_HEADER and answer[3] in SERVER_FRAMES and answer[5:9] == bytes(4):
        return Speaks.HTTP2
    return Speaks.OTHER


def _client_hello(host: str) -> bytes:
    # The context verifies nothing because the handshake never gets that far: only its first message is used.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["h2"])
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=host)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass  # it waits for the server's answer, which we read ourselves
    return outgoing.read()


async def _ask(host: str, port: int, question: bytes) -> bytes | None:
    """The first bytes of the answer, empty when there was none; None when there was no connection."""
    try:
        async with asyncio.timeout(TIMEOUT):
            reader, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return None
    try:
        async with asyncio.timeout(TIMEOUT):
            writer.write(question)
            return await reader.read(READ_MOST)
    except (OSError, TimeoutError):
        return b""
    finally:
        writer.transport.abort()
