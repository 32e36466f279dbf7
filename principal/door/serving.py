"""What one connection's calls share: the service, who the peer is, and what it may ask for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from principal.attest import REFUSED
from principal.buckets import Buckets, Rate
from principal.door.call import Call, CallLimits, Gathered, Runtime
from principal.door.requests import Refused, read_request, refusal_headers, trailers_only
from principal.door.wire import Headers, Listener, Wire
from principal.rpc import CallInfo, Code, ConnectionInfo, Kind, Service, Status

YOUNG_RESETS: Final = Rate(100, 10)
"""Streams of one identity that are opened and reset within a second. A sidecar pools: whoever does more is refused by
name, long before the connection that all share would have to end."""

IDENTITIES_REMEMBERED: Final = 4096
"""Identities whose resets are counted, the last ones."""


class Deaf:
    """The listener of a call that was answered as it came: what still arrives on it is of no interest."""

    __slots__ = ()

    gathering = False

    def too_slow(self, seconds: float) -> None:
        """Pass over."""

    def on_data(self, data: bytes) -> None:
        """Pass over."""

    def on_half_closed(self) -> None:
        """Pass over."""

    def on_reset(self, why: str) -> None:
        """Pass over."""

    def on_writable(self) -> None:
        """Pass over."""


DEAF: Final = Deaf()


class Resets:
    """Counts rapid resets by identity, for a whole door. `header` is the field that tells the identity, or empty."""

    def __init__(self, header: str) -> None:
        self._header = header
        self._buckets = Buckets(YOUNG_RESETS, limit=IDENTITIES_REMEMBERED)

    def owner(self, headers: Headers, connection: str) -> int:
        """Whose call it is, as far as counting goes: a hash of whatever the header says, verified or not.

        Without it, the connection's by its id: who is nobody must not share a limit with everybody who is nobody.
        """
        return hash(next((value for name, value in headers if name == self._header), connection))

    def note(self, owner: int, now: float) -> None:
        """A stream of `owner` was reset as soon as it had come."""
        self._buckets.take(owner, now=now)

    def refused(self, owner: int, now: float) -> bool:
        """Whether `owner` has done so too often."""
        return self._buckets.wait(owner, now=now) > 0


@dataclass(frozen=True, slots=True)
class House:
    """What all connections of a door share."""

    service: Service
    limits: CallLimits
    runtime: Runtime
    resets: Resets
    clock: Callable[[], float]
    """Monotonic seconds."""
    gathered: Mapping[Kind, Gathered]


class Serving:
    """Begins the calls of one connection. One that is `refused` gets the same answer to each of them."""

    __slots__ = ("_house", "_refused", "info")

    def __init__(self, house: House, info: ConnectionInfo, *, refused: bool) -> None:
        self.info = info
        self._house = house
        self._refused = refused

    def open(self, headers: Headers, wire: Wire) -> Listener:
        """Begin a call; who listens to its wire."""
        try:
            request = read_request(headers)
        except Refused as refused:
            wire.send_trailers(refusal_headers(refused))
            return DEAF
        if self._refused:
            wire.send_trailers(trailers_only(Status(Code.UNAUTHENTICATED, REFUSED)))
            return DEAF
        info = CallInfo(metadata=request.metadata, connection=self.info)
        house = self._house
        call = Call(
            house.service,
            request,
            wire,
            info,
            limits=house.limits,
            gathered=house.gathered,
            runtime=house.runtime,
        )
        call.start()
        return call

    def most(self, headers: Headers) -> int:
        """Bytes of one message of a call with these headers."""
        method = next((value for name, value in headers if name == ":path"), "")
        return self._house.limits.most(self._house.service.kind(method))

    def too_large(self, wire: Wire, why: str) -> None:
        """Answer a request whose headers are too many to be looked at."""
        wire.send_trailers(trailers_only(Status(Code.RESOURCE_EXHAUSTED, why)))
