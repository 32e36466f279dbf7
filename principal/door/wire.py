"""What a call is written to, and what it is told: the seam between calls and the wires that carry them."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

Headers: TypeAlias = list[tuple[str, str]]
"""Header fields in wire order: names in lower case, values as text of one character a byte (latin-1)."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What a wire has carried of one call: bytes of framed messages, and its own frames."""

    bytes_in: int
    frames_in: int
    bytes_out: int
    frames_out: int


class Wire(Protocol):
    """Carries one call: an HTTP/2 stream, or a WebSocket tunnel. No method waits."""

    def send_headers(self, headers: Headers) -> None:
        """Begin the answer: `:status` and what goes with it."""

    def send_message(self, framed: bytes) -> None:
        """Send one length-prefixed gRPC message, its 5 bytes of prefix included."""

    def send_trailers(self, headers: Headers) -> None:
        """End the answer, after what has been sent. Without headers before, these hold `:status` too."""

    def reset(self, code: int, why: str) -> None:
        """Abandon the call; `code` is an error code of HTTP/2."""

    def unsent(self) -> int:
        """Bytes that wait here because the peer does not take them."""

    def carried(self) -> Carried:
        """What has passed so far."""

    def hold(self) -> None:
        """Take no more of the request than is on its way already."""

    def release(self) -> None:
        """Take more of it again."""


class Listener(Protocol):
    """Who is told what arrives on a wire: a call."""

    @property
    def gathering(self) -> bool:
        """Whether it waits for the request of a unary call, whose caller nobody has asked who it is."""

    def too_slow(self, seconds: float) -> None:
        """That request was not complete within `seconds`: the call is to be answered so."""

    def on_data(self, data: bytes) -> None:
        """Bytes of the request's body, cut anywhere."""

    def on_half_closed(self) -> None:
        """The request is complete."""

    def on_reset(self, why: str) -> None:
        """The wire is gone: cancelled, or its connection ended."""

    def on_writable(self) -> None:
        """What waits has fallen below what the wire likes to hold."""
