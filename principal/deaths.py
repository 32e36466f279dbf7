"""Why streams end, as both ends tell it."""

import json
import math
from dataclasses import dataclass
from enum import StrEnum

from hubproto.methods import MAX_LAST_DEATH

MAX_WORD = 64
"""Characters of a reported cause."""


class DeathCause(StrEnum):
    """How the principal saw a stream end."""

    REMOTE_CLOSED = "remote-closed"
    """The far side, or a proxy between, closed or reset it: the agent's own report says more."""
    SESSION_TIMEOUT = "session-timeout"
    """The agent's heartbeats stopped coming."""
    SUPERSEDED = "superseded"
    """A newer stream of the same agent took its place."""
    REVOKED = "certificate-revoked"
    """The agent's certificate came onto the blocklist."""
    SHUTDOWN = "principal-shutdown"
    """This principal was told to stop."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the agent says of the same death. Untrusted text: for display only."""

    cause: str
    detail: str
    lived: float
    """Seconds that the stream lived."""
    quiet: float
    """Seconds in which nothing had come or gone when it ended."""


@dataclass(slots=True)
class Death:
    """One stream's end."""

    at: float
    """Wall time in seconds since 1970."""
    cause: DeathCause
    detail: str
    lived: float
    """Seconds that the stream lived."""
    quiet: float
    """Seconds since the agent was last heard."""
    report: Report | None = None
    """The agent's own account, when it came back and gave one."""


def parse_report(values: tuple[str, ...]) -> Report | None:
    """The agent's report from the values of LAST_DEATH; None when there is none, or none that can be believed."""
    if len(values) != 1 or len(values[0]) > MAX_LAST_DEATH:
        return None
    try:
        body = json.loads(values[0])
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    cause, detail = body.get("cause"), body.get("detail", "")
    if not isinstance(cause, str) or not cause or not isinstance(detail, str):
        return None
    return Report(
        cause=_printable(cause)[:MAX_WORD],
        detail=_printable(detail),
        lived=seconds(body.get("livedSeconds")),
        quiet=seconds(body.get("quietSeconds")),
    )


def seconds(value: object) -> float:
    """A number of seconds that somebody else sent; 0.0 for what is no sensible one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return 0.0
    return float(value)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
