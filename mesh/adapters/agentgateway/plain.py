"""Checks of agentgateway's configuration without a controller."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.agentgateway.files import File, standalones
from mesh.adapters.agentgateway.known import KNOWN
from mesh.adapters.agentgateway.probing import PING_FIELDS, fields, limited, pings_found
from mesh.adapters.common.embedded import lifting
from mesh.bundle import Field, shown
from mesh.configuration.keepalive import keepalive_findings
from mesh.findings import Finding
from mesh.nearest import nearest
from mesh.world import Check, World

MISSPELT: Final = {"keepalive": "keepalives"}
"""Names of policies for what has another name here: MT1608 tells them."""

MAX_COMPARED: Final = 50
"""Unknown fields of one file that are compared with the known ones; a file with more is something else."""

TIMEOUTS: Final = ("requestTimeout", "backendRequestTimeout")


def checked(world: World) -> Iterator[Finding]:
    """Everything about such files."""
    for file in standalones(world.bundle):
        for check in (_known, _pinged, _aged, _probed):
            yield from map(lifting(file.root), check(world, file))


def _known(_: World, file: File) -> Iterator[Finding]:
    """MT1608 and MT1610: fields that are not there."""
    told = 0
    for steps, names in KNOWN.items():
        for parent in _at(file.root, steps):
            others = [name for name in parent.mapping if name not in names and (steps or not name.startswith("x-"))]
            left = names - set(parent.mapping) if others else names
            for name in others:
                told += 1
                yield _unknown(parent, name, names, left if told <= MAX_COMPARED else frozenset())


def _unknown(parent: Field, name: str, names: frozenset[str], left: frozenset[str]) -> Finding:
    """The finding about one field; `left` are those that may be meant."""
    place = parent.at(name)
    if MISSPELT.get(name) in names:
        return place.finding("MT1608", f"{place.name} is {MISSPELT[name]} in a standalone file.")
    meant = nearest(name, left)
    message = f"{parent.name or 'The top'} has no field {shown(name)}" + (f"; {meant} is like it." if meant else ".")
    return place.finding("MT1610", message, remedy=f"Write {meant} instead of {shown(name)}." if meant else "")


def _at(field: Field, steps: tuple[str, ...]) -> Iterator[Field]:
    """The mappings at `steps` that there are."""
    if not steps:
        yield field
        return
    first, *rest = steps
    inner = [field.at(first)] if first != "*" else [*field.items(), *(value for _, value in field.entries())]
    for each in inner:
        if each.exists:
            yield from _at(each, tuple(rest))


def _pinged(world: World, file: File) -> Iterator[Finding]:
    """MT1603 and MT1604."""
    http = file.root.at("frontendPolicies", "http")
    yield from pings_found(world, *(http.at(each) for each in PING_FIELDS))


def _aged(_: World, file: File) -> Iterator[Finding]:
    """MT1606: streams that end by age."""
    places = [file.root.at("frontendPolicies", "http", "maxConnectionDuration")]
    for route in file.routes:
        places += [route.at("policies", "timeout", each) for each in TIMEOUTS]
        places += [each.at("policies", "http", "requestTimeout") for each in route.at("backends").items()]
    places += [each.at("policies", "http", "requestTimeout") for each in file.root.at("backends").items()]
    for at in places:
        if at.duration:
            yield at.finding("MT1606", f"Streams end after {at.shown}: {at.name}.")


def _probed(world: World, file: File) -> Iterator[Finding]:
    """MT1609 and MT1916 to MT1920: TCP keepalive."""
    for block in (
        file.root.at("frontendPolicies", "tcp", "keepalives"),
        file.root.at("config", "backend", "keepalives"),
    ):
        if not block.exists:
            continue
        if block.at("enabled").boolean is False:
            yield block.at("enabled").finding("MT1609", f"{block.name} is switched off.")
        else:
            yield from keepalive_findings(limited(world), fields(block))


CHECKS: Final[tuple[Check, ...]] = (checked,)
"""The check of this file."""
