"""Timers of an Envoy that end an agent's stream."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.envoy.bootstraps import Bootstrap, Chain
from mesh.adapters.envoy.facts import DEFAULT_ROUTE_TIMEOUT, DEFAULT_STREAM_IDLE
from mesh.adapters.envoy.fields import get, label, ns
from mesh.bundle import Field
from mesh.configuration.timing import heartbeat_findings
from mesh.durations import format_duration
from mesh.findings import Finding
from mesh.world import World

AGE: Final = ("common_http_protocol_options", "max_stream_duration")


def idle(world: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1301 and MT1910: what ends a stream on which nothing flows."""
    for chain in bootstrap.chains:
        if chain.manager is None:
            continue
        own = get(chain.manager, "stream_idle_timeout")
        overriding = [get(route, "route", "idle_timeout") for route in chain.routes]
        for timer in overriding:
            yield from heartbeat_findings(world, timer, ns(timer) or 0, f"idle_timeout of a route in {chain.name}")
        if overriding and all(each.exists for each in overriding):
            # A route's own timer replaces the connection manager's.
            continue
        if not own.exists:
            after = format_duration(DEFAULT_STREAM_IDLE)
            yield own.finding("MT1301", f"{label(own)} is not set in {chain.name}: a quiet stream ends after {after}.")
        else:
            yield from heartbeat_findings(world, own, ns(own) or 0, f"stream_idle_timeout of {chain.name}")


def age(_: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1303: what ends a stream whatever flows on it."""
    for chain in bootstrap.chains:
        if chain.manager is not None:
            yield from _aged(get(chain.manager, *AGE), chain.name)
        for route in chain.routes:
            limits = get(route, "route", "max_stream_duration")
            yield from _aged(get(limits, "max_stream_duration"), chain.name)
            yield from _aged(get(limits, "grpc_timeout_header_max"), chain.name)
    for cluster in bootstrap.clusters:
        yield from _aged(get(cluster.options, *AGE), cluster.title)


def _aged(timer: Field, where: str) -> Iterator[Finding]:
    if (ns(timer) or 0) > 0:
        message = f"{timer.path[-1]} is {timer.shown} in {where}: every stream ends at that age, heartbeats or not."
        yield timer.finding("MT1303", message)


def requests(_: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1304: timers for whole requests."""
    for chain in bootstrap.chains:
        if chain.manager is not None:
            yield from _request(chain)
        for route in chain.routes:
            if not get(route, "route").exists:
                continue
            timer = get(route, "route", "timeout")
            if not timer.exists:
                after = format_duration(DEFAULT_ROUTE_TIMEOUT)
                yield timer.finding("MT1304", f"{label(timer)} is not set in {chain.name}: {after} holds.")
            elif (ns(timer) or 0) > 0:
                yield timer.finding("MT1304", f"{label(timer)} is {timer.shown} in {chain.name}.")


def _request(chain: Chain) -> Iterator[Finding]:
    timer = get(chain.manager, "request_timeout") if chain.manager is not None else None
    if timer is not None and (ns(timer) or 0) > 0:
        message = f"request_timeout is {timer.shown} in {chain.name}: a stream without an answer by then is reset."
        yield timer.finding("MT1304", message)


CHECKS: Final = (idle, age, requests)
"""The checks of this file."""
