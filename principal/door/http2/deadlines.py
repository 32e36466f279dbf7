"""What a connection does when its peer does nothing: its timers, and what each of them ends."""

from typing import TYPE_CHECKING, Final

from principal.door.http2 import ending
from principal.door.http2.codes import ErrorCode
from principal.door.http2.faults import ConnectionFault, StreamFault
from principal.door.http2.limits import IDLE_SECONDS, PREFACE_SECONDS, STALL_SECONDS

if TYPE_CHECKING:
    from principal.door.http2.connection import Connection

NOW: Final = float("-inf")
"""When a timer is due that only a look can start."""


def next_timer(connection: "Connection") -> float | None:
    """When `run_out` is to be called; None while nothing is timed."""
    if connection.closing:
        return None
    if not connection.greeted:
        return connection.preface_by
    if connection.outgoing.waiting or connection.outgoing.blocked:
        return NOW
    if connection.final_by is not None:
        return None if connection.final else connection.final_by
    if connection.streams:
        return None
    return NOW if connection.idle_since is None else connection.idle_since + IDLE_SECONDS


def run_out(connection: "Connection", now: float) -> None:
    """Do what is due."""
    if connection.closing:
        return
    if not connection.greeted and now >= connection.preface_by:
        # Not one frame has come: there is nobody to tell.
        connection.closing = True
        connection.evidence.fault = f"the preface was not complete after {PREFACE_SECONDS:.0f} s"
        return
    if connection.final_by is not None and not connection.final and now >= connection.final_by:
        ending.say_final(connection)
    for stream in connection.outgoing.stalled(now):
        text = f"{stream.pending_bytes} bytes waited {STALL_SECONDS:.0f} s and none was taken"
        connection.guarded(connection.fail, StreamFault(stream.id, ErrorCode.ENHANCE_YOUR_CALM, text), now)
    if connection.outgoing.blocked:
        _blocked(connection, now)
    if connection.greeted and not connection.streams:
        _idle(connection, now)


def _idle(connection: "Connection", now: float) -> None:
    if connection.idle_since is None:
        connection.idle_since = now
    elif now - connection.idle_since >= IDLE_SECONDS:
        ending.drain(connection, now, f"no stream for {IDLE_SECONDS:.0f} s")


def _blocked(connection: "Connection", now: float) -> None:
    if connection.blocked_since is None:
        connection.blocked_since = now
    elif now - connection.blocked_since >= STALL_SECONDS:
        text = f"nothing was read for {STALL_SECONDS:.0f} s"
        ending.die(connection, ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, text))
