"""The doors that the clients come in by, and the ways to them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mesh.lab import EnvoyMissing, LabConfig, LabMesh, find_envoy
from principal.door.options import DoorOptions
from principal.door.server import OwnDoor
from principal.door_grpcio import GrpcioDoor
from principal.rpc import Door, Service
from principal.tls import Tls
from tests.conftest import missing
from tests.interop.cases import MAX_MESSAGE
from tests.interop.clients import Target
from tests.interop.plain import PlainDoor
from tests.principal.certificates import FixedTls, write_roots

LOOPBACK: Final = "127.0.0.1"
IDENTITY_HEADER: Final = "x-identity"


@dataclass(frozen=True, slots=True)
class Way:
    """A door, and how clients reach it."""

    make: Callable[[Service, str, Tls | None], Door]
    """Service, host, TLS or None."""
    tls: bool = False
    unix: bool = False
    envoy: bool = False
    """Through two sidecars: plaintext to the first, TLS between them, plaintext to the door."""


def grpcio(service: Service, host: str, tls: Tls | None) -> Door:
    """The door that is the oracle."""
    return GrpcioDoor(service, host=host, port=0, max_message=MAX_MESSAGE, ping_min_interval=0.0, tls=tls)


def own(service: Service, host: str, tls: Tls | None) -> Door:
    """The principal's own door."""
    return OwnDoor(service, host=host, port=0, options=DoorOptions(max_message=MAX_MESSAGE), tls=tls)


WAYS: Final[dict[str, Way]] = {
    "grpcio": Way(grpcio),
    "grpcio-envoy": Way(grpcio, envoy=True),
    "own": Way(own),
    "own-tls": Way(own, tls=True),
    "own-unix": Way(own, unix=True),
    "own-envoy": Way(own, envoy=True),
}


def own_counting(service: Service, host: str, tls: Tls | None) -> Door:
    """The own door, told which header names an identity."""
    options = DoorOptions(max_message=MAX_MESSAGE, identity_header=IDENTITY_HEADER)
    return OwnDoor(service, host=host, port=0, options=options, tls=tls)


BESIDE: Final[dict[str, Way]] = {"core": Way(PlainDoor), "own-identity": Way(own_counting)}
"""Ways that the matrix does not take: the core alone is no gRPC, the other differs for abusers only."""


@asynccontextmanager
async def opened(way: Way, service: Service, folder: Path) -> AsyncIterator[Target]:
    """Open a door, and lead to it; `folder` is for its files."""
    async with AsyncExitStack() as stack:
        host = f"unix:{folder / 'door.sock'}" if way.unix else LOOPBACK
        door = way.make(service, host, FixedTls() if way.tls else None)
        await door.start()
        stack.push_async_callback(door.stop, 0.0)
        if not way.envoy:
            yield Target(door.address, *((write_roots(folder), "localhost") if way.tls else ()))
            return
        try:
            find_envoy()
        except EnvoyMissing as error:
            missing(str(error))
        config = LabConfig(principal_port=int(door.address.rpartition(":")[2]), agents=("agent-a",))
        lab = await stack.enter_async_context(LabMesh(config, folder / "lab"))
        yield Target(f"{LOOPBACK}:{lab.agent_port('agent-a')}")
