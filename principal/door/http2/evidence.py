"""What is known of a connection's end, and what passed over it: kept, since a death without a cause is a riddle."""

from dataclasses import dataclass, field

from principal.door.http2.codes import FRAME_NAMES, error_name


@dataclass(slots=True)
class Goaway:
    """One GOAWAY, ours or the peer's."""

    code: int
    last_stream: int
    debug: str

    def __str__(self) -> str:
        """As a line of a log."""
        said = f": {self.debug}" if self.debug else ""
        return f"GOAWAY {error_name(self.code)}{said}"


@dataclass(slots=True)
class Evidence:
    """One connection's counters and its last words."""

    bytes_in: int = 0
    bytes_out: int = 0
    frames_in: list[int] = field(default_factory=lambda: [0] * len(FRAME_NAMES))
    """By frame type; the last counts the unknown ones."""
    streams_opened: int = 0
    streams_refused: int = 0
    resets_received: int = 0
    resets_sent: int = 0
    last_reset: tuple[int, int, str] | None = None
    """Stream, error code and reason of the last RST_STREAM, either way; the reason of the peer's is `received`."""
    goaway_received: Goaway | None = None
    goaway_sent: Goaway | None = None
    fault: str = ""
    """What the peer did that we ended the connection for."""

    def frames(self) -> dict[str, int]:
        """Frames that came, by the names of their types."""
        return {name: count for name, count in zip(FRAME_NAMES, self.frames_in, strict=True) if count}

    def reset_words(self) -> str | None:
        """The last RST_STREAM as a line of a log."""
        if self.last_reset is None:
            return None
        stream, code, why = self.last_reset
        return f"stream {stream}: {error_name(code)}, {why}"

    def last_words(self) -> str:
        """What is known of why the connection ended; empty when nobody said a word."""
        words = []
        if self.goaway_sent is not None and self.goaway_sent.code:
            words.append(f"sent {self.goaway_sent}")
        if self.goaway_received is not None:
            words.append(f"received {self.goaway_received}")
        return ", ".join(words)
