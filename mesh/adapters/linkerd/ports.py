"""The principal's port as Linkerd's proxies read it: as HTTP, with an identity header, or as bytes, without one."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.linkerd.facts import (
    DEFAULT_OPAQUE,
    OPAQUE_PORTS,
    OPAQUE_PROTOCOLS,
    PROTOCOLS,
    SKIP_INBOUND,
    SKIP_OUTBOUND,
    STREAM_PROTOCOLS,
    port_ranges,
)
from mesh.adapters.linkerd.lookup import annotation, holding, listening, meshed, profiles, selecting
from mesh.bundle import Field
from mesh.findings import Finding, Level
from mesh.kubernetes.services import principal_ports
from mesh.world import Check, World

BYTES: Final = "its bytes are forwarded, and a client's own l5d-client-id passes"


def annotated(world: World) -> Iterator[Finding]:
    """MT1203: ports that an annotation makes opaque, or that are unless an annotation says otherwise."""
    for component, workload in meshed(world):
        if component.side != "principal":
            continue
        number, names = listening(component)
        if number is None:
            continue
        place = annotation(world, workload, OPAQUE_PORTS)
        if place is not None and _lists(place, number, names):
            message = f"{OPAQUE_PORTS} is {place.shown}: port {number} of {component} is opaque, so that {BYTES}."
            yield place.finding("MT1203", message)
        elif place is None and number in DEFAULT_OPAQUE and not holding(world, component):
            port = component.get("listen-port")
            message = f"Port {number} is opaque in Linkerd unless something says otherwise, so that {BYTES}."
            yield port.place.finding("MT1203", message)


def _lists(place: Field, number: int, names: frozenset[str]) -> bool:
    words = {each.strip() for each in (place.text or "").split(",")}
    numbers = ",".join(each for each in words if each[:1].isdigit())
    ranges = port_ranges(numbers) or []
    return bool(words & names) or any(low <= number <= high for low, high in ranges)


def declared(world: World) -> Iterator[Finding]:
    """MT1203: Services' ports that are declared as bytes, or as another protocol than gRPC's."""
    for service, port in principal_ports(world):
        said = port.at("appProtocol")
        if said.text is not None and said.text.lower() in OPAQUE_PROTOCOLS:
            yield said.finding("MT1203", f"appProtocol is {said.text} at the port of {service.ref}: {BYTES}.")
        elif said.text is not None and said.text.lower() == "http":
            message = f"appProtocol is {said.text} at the port of {service.ref}: HTTP/1.1 alone, which gRPC cannot use."
            yield said.finding("MT1203", message)
        place = service.at("metadata", "annotations", OPAQUE_PORTS)
        names = frozenset(filter(None, (port.at("name").text,)))
        number = port.at("port").number
        if place.text is not None and number is not None and _lists(place, number, names):
            # Newer releases let appProtocol win over the annotation.
            level = Level.WARNING if said.exists else None
            message = f"{OPAQUE_PORTS} is {place.shown} at {service.ref}: port {number} is opaque, so that {BYTES}."
            yield place.finding("MT1203", message, level=level)


def profiled(world: World) -> Iterator[Finding]:
    """MT1203: ports that a ServiceProfile makes opaque."""
    numbers = {port.at("port").number for _, port in principal_ports(world)}
    for profile in profiles(world):
        for each in profile.at("spec", "opaquePorts").items():
            text = each.text or ""
            number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 5 else each.number
            if number is not None and (number in numbers or not numbers):
                message = f"{profile.ref} makes port {number} opaque, so that {BYTES}."
                yield each.finding("MT1203", message)


def served(world: World) -> Iterator[Finding]:
    """MT1203 and MT1215: the protocol that a Server states."""
    for principal in world.principals:
        for server in holding(world, principal):
            said = server.at("spec", "proxyProtocol")
            if not said.exists or said.text in STREAM_PROTOCOLS:
                continue
            if said.text in PROTOCOLS:
                message = f"proxyProtocol is {said.text} in {server.ref}: gRPC is not read there, and no header is set."
                yield said.finding("MT1203", message)
            else:
                accepted = ", ".join(sorted(PROTOCOLS))
                yield said.finding("MT1215", f"proxyProtocol is {said.shown} in {server.ref}; accepted: {accepted}.")


def servers(world: World) -> Iterator[Finding]:
    """MT1211: Servers for a port that the principal's pods do not have."""
    for principal in world.principals:
        number, names = listening(principal)
        if principal.workload is None or number is None:
            continue
        declared_ports = {each for _, each, _ in principal.workload.ports()}
        declared_names = {name for name, _, _ in principal.workload.ports()}
        for server in selecting(world, principal):
            port = server.at("spec", "port")
            if port.number in {number, *declared_ports} or port.text in {*names, *declared_names}:
                continue
            message = f"{server.ref} is about port {port.shown}, and {principal} listens on {number}."
            yield port.finding("MT1211", message)


def lists(world: World) -> Iterator[Finding]:
    """MT1215: lists of ports that cannot be read."""
    for component, workload in meshed(world):
        for name in (SKIP_INBOUND, SKIP_OUTBOUND):
            place = annotation(world, workload, name)
            if place is not None and port_ranges(place.text) is None:
                message = f"{name} is {place.shown} for {component}; accepted: ports and ranges, such as 25,8000-8010."
                yield place.finding("MT1215", message)


CHECKS: Final[tuple[Check, ...]] = (annotated, declared, profiled, served, servers, lists)
"""The checks of this file."""
