"""The standard health service (grpc.health.v1), in front of the service that a door serves.

It asks nobody who they are: it tells whoever reaches the door whether agents are served, and reads no header. Orders of
magnitude fewer people watch it than agents are connected, so watchers have a limit of their own.
"""

from collections.abc import Callable
from typing import Final

from google.protobuf.message import DecodeError
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse, HealthListResponse

from hubproto import methods
from principal.rpc import CallInfo, Code, Kind, RpcError, Service, Sink, Status, StreamHandler, unavailable

CHECK: Final = "/grpc.health.v1.Health/Check"
LIST: Final = "/grpc.health.v1.Health/List"
WATCH: Final = "/grpc.health.v1.Health/Watch"

METHODS: Final = {CHECK: Kind.UNARY, LIST: Kind.UNARY, WATCH: Kind.STREAM}

MAX_WATCHERS: Final = 64
"""Watch streams at once. They need no identity, so no limit of an identity's holds them."""

CLOSING_PUSHBACK: Final = 0.5
"""Seconds that watchers are asked to wait when this process stops: about what its successor needs to listen."""

MAX_SHOWN: Final = 128
"""Characters of a service's name that an answer repeats."""

_SERVING: Final[int] = HealthCheckResponse.SERVING
_NOT_SERVING: Final[int] = HealthCheckResponse.NOT_SERVING
_UNKNOWN: Final[int] = HealthCheckResponse.SERVICE_UNKNOWN


class WithHealth:
    """Serves `service`, and the health of it; `serving` says whether it serves now, `changed` that this may differ."""

    def __init__(self, service: Service, *, serving: Callable[[], bool]) -> None:
        self._service = service
        self._serving = serving
        self._closed = False
        self._watchers: set[_Watcher] = set()
        known = (methods.AUTHENTICATE, methods.VERSION, methods.SUBSCRIBE)
        served = (method for method in known if service.kind(method) is not None)
        self.names: Final = frozenset({"", *(method.split("/")[1] for method in served)})
        """Names that can be asked for: the full names of what is served, and the empty one for all of it."""

    @property
    def watchers(self) -> int:
        """Open Watch streams."""
        return len(self._watchers)

    def kind(self, method: str) -> Kind | None:
        """How `method` is called; None when nobody here serves it."""
        return METHODS.get(method) or self._service.kind(method)

    async def unary(self, method: str, request: bytes, call: CallInfo) -> bytes:
        """Answer Check and List; the service answers the rest."""
        if method == CHECK:
            name = _name(request)
            if name not in self.names:
                raise RpcError(Code.NOT_FOUND, f"no service {name[:MAX_SHOWN]!r}; served: {', '.join(self._named())}")
            return self.answer(name)
        if method == LIST:
            answers = {name: HealthCheckResponse(status=self._status(name)) for name in self.names}
            listed: bytes = HealthListResponse(statuses=answers).SerializeToString()
            return listed
        return await self._service.unary(method, request, call)

    def open_stream(self, method: str, call: CallInfo, sink: Sink) -> StreamHandler:
        """Open a Watch; the service opens the rest."""
        if method != WATCH:
            return self._service.open_stream(method, call, sink)
        if self._closed:
            raise _closing()
        if len(self._watchers) >= MAX_WATCHERS:
            raise RpcError(Code.RESOURCE_EXHAUSTED, f"{MAX_WATCHERS} watch already; Check answers without a stream")
        watcher = _Watcher(self, sink)
        self._watchers.add(watcher)
        return watcher

    def changed(self) -> None:
        """Tell all watchers for whom something has changed."""
        for watcher in list(self._watchers):
            watcher.tell()

    def close(self) -> None:
        """Tell the watchers how it is now, and end their streams."""
        self._closed = True
        self.changed()
        for watcher in list(self._watchers):
            watcher.end(_closing().status)

    def answer(self, name: str) -> bytes:
        """The health of the service `name`."""
        answer: bytes = HealthCheckResponse(status=self._status(name)).SerializeToString()
        return answer

    def forget(self, watcher: "_Watcher") -> None:
        """A watcher's stream is over."""
        self._watchers.discard(watcher)

    def _status(self, name: str) -> int:
        if name not in self.names:
            return _UNKNOWN
        return _SERVING if self._serving() else _NOT_SERVING

    def _named(self) -> list[str]:
        return sorted(self.names - {""})


class _Watcher:
    """One Watch stream. It is told the health now and then each change, of which only the last counts."""

    def __init__(self, health: WithHealth, sink: Sink) -> None:
        self._health = health
        self._sink = sink
        self._name: str | None = None
        self._told = b""
        self._asked = False
        self._ended = False

    def on_message(self, message: bytes) -> None:
        """The request: the name to watch. There is exactly one."""
        if self._asked:
            self.end(Status(Code.UNIMPLEMENTED, "Watch takes one request; this is the second"))
            return
        self._asked = True
        try:
            self._name = _name(message)
        except RpcError as error:
            self.end(error.status)
            return
        self.tell()

    def on_half_closed(self) -> None:
        """The caller has asked; it goes on listening, unless it has asked nothing."""
        if not self._asked:
            self.end(Status(Code.UNIMPLEMENTED, "Watch takes one request; there was none"))

    def on_writable(self) -> None:
        """What changed while the caller took nothing can be told."""
        self.tell()

    def on_closed(self, reason: str) -> None:
        """The stream is over; why is nothing to us."""
        del reason
        self._ended = True
        self._health.forget(self)

    def tell(self) -> None:
        """Send how it is, if that is news to the caller."""
        if self._name is None or self._ended or not self._sink.writable():
            return
        answer = self._health.answer(self._name)
        if answer != self._told:
            self._told = answer
            self._sink.send(answer)

    def end(self, status: Status) -> None:
        """End the stream, once."""
        if not self._ended:
            self._ended = True
            self._sink.end(status)


def _name(request: bytes) -> str:
    try:
        name: str = HealthCheckRequest.FromString(request).service
    except DecodeError as error:
        raise RpcError(Code.INVALID_ARGUMENT, f"not a HealthCheckRequest: {error}") from error
    return name


def _closing() -> RpcError:
    return unavailable("the principal is shutting down", wait=CLOSING_PUSHBACK)
