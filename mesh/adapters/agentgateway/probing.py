"""Keepalive as agentgateway has it, wherever it is written: TCP keepalive of the kernel, and HTTP/2 PINGs."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from mesh.adapters.agentgateway.generating import MAX_RETRIES
from mesh.bundle import Field
from mesh.configuration.keepalive import KeepaliveFields
from mesh.findings import Finding
from mesh.world import World

DEFAULTS: Final = (180, 180, 9)
"""Seconds, seconds and count that hold where a keepalive leaves them out."""

PING_FIELDS: Final = ("http2KeepaliveInterval", "http2KeepaliveTimeout")


def fields(block: Field) -> KeepaliveFields:
    """Where a block has its times and its count."""
    return KeepaliveFields(
        time=block.at("time"), interval=block.at("interval"), probes=block.at("retries"), defaults=DEFAULTS
    )


def limited(world: World) -> World:
    """The world with as many probes as the CRD takes."""
    if world.intent is None or world.intent.keepalive.tcp.probes <= MAX_RETRIES:
        return world
    settings = world.intent.keepalive
    settings = replace(settings, tcp=replace(settings.tcp, probes=MAX_RETRIES))
    return replace(world, intent=replace(world.intent, keepalive=settings))


def pings_found(world: World, interval: Field, timeout: Field) -> Iterator[Finding]:
    """MT1603 and MT1604: PINGs whose fields are taken for TCP keepalive's (T21, T22)."""
    wanted = world.intent.keepalive if world.intent is not None else None
    if wanted is not None and (interval.duration, timeout.duration) == (wanted.ping, wanted.ping_timeout):
        return
    if timeout.exists and not interval.exists:
        message = f"http2KeepaliveTimeout is {timeout.shown}, and without http2KeepaliveInterval no PING is sent."
        yield timeout.finding("MT1604", message)
    elif interval.duration is not None and timeout.duration is not None and timeout.duration > interval.duration:
        message = (
            f"http2KeepaliveTimeout ({timeout.shown}) is more than http2KeepaliveInterval ({interval.shown}): a PING "
            f"every {interval.shown}, and {timeout.shown} for its answer."
        )
        yield timeout.finding("MT1603", message)
