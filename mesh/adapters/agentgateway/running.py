"""What a running agentgateway says of itself (`/config_dump`): keepalive, PINGs, and whether policies have arrived.

Keys and values are read as every release since 1.0 writes them (T23).
"""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.agentgateway.files import File, dumped_policies, dumps, former, is_whole, listeners, part
from mesh.adapters.agentgateway.generating import GROUP, KIND
from mesh.adapters.agentgateway.probing import PING_FIELDS, fields, limited, pings_found
from mesh.bundle import Field, Item
from mesh.configuration.keepalive import keepalive_findings
from mesh.findings import Finding
from mesh.intent import Version
from mesh.world import Check, World

NEW_SPELLING: Final = Version(1, 3)
"""Since when a policy's parts are `tcp` and `http`; they were `tCP` and `hTTP`."""

MAX_COMPARED: Final = 10
"""Dumps that are compared with every policy among the manifests."""

COMPARED: Final = (
    ("tcp", ("keepalive", "time"), ("keepalives", "time")),
    ("tcp", ("keepalive", "interval"), ("keepalives", "interval")),
    ("tcp", ("keepalive", "retries"), ("keepalives", "retries")),
    ("http", ("http2KeepaliveInterval",), ("http2KeepaliveInterval",)),
    ("http", ("http2KeepaliveTimeout",), ("http2KeepaliveTimeout",)),
)
"""Fields of an AgentgatewayPolicy's frontend and backend, and where the proxy has them in memory."""


def checked(world: World) -> Iterator[Finding]:
    """Everything about dumps."""
    for number, dump in enumerate(dumps(world.bundle)):
        yield from _released(world, dump)
        known = listeners(dump)
        for policy in dumped_policies(dump):
            yield from _placed(world, known, policy)
            yield from _pinged(world, policy)
            yield from _probed(world, policy)
        if is_whole(dump):
            yield from _unprobed(dump)
            if number < MAX_COMPARED:
                yield from _arrived(world, dump)


def _released(world: World, dump: File) -> Iterator[Finding]:
    """MT1611: a proxy of another release than the intent's."""
    if world.intent is None:
        return
    wanted = world.intent.mesh.agentgateway
    written = dump.root.at("version", "version")
    release = _version(written.text)
    old = former(dump)
    if release is not None and release != wanted:
        yield written.finding("MT1611", f"The proxy is of release {written.shown}; the intent has {wanted}.")
    elif release is None and old is not None and wanted >= NEW_SPELLING:
        message = f"The proxy spells {old.path[-1]} as up to 1.2; the intent has {wanted}."
        yield old.finding("MT1611", message)


def _version(text: str | None) -> Version | None:
    try:
        return Version.parse(text or "")
    except ValueError:
        return None


def _placed(world: World, known: frozenset[tuple[str, str]], policy: Field) -> Iterator[Finding]:
    """MT1601: a policy for a Gateway that this proxy is not (T24); `known` are those that it is."""
    gateway = policy.at("target", "gateway")
    name, namespace = gateway.at("gatewayName"), gateway.at("gatewayNamespace")
    if name.text is None or namespace.text is None:
        return
    if not known and world.intent is not None:
        own = world.intent.gateway_of("agentgateway")
        known = frozenset({(own.name, own.namespace)}) if name.text == own.name else frozenset()
    if known and (name.text, namespace.text) not in known:
        there = ", ".join(f"{one} in {other}" for one, other in sorted(known)[:3])
        message = f"{_called(policy)} is for the Gateway {name.text} in {namespace.text}; the proxy is {there}."
        yield namespace.finding("MT1601", message)


def _pinged(world: World, policy: Field) -> Iterator[Finding]:
    """MT1603 and MT1604; up to 1.3 fields that are not set are null."""
    http = part(policy, "frontend", "http")
    yield from pings_found(world, *(http.at(each) for each in PING_FIELDS))


def _probed(world: World, policy: Field) -> Iterator[Finding]:
    """MT1609 and MT1916 to MT1920: TCP keepalive in memory."""
    for side in ("frontend", "backend"):
        block = part(policy, side, "tcp").at("keepalives")
        if block.at("enabled").boolean is False:
            yield block.at("enabled").finding("MT1609", f"{block.name} is switched off.")
        elif block.exists:
            yield from keepalive_findings(limited(world), fields(block))


def _unprobed(dump: File) -> Iterator[Finding]:
    """MT1609: a proxy without TCP keepalive on what it accepts."""
    if not any(part(each, "frontend", "tcp").at("keepalives").exists for each in dumped_policies(dump)):
        message = "The proxy has no policy with frontend TCP keepalive: connections that it accepts are not probed."
        yield dump.root.at("policies").finding("MT1609", message)


def _arrived(world: World, dump: File) -> Iterator[Finding]:
    """MT1611: policies among the manifests that the proxy has not, or has otherwise."""
    running: dict[tuple[str | None, str | None], list[Field]] = {}
    for each in dumped_policies(dump):
        name = each.at("name")
        running.setdefault((name.at("namespace").text, name.at("name").text), []).append(each)
    for policy in world.bundle.of(GROUP, KIND):
        for side in ("frontend", "backend"):
            if policy.at("spec", side).exists:
                yield from _same(policy, side, running.get((policy.namespace, policy.name), []), dump)


def _same(policy: Item, side: str, running: list[Field], dump: File) -> Iterator[Finding]:
    wanted = [
        (policy.at("spec", side, kind, *there), kind, here)
        for kind, there, here in COMPARED
        if policy.at("spec", side, kind, *there).exists
    ]
    for field, kind, here in wanted:
        found = [each for each in (part(one, side, kind).at(*here) for one in running) if each.exists]
        if not found:
            message = f"{policy.ref} sets {field.name}, and the proxy in {dump.root.document.source} has no such thing."
            yield field.finding("MT1611", message)
        elif not any(_equal(field, each) for each in found):
            message = f"{field.name} is {field.shown} in {policy.ref}, and {found[0].shown} in the proxy."
            yield found[0].finding("MT1611", message)


def _equal(one: Field, other: Field) -> bool:
    if one.duration is not None:
        return one.duration == other.duration
    return one.number is not None and one.number == other.number


def _called(policy: Field) -> str:
    name = policy.at("name", "name").text
    return f"The policy {name}" if name else "A policy"


CHECKS: Final[tuple[Check, ...]] = (checked,)
"""The check of this file."""
