"""Answers of HTTP/1.1 to requests that open no tunnel. Each says what would have been accepted."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

SPOKEN: Final = "This port speaks gRPC: over HTTP/2, or in a WebSocket of sub-protocol grpc-ws where that is enabled."


class RequestError(Exception):
    """A request that gets an answer and no tunnel."""

    def __init__(self, status: HTTPStatus, text: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP/1.1 response with a text; the connection ends after it."""

    status: HTTPStatus
    text: str
    headers: tuple[tuple[str, str], ...] = ()

    def serialise(self) -> bytes:
        """The response's bytes."""
        body = f"{self.text}\n".encode()
        fields = (
            *self.headers,
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        )
        return head_of(self.status, fields) + body


def head_of(status: HTTPStatus, fields: tuple[tuple[str, str], ...]) -> bytes:
    """A response's status line and header lines, with the empty line that ends them."""
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1")
