"""What a door is told to be."""

from dataclasses import dataclass, field

from principal.door.sockets import TcpOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorOptions:
    """One door's settings."""

    max_message: int
    """Bytes of one gRPC message, either way."""

    max_unary: int | None = None
    """Bytes of a unary call's request: it comes from somebody who has not been asked who he is. None: as of any."""

    ping_min_interval: float = 0.0
    """Seconds that must lie between two PINGs of a peer; 0 is no limit."""

    tcp: TcpOptions = field(default_factory=TcpOptions)
    """The sockets' timers."""

    websocket: bool = False
    """Whether calls may come by WebSocket too, on the same port."""

    identity_header: str = ""
    """The header that tells who calls: rapid resets are counted by it. Empty where none does."""
