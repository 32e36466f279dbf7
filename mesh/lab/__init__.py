"""A real mesh on loopback: certificate authorities, SVIDs and one Envoy sidecar for each workload.

`async with LabMesh(LabConfig(principal_port=…, agents=("agent-a",)), directory) as mesh: …`; see docs/lab.md. Names are
loaded when they are first used: the classes that Envoy's configuration is built from take half a second to import.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mesh.lab.admin import AdminError as AdminError
    from mesh.lab.binary import EnvoyMissing as EnvoyMissing
    from mesh.lab.binary import find_envoy as find_envoy
    from mesh.lab.config import Authority as Authority
    from mesh.lab.config import Flavour as Flavour
    from mesh.lab.config import LabConfig as LabConfig
    from mesh.lab.config import LabConfigError as LabConfigError
    from mesh.lab.config import Workload as Workload
    from mesh.lab.config import XfccDetails as XfccDetails
    from mesh.lab.config import XfccMode as XfccMode
    from mesh.lab.credentials import Credentials as Credentials
    from mesh.lab.labmesh import LabMesh as LabMesh
    from mesh.lab.sidecar import Sidecar as Sidecar
    from mesh.lab.sidecar import SidecarError as SidecarError
    from mesh.lab.timers import Http2Keepalive as Http2Keepalive
    from mesh.lab.timers import TcpKeepalive as TcpKeepalive
    from mesh.lab.timers import TimerError as TimerError
    from mesh.lab.timers import Timers as Timers

_HOMES = {
    "AdminError": "admin",
    "Authority": "config",
    "Credentials": "credentials",
    "EnvoyMissing": "binary",
    "Flavour": "config",
    "Http2Keepalive": "timers",
    "LabConfig": "config",
    "LabConfigError": "config",
    "LabMesh": "labmesh",
    "Sidecar": "sidecar",
    "SidecarError": "sidecar",
    "TcpKeepalive": "timers",
    "TimerError": "timers",
    "Timers": "timers",
    "Workload": "config",
    "XfccDetails": "config",
    "XfccMode": "config",
    "find_envoy": "binary",
}
"""Public name -> the module of this package that holds it."""


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
