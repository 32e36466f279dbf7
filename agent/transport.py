"""What the agent needs of a transport, whatever carries it: an attempt, a login, a stream of messages."""

from dataclasses import dataclass
from typing import Protocol

from agent.causes import Verdict
from agent.tokens import Claims


class CallError(Exception):
    """A call ended, well or badly: `verdict` says how. A stream that ends without error ends with this too."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(f"{verdict.cause.value}: {verdict.detail}")
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class Login:
    """What the principal said at login."""

    claims: Claims
    """Who this agent is, by its token."""
    principal_namespace: str
    version: str
    """The version that the principal claims."""


class Stream(Protocol):
    """An open Subscribe. One reader and one writer at a time."""

    async def opened(self) -> None:
        """Wait until the principal has answered Subscribe at all; CallError when the stream ended before."""

    async def read(self) -> bytes:
        """The next message; CallError at the stream's end."""

    async def write(self, message: bytes) -> None:
        """Send a message, waiting while the transport takes no more; CallError when the stream has ended."""

    async def half_close(self) -> None:
        """Say that nothing more will be written."""


class Connection(Protocol):
    """One attempt: a connection of its own that nothing else shares."""

    async def connect(self) -> None:
        """Connect; CallError with what went wrong."""

    async def login(self) -> Login:
        """Authenticate and ask for the version; CallError when refused."""

    async def subscribe(self, report: str | None) -> Stream:
        """Call Subscribe; `report` tells how the last stream ended. Returns at once, the answer comes later."""

    async def close(self) -> None:
        """End everything at once; never raises."""


class Transport(Protocol):
    """Makes connections to the principal."""

    address: str
    """Where the principal is, as people write it."""

    def attempt(self) -> Connection:
        """A new connection, not yet connected."""
