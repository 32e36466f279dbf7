"""A lab mesh whose sidecars let WebSockets through, as Istio's do for a port of which they know no protocol."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from mesh.lab import EnvoyMissing, LabConfig, LabMesh, find_envoy
from tests.conftest import missing

HTTP_OPTIONS: Final = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


@asynccontextmanager
async def sidecars(port: int, folder: Path, *, upgrades: bool = True) -> AsyncIterator[LabMesh]:
    """Two sidecars before the principal on `port`; without `upgrades` they read HTTP/1.1 but know no WebSocket."""
    try:
        find_envoy()
    except EnvoyMissing as error:
        missing(str(error))
    async with LabMesh(LabConfig(principal_port=port, agents=("agent-a",)), folder) as lab:
        for sidecar in (lab.principal_sidecar, *lab.sidecars.values()):
            await sidecar.stop()
            bootstrap = json.loads(sidecar.bootstrap_path.read_text())
            for part in _dicts(bootstrap):
                _loosen(part, upgrades=upgrades)
            sidecar.bootstrap_path.write_text(json.dumps(bootstrap))
            await sidecar.start()
        for sidecar in (lab.principal_sidecar, *lab.sidecars.values()):
            await sidecar.ready()
        yield lab


def _loosen(part: dict[str, Any], *, upgrades: bool) -> None:
    if "httpFilters" in part and upgrades:
        part["upgradeConfigs"] = [{"upgradeType": "websocket"}]
    if HTTP_OPTIONS in part:
        # What comes as HTTP/1.1 goes on as HTTP/1.1, and as HTTP/2 what comes so: by first bytes, for no ALPN says it.
        both: dict[str, Any] = {"httpProtocolOptions": {}, "http2ProtocolOptions": {}}
        kept = {key: value for key, value in part[HTTP_OPTIONS].items() if key != "explicitHttpConfig"}
        part[HTTP_OPTIONS] = {**kept, "useDownstreamProtocolConfig": both}
    part.pop("alpnProtocols", None)


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _dicts(each)
