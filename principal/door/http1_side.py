"""HTTP/1.1's side of a connection, as the edge likes it: one tunnel of one call, or an answer that says why not."""

from principal.door.websocket.http1 import Http1
from principal.rpc import ConnectionStats


class Http1Side:
    """One HTTP/1.1 connection."""

    def __init__(self, http1: Http1) -> None:
        self._http1 = http1

    @property
    def closing(self) -> bool:
        """Whether the connection is to be closed after its output."""
        return self._http1.closing

    @property
    def aborted(self) -> bool:
        """Whether to close it without waiting for that."""
        return self._http1.aborted

    @property
    def paused(self) -> bool:
        """Whether the call takes nothing for now."""
        return self._http1.paused

    @property
    def calls(self) -> int:
        """1 while the connection lives: a tunnel is a call."""
        return 0 if self._http1.closing else 1

    def stats(self) -> ConnectionStats:
        """What is counted of it. A tunnel has no PINGs of HTTP/2."""
        stats = self._http1.stats
        return ConnectionStats(bytes_received=stats.bytes_in, bytes_sent=stats.bytes_out, streams=self.calls)

    @property
    def fault(self) -> str:
        """Why there was no tunnel; empty where there was one, whose call knows its own end."""
        return self._http1.refused

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes from the peer."""
        self._http1.receive(data, now)

    def output(self) -> bytes:
        """Bytes to write now."""
        return self._http1.output()

    def clogged(self) -> None:
        """The transport takes no more: nothing is asked for, and what waits is counted."""

    def unclogged(self) -> None:
        """It takes more again."""

    def lost(self, why: str, now: float) -> None:
        """The connection is gone."""
        del why
        self._http1.eof(now)

    def drain(self, now: float, why: str) -> None:
        """Take no new calls."""
        self._http1.shutdown(now, why)

    def next_timer(self) -> float | None:
        """When `on_timer` is due."""
        return self._http1.next_timer()

    def on_timer(self, now: float) -> None:
        """Do what is due."""
        self._http1.on_timer(now)

    def settle(self) -> None:
        """Nothing is told late here."""
