"""What a test asks of a client, and what the client says came of it: the same JSON for clients in every language.

A client process reads one JSON object a line: `{"run": Script}` or `{"cancel": key}`. It answers each script with one
line `{"key": key, "outcomes": [Outcome…]}`: outcomes that are equal are given once, with how many `times` they came.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any, Final, Literal

Kind = Literal["unary", "client", "server", "bidi"]

PREFIX: Final = "case-"
"""Metadata of this suite starts with it: the rest is a client's or a proxy's own, and is not compared."""

SHOWN_BYTES: Final = 4096
"""Answers of no more bytes are shown as texts too, so that a failure can be read."""

_PERIOD: Final = 256


def pattern(size: int, seed: int = 0) -> bytes:
    """`size` bytes that every client can make: byte i is (31 i + seed) mod 256."""
    period = bytes((31 * i + seed) % 256 for i in range(_PERIOD))
    return (period * (size // _PERIOD + 1))[:size]


@dataclass(frozen=True, slots=True)
class Message:
    """One message to send: a text, or so many bytes of the pattern."""

    text: str = ""
    size: int = 0
    seed: int = 0

    def body(self) -> bytes:
        """Its bytes."""
        return pattern(self.size, self.seed) if self.size else self.text.encode()


@dataclass(frozen=True, slots=True)
class Script:
    """One call, or `parallel` equal ones at once on one connection."""

    method: str
    kind: Kind
    messages: tuple[Message, ...] = ()
    repeat: int = 1
    """How many times over the messages are sent."""
    metadata: tuple[tuple[str, str], ...] = ()
    """Text metadata; "-bin" values in hexadecimal."""
    deadline: float = 0.0
    """Seconds; 0 is none."""
    gzip: bool = False
    lockstep: bool = False
    """Each message waits for the answer to the one before it."""
    headers_first: bool = False
    """The first message waits for the response headers."""
    cancel_after: int = 0
    """Cancel after so many answers; 0 is never."""
    parallel: int = 1
    key: str = ""
    """Names the run to the service (metadata `case-key`)."""

    def bodies(self) -> Iterator[bytes]:
        """The messages to send, in order."""
        once = [message.body() for message in self.messages]
        for _ in range(self.repeat):
            yield from once

    def as_json(self) -> dict[str, Any]:
        """For a client process."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one call."""

    code: int
    message: str = ""
    count: int = 0
    """Messages received."""
    bytes: int = 0
    sha256: str = field(default_factory=lambda: digest(()))
    """Of each message after its length in four bytes, big-endian."""
    texts: tuple[str, ...] = ()
    """The messages, if they have few bytes, a character for each byte."""
    trailers: tuple[tuple[str, str], ...] = ()
    """Sorted; values of one name joined by ", "; "-bin" values in hexadecimal."""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Outcome":
        """From a client process."""
        texts = tuple(data.pop("texts") or ())
        trailers = tuple(sorted((name, value) for name, value in data.pop("trailers") or ()))
        return cls(**data, texts=texts, trailers=trailers)


def outcome(
    code: int, message: str = "", answers: Iterable[bytes] = (), trailers: Iterable[tuple[str, str | bytes]] = ()
) -> Outcome:
    """The outcome of a call that received these messages and trailers."""
    received = list(answers)
    total = sum(map(len, received))
    shown = tuple(each.decode("latin-1") for each in received) if total <= SHOWN_BYTES else ()
    kept: dict[str, list[str]] = {}
    for name, value in trailers:
        if name.startswith(PREFIX):
            kept.setdefault(name, []).append(value.hex() if isinstance(value, bytes) else value)
    joined = tuple(sorted((name, ", ".join(values)) for name, values in kept.items()))
    return Outcome(code, message, len(received), total, digest(received), shown, joined)


def digest(messages: Iterable[bytes]) -> str:
    """What `Outcome.sha256` holds."""
    total = sha256()
    for message in messages:
        total.update(len(message).to_bytes(4, "big"))
        total.update(message)
    return total.hexdigest()


Outcomes = dict[Outcome, int]
"""Outcome -> how many calls of a script came to it."""


def tally(outcomes: Iterable[Outcome]) -> Outcomes:
    """Count equal outcomes."""
    return dict(Counter(outcomes))
