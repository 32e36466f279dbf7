"""The door that takes WebSockets."""

from principal.door.options import DoorOptions
from principal.door.server import OwnDoor
from principal.rpc import Service
from principal.tls import Tls
from tests.interop.cases import MAX_MESSAGE
from tests.interop.doors import LOOPBACK


def own_door(service: Service, tls: Tls | None = None, *, websocket: bool = True) -> OwnDoor:
    """A door on a free port of loopback, not started."""
    options = DoorOptions(max_message=MAX_MESSAGE, websocket=websocket)
    return OwnDoor(service, host=LOOPBACK, port=0, options=options, tls=tls)
