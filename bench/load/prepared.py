"""What agents send, prepared for the generator: the bytes that open a connection, headers, heartbeats and acks."""

import struct
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hpack import Encoder

from hubproto import methods
from hubproto.auth_pb2 import AuthRequest
from hubproto.events import Event, EventType, Target, ack, encode, heartbeat

VERSION: Final = "1"
"""The agents' version, and so the principal's."""

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA: Final = 0
HEADERS: Final = 1
SETTINGS: Final = 4
END_STREAM: Final = 1
END_HEADERS: Final = 4
AUTH_STREAM: Final = 1

IDENTITY: Final = "spiffe://cluster.local/ns/argocd-agents/sa/{agent}"
AUTH_RULE: Final = f"identity:x-forwarded-client-cert:{IDENTITY}"
OWN: Final = "spiffe://cluster.local/ns/argocd/sa/principal"


def names(count: int) -> list[str]:
    """The agents' names."""
    return [f"agent-{number}" for number in range(count)]


def agents_file(path: Path, count: int, *, huffman: bool) -> Path:
    """Write the bytes that `count` agents open their connections with; what the file looks like, agentload.c says."""
    with path.open("wb") as file:
        for name in names(count):
            for part in _opening(name, huffman=huffman):
                file.write(struct.pack(">I", len(part)) + part)
    return path


def beat_file(path: Path) -> tuple[Path, tuple[int, int]]:
    """Write a heartbeat as our agents send them; where its two ids stand."""
    name = str(uuid.UUID(int=0x5EED << 64))
    message = encode(heartbeat(name, rtt_ms=1.625))
    path.write_bytes(message)
    first = message.index(name.encode())
    return path, (first, message.index(name.encode(), first + 1))


EVENT_BYTES: Final = 2000
FIRST_NUMBER: Final = b"000000"
"""The number of an event in its ids."""


def fan_out_event(number: int, size: int) -> Event:
    """One of the events that every agent gets: an Application of `size` bytes."""
    ids = f"app_{number:06d}"
    data = b'{"x": "' + b"x" * (size - 9) + b'"}'
    return Event(
        EventType.SPEC_UPDATE, Target.APPLICATION, ids, f"{ids}_1", data=data, subject="ns/app", principal_uid="p"
    )


def ack_file(path: Path) -> tuple[Path, tuple[int, int]]:
    """Write the acknowledgement of such an event; where the numbers in its two ids stand."""
    message = encode(ack(fan_out_event(0, EVENT_BYTES)))
    path.write_bytes(message)
    first = message.index(FIRST_NUMBER)
    return path, (first, message.index(FIRST_NUMBER, first + 1))


def framed(message: bytes) -> bytes:
    """A gRPC message with its prefix."""
    return struct.pack(">BI", 0, len(message)) + message


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload) << 8 | kind) + struct.pack(">BI", flags, stream) + payload


def _opening(name: str, *, huffman: bool) -> tuple[bytes, bytes]:
    """What is sent at once, up to the end of Authenticate; and Subscribe's header block, without its token."""
    encoder = Encoder()
    request = AuthRequest(method="header", mode=methods.MANAGED, version=VERSION).SerializeToString()
    calls = [
        encoder.encode(_headers(name, method), huffman=huffman) for method in (methods.AUTHENTICATE, methods.SUBSCRIBE)
    ]
    opening = (
        PREFACE
        + _frame(SETTINGS, 0, 0, b"")
        + _frame(HEADERS, END_HEADERS, AUTH_STREAM, calls[0])
        + _frame(DATA, END_STREAM, AUTH_STREAM, framed(request))
    )
    return opening, calls[1]


def _headers(name: str, method: str) -> Sequence[tuple[str, str]]:
    """What reaches a principal behind an Envoy: gRPC's headers, the sidecar's and Envoy's own."""
    uri = IDENTITY.format(agent=name)
    return (
        (":method", "POST"),
        (":scheme", "http"),
        (":path", method),
        (":authority", "argocd-agent-principal.argocd.svc.cluster.local:8443"),
        ("content-type", "application/grpc"),
        ("user-agent", "grpc-go/1.76.0"),
        ("te", "trailers"),
        ("x-forwarded-proto", "https"),
        ("x-request-id", str(uuid.uuid5(uuid.NAMESPACE_URL, f"{uri}{method}"))),
        ("x-forwarded-client-cert", f'By={OWN};Hash={"cd" * 32};Subject="";URI={uri}'),
    )
