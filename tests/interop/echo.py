"""A service whose every answer can be foretold, and which remembers what became of its calls."""

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from principal.rpc import OK, CallInfo, Code, Kind, RpcError, Sink, Status, StreamHandler
from tests.interop.script import PREFIX, pattern

KEY: Final = f"{PREFIX}key"
"""Metadata by which a call says which run it belongs to."""

PREFIX_PATH: Final = "/interop.Echo/"

LONGEST: Final = 60.0
"""Seconds after which a call that waits for its end gives up: a test has failed long before."""


@dataclass
class Record:
    """What the service saw of the calls of one key."""

    opened: int = 0
    cancelled: int = 0
    """Calls that were given up before they were answered."""
    closed: list[str] = field(default_factory=list)
    """The transport's word for the end of each stream."""
    connections: set[str] = field(default_factory=set)
    meeting: list[Callable[[], None]] = field(default_factory=list)
    """Streams that wait until enough others are there."""


class Echo:
    """The service (principal.rpc.Service)."""

    def __init__(self) -> None:
        self.records: defaultdict[str, Record] = defaultdict(Record)

    def kind(self, method: str) -> Kind | None:
        """How a method is called."""
        name = method.removeprefix(PREFIX_PATH)
        if name == method:
            return None
        return Kind.UNARY if name in _UNARY else Kind.STREAM if name in _STREAMS else None

    async def unary(self, method: str, request: bytes, call: CallInfo) -> bytes:
        """Answer one of `_UNARY`."""
        record = self._record(call)
        record.opened += 1
        try:
            return await _UNARY[method.removeprefix(PREFIX_PATH)](request, call)
        except asyncio.CancelledError:
            record.cancelled += 1
            raise

    def open_stream(self, method: str, call: CallInfo, sink: Sink) -> StreamHandler:
        """Open one of `_STREAMS`."""
        record = self._record(call)
        handler = _STREAMS[method.removeprefix(PREFIX_PATH)](record, sink)
        record.opened += 1
        return handler

    def _record(self, call: CallInfo) -> Record:
        key = (*call.values(KEY), "")[0]
        record = self.records[key]
        record.connections.add(call.connection.id)
        return record


async def _echo(request: bytes, _call: CallInfo) -> bytes:
    return request


async def _fail(request: bytes, _call: CallInfo) -> bytes:
    status = _status(request)
    raise RpcError(status.code, status.message, status.trailers)


def _status(request: bytes) -> Status:
    """The status that a request asks for: `{"code", "message", "trailers"}`, "-bin" trailers in hexadecimal."""
    asked = json.loads(request)
    trailers = tuple(
        (name, bytes.fromhex(value).decode("latin-1") if name.endswith("-bin") else value)
        for name, value in asked.get("trailers", ())
    )
    return Status(Code(asked["code"]), asked.get("message", ""), trailers)


async def _report(_request: bytes, call: CallInfo) -> bytes:
    """The metadata of this suite as it arrived, sorted by name: clients may send names in any order."""
    seen = [pair for pair in call.metadata if pair[0].startswith(PREFIX) and pair[0] != KEY]
    return json.dumps(sorted(seen, key=lambda pair: pair[0])).encode()


async def _wait(_request: bytes, _call: CallInfo) -> bytes:
    await asyncio.sleep(LONGEST)
    return b"nobody gave up"


_UNARY: Final = {"Echo": _echo, "Fail": _fail, "Report": _report, "Wait": _wait}


class _Stream:
    """What all streams do: nothing, until they are closed."""

    def __init__(self, record: Record, sink: Sink) -> None:
        self.record = record
        self.sink = sink
        self.over = False

    def on_message(self, message: bytes) -> None:
        """One message arrived."""

    def on_half_closed(self) -> None:
        """Nothing more will."""

    def on_writable(self) -> None:
        """The sink takes more."""

    def on_closed(self, reason: str) -> None:
        """Remember how it ended; only the first word counts."""
        if not self.over:
            self.over = True
            self.record.closed.append(reason)


class _Sum(_Stream):
    """Counts what it is sent, and tells at the end."""

    def __init__(self, record: Record, sink: Sink) -> None:
        super().__init__(record, sink)
        self.count = self.bytes = 0
        self.hash = hashlib.sha256()

    def on_message(self, message: bytes) -> None:
        self.count += 1
        self.bytes += len(message)
        self.hash.update(message)

    def on_half_closed(self) -> None:
        total = {"count": self.count, "bytes": self.bytes, "sha256": self.hash.hexdigest()}
        self.sink.send(json.dumps(total).encode())
        self.sink.end(OK)


class _Count(_Stream):
    """Sends as many messages as its first message says, no faster than they are taken; then ends as that says."""

    left: Iterator[bytes] = iter(())
    status: Status | None = None

    def on_message(self, message: bytes) -> None:
        asked = json.loads(message)
        self.left = (pattern(asked["size"], seed) for seed in range(asked["count"]))
        self.status = _status(message) if "code" in asked else OK
        if asked.get("linger"):
            self.status = None
        self.on_writable()

    def on_writable(self) -> None:
        while self.sink.writable():
            body = next(self.left, None)
            if body is None:
                if self.status is not None:
                    self.sink.end(self.status)
                return
            self.sink.send(body)


class _Chat(_Stream):
    """Says back what it is told, until the caller has said everything."""

    def on_message(self, message: bytes) -> None:
        self.sink.send(message)

    def on_half_closed(self) -> None:
        self.sink.end(OK)


class _Linger(_Chat):
    """Never ends by itself."""

    def on_half_closed(self) -> None:
        """Stay."""


class _Interrupt(_Stream):
    """Ends as its first message says, however much more is on its way."""

    def on_message(self, message: bytes) -> None:
        if message.startswith(b"{"):
            self.sink.end(_status(message))


class _Meet(_Stream):
    """Answers nobody until so many streams of this key are open as its first message says."""

    def on_message(self, message: bytes) -> None:
        self.record.meeting.append(self.met)
        if len(self.record.meeting) == int(message):
            for met in self.record.meeting:
                met()

    def met(self) -> None:
        """All are there; whoever has said everything hears it and leaves."""
        self.sink.send(b"met")
        self.sink.end(OK)


class _Refuse(_Stream):
    """Is refused as it opens: an answer of trailers alone."""

    def __init__(self, record: Record, sink: Sink) -> None:
        super().__init__(record, sink)
        raise RpcError(Code.PERMISSION_DENIED, "not for you", ((f"{PREFIX}why", "because"),))


_STREAMS: Final[dict[str, Callable[[Record, Sink], _Stream]]] = {
    "Sum": _Sum,
    "Count": _Count,
    "Chat": _Chat,
    "Linger": _Linger,
    "Interrupt": _Interrupt,
    "Meet": _Meet,
    "Refuse": _Refuse,
}
