"""gRPC's frames in WebSocket messages, and headers as a MIME block in one of them (spec hub-protocol §4.5)."""

from enum import Enum, auto
from http import HTTPStatus
from typing import Final

from principal.door.websocket.limits import PREFIX_BYTES
from principal.door.wire import Headers
from principal.rpc import Code

METADATA: Final = 0x80
"""Flags of a frame of headers or trailers; without content, and from the client: the end of its messages."""

_MESSAGE_FLAGS: Final = frozenset({0x00, 0x01})
"""Flags of a message: as it is, or compressed."""

_END: Final = bytes((METADATA, 0, 0, 0, 0))


class Content(Enum):
    """What a WebSocket message of the client's holds."""

    MESSAGE = auto()
    END = auto()


class FrameError(ValueError):
    """A WebSocket message is not exactly one frame of gRPC."""


def content_of(message: bytes) -> Content:
    """What the client's `message` holds; FrameError when it is not exactly one frame that a client sends."""
    if message == _END:
        return Content.END
    if len(message) < PREFIX_BYTES:
        raise FrameError(f"a message of {len(message)} bytes is too short for a gRPC frame")
    flags, length = message[0], int.from_bytes(message[1:PREFIX_BYTES])
    if length != len(message) - PREFIX_BYTES:
        raise FrameError(f"a gRPC frame announces {length} bytes and has {len(message) - PREFIX_BYTES}")
    if flags not in _MESSAGE_FLAGS:
        raise FrameError(f"a gRPC frame of a client has flags 0x{flags:02x}: 0x00, 0x01 and an empty 0x80 are known")
    return Content.MESSAGE


def metadata_frame(headers: Headers) -> bytes:
    """A frame that holds `headers`, in the client's spelling of names; what begins with a colon is left out."""
    lines = [f"{_canonical(name)}: {_line(value)}\r\n" for name, value in headers if not name.startswith(":")]
    block = "".join(lines).encode("latin-1", "replace")
    return bytes((METADATA,)) + len(block).to_bytes(PREFIX_BYTES - 1) + block


def with_status(headers: Headers) -> Headers:
    """The headers of an answer that has no more, with a gRPC status where there was only one of HTTP.

    After the upgrade nothing of HTTP can be said any more. The codes are those that gRPC's clients give themselves
    (grpc/doc/http-grpc-status-mapping.md).
    """
    if any(name == "grpc-status" for name, _ in headers):
        return headers
    status = next((value for name, value in headers if name == ":status"), "")
    code = _CODES.get(status, Code.UNKNOWN)
    kept = [(name, value) for name, value in headers if name not in {"content-length", "content-type"}]
    return [
        *kept,
        ("content-type", "application/grpc"),
        ("grpc-status", str(int(code))),
        ("grpc-message", f"HTTP {status}"),
    ]


_CODES: Final = {
    str(HTTPStatus.BAD_REQUEST.value): Code.INTERNAL,
    str(HTTPStatus.UNAUTHORIZED.value): Code.UNAUTHENTICATED,
    str(HTTPStatus.FORBIDDEN.value): Code.PERMISSION_DENIED,
    str(HTTPStatus.NOT_FOUND.value): Code.UNIMPLEMENTED,
    str(HTTPStatus.TOO_MANY_REQUESTS.value): Code.UNAVAILABLE,
    str(HTTPStatus.BAD_GATEWAY.value): Code.UNAVAILABLE,
    str(HTTPStatus.SERVICE_UNAVAILABLE.value): Code.UNAVAILABLE,
    str(HTTPStatus.GATEWAY_TIMEOUT.value): Code.UNAVAILABLE,
}


def _canonical(name: str) -> str:
    """A header's name as Go writes it: `grpc-status` is `Grpc-Status`."""
    return "-".join(part.capitalize() for part in name.split("-"))


def _line(value: str) -> str:
    """A value that can't end its line; what a call sends is checked before, so nothing is lost here."""
    return "".join(character if character >= " " or character == "\t" else " " for character in value)
