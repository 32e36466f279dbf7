"""One stream's end, as the agent tells it: to its log, and to the principal when it comes back."""

import json
from dataclasses import dataclass

from agent.causes import Cause, Verdict
from hubproto.methods import MAX_LAST_DEATH


@dataclass(frozen=True, slots=True)
class Death:
    """How an attempt or a stream ended."""

    verdict: Verdict
    lived: float
    """Seconds since Subscribe was called; 0 when it was not."""
    quiet: float
    """Seconds in which nothing had come or gone on the stream."""
    opened: bool
    """Whether the stream had been open: a failed attempt is no stream's death."""

    @property
    def cause(self) -> Cause:
        """The named cause."""
        return self.verdict.cause

    def report(self) -> str:
        """The value of metadata `meshtether-last-death`: ASCII JSON of at most MAX_LAST_DEATH; the detail gives way."""
        detail = self.verdict.detail
        while len(text := self._report(detail)) > MAX_LAST_DEATH:
            detail = detail[: len(detail) - max(1, len(text) - MAX_LAST_DEATH)]
        return text

    def _report(self, detail: str) -> str:
        body = {
            "cause": self.cause.value,
            "detail": detail,
            "livedSeconds": round(self.lived, 3),
            "quietSeconds": round(self.quiet, 3),
        }
        return json.dumps(body, separators=(",", ":"))
