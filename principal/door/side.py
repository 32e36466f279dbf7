"""What a connection's protocol is to the edge that moves its bytes: HTTP/2, or HTTP/1.1 with a tunnel in it."""

from typing import Protocol

from principal.rpc import ConnectionStats


class Side(Protocol):
    """Our side of one connection. Pure but for the calls that it begins; `now` is monotonic seconds."""

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes from the peer."""

    def output(self) -> bytes:
        """Bytes to write now. Asked for only while the transport takes more."""

    def clogged(self) -> None:
        """The transport takes no more."""

    def unclogged(self) -> None:
        """It takes more again."""

    def settle(self) -> None:
        """Tell calls what happened while they were not looking: after each turn of sending."""

    def lost(self, why: str, now: float) -> None:
        """The connection is gone: every call on it is over."""

    def drain(self, now: float, why: str) -> None:
        """Take no new calls; close when the open ones have ended."""

    def next_timer(self) -> float | None:
        """When `on_timer` is due."""

    def on_timer(self, now: float) -> None:
        """Do what is due."""

    @property
    def closing(self) -> bool:
        """Whether the connection is to be closed after its output."""

    @property
    def aborted(self) -> bool:
        """Whether to close it without waiting for that."""

    @property
    def paused(self) -> bool:
        """Whether to read nothing for now."""

    @property
    def calls(self) -> int:
        """Calls that are open."""

    def stats(self) -> ConnectionStats:
        """What is counted of the connection."""

    @property
    def fault(self) -> str:
        """What the peer did that the connection was ended for; empty where it ended otherwise."""
