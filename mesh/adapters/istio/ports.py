"""A Service port's protocol, as Istio takes it: whether an identity header can be set there at all."""

from collections.abc import Iterator, Mapping
from typing import Final

from mesh.bundle import Field
from mesh.findings import Finding, Level
from mesh.kubernetes.services import principal_ports
from mesh.world import Check, World

STANDARD: Final[Mapping[str, str]] = {
    "kubernetes.io/h2c": "http2",
    "kubernetes.io/ws": "http",
    "kubernetes.io/wss": "https",
}
"""Kubernetes' own values of appProtocol, and what Istio makes of them."""

KNOWN: Final = frozenset(
    {"http", "http2", "https", "tcp", "tls", "grpc", "grpc-web", "mongo", "mysql", "redis", "udp", "hbone"}
)
"""Protocols that a port's name or appProtocol can say; anything else is guessed for each connection."""

STREAMS: Final = frozenset({"grpc", "http2", "grpc-web"})
"""Protocols on which gRPC works and a header is set."""

_WHY: Final[Mapping[str, str]] = {
    "http": "HTTP/1.1 is spoken there, which gRPC cannot use",
    "": "the protocol is guessed for each connection",
}
_BYTES: Final = "bytes are forwarded, and no identity header is set"


def protocol(port: Field) -> str:
    """What Istio takes the port's protocol for; nothing when it guesses. appProtocol wins over the name."""
    said = port.at("appProtocol")
    name = (said.text if said.exists else port.at("name").text) or ""
    if said.exists:
        name = STANDARD.get(name, name)
    if name[:8].lower() == "grpc-web":
        return "grpc-web"
    word = name.partition("-")[0].lower()
    return word if word in KNOWN else ""


def carries_streams(port: Field) -> bool:
    """Whether the port's protocol is declared as one that carries gRPC."""
    return protocol(port) in STREAMS


def headers(world: World) -> Iterator[Finding]:
    """MT1104: ports of the principal's Services that leave no identity header."""
    for service, port in principal_ports(world):
        if carries_streams(port):
            continue
        kind = protocol(port)
        at = port.at("appProtocol") if port.at("appProtocol").exists else port.at("name")
        which = f"{at.path[-1]} is {at.shown}"
        if not port.at("appProtocol").exists and not port.at("name").exists:
            which = "neither appProtocol nor name is set"
        message = f"{which} at the port of {service.ref}: {_WHY.get(kind, _BYTES)}."
        yield at.finding("MT1104", message, level=None if kind else Level.WARNING)


CHECKS: Final[tuple[Check, ...]] = (headers,)
"""The checks of this file."""
