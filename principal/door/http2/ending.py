"""How a connection ends: with grace, in two steps (RFC 9113 §6.8), or at once for what its peer did (§5.4.1)."""

from typing import TYPE_CHECKING, Final

from principal.door.http2 import frames
from principal.door.http2.codes import MAX_STREAM_ID, ErrorCode
from principal.door.http2.events import StreamOver
from principal.door.http2.evidence import Goaway
from principal.door.http2.faults import ConnectionFault

if TYPE_CHECKING:
    from principal.door.http2.connection import Connection

DRAIN_SECONDS: Final = 1.0
"""Seconds to wait, when draining, for streams that were on their way when the peer was told to open no more."""


def drain(connection: "Connection", now: float, why: str) -> None:
    """Ask the peer to open no more streams; the connection closes when those that are open have ended."""
    if connection.closing or connection.final_by is not None:
        return
    if not connection.greeted:
        connection.closing = True
        return
    _goaway(connection, MAX_STREAM_ID, ErrorCode.NO_ERROR, why)
    # Streams that the peer opened before it heard of this arrive before its answer to a PING sent after it.
    connection.drain_ping = connection.pings.goes(now)
    connection.outgoing.urgent(frames.ping(connection.drain_ping, ack=False))
    connection.final_by = now + DRAIN_SECONDS


def say_final(connection: "Connection") -> None:
    """Tell the peer the last stream that is served: it has opened all that were on their way."""
    if not connection.final:
        connection.final = True
        _goaway(connection, connection.last_stream, ErrorCode.NO_ERROR, "")
        connection.closing = not connection.streams


def die(connection: "Connection", fault: ConnectionFault) -> None:
    """End the connection for what its peer did, and say so."""
    if connection.closing:
        return
    connection.closing = connection.broken = True
    connection.evidence.fault = f"{fault.code.name}: {fault.text}"
    if connection.greeted:
        _goaway(connection, connection.last_stream, fault.code, fault.text)
    else:
        connection.evidence.goaway_sent = Goaway(fault.code, 0, fault.text)
    end_streams(connection, fault.code, f"connection ended: {fault.text}", by_peer=False)


def end_streams(connection: "Connection", code: int, why: str, *, by_peer: bool) -> None:
    """End all streams with their connection."""
    for stream in list(connection.streams.values()):
        connection.drop(stream)
        connection.events.append(StreamOver(stream, code, why, by_peer=by_peer))


def _goaway(connection: "Connection", last: int, code: ErrorCode, debug: str) -> None:
    before = connection.evidence.goaway_sent
    if before is not None:
        last = min(last, before.last_stream)  # what was said not to be served must stay so (RFC 9113 §6.8)
    connection.evidence.goaway_sent = Goaway(code, last, debug)
    connection.outgoing.urgent(frames.goaway(last, code, debug))
