"""Timeouts and retries for the principal's Service: what ends a stream that is meant to last."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.linkerd.facts import DURATION, RETRY, TIMEOUT, duration
from mesh.adapters.linkerd.lookup import profiles, routes
from mesh.bundle import Field, Item
from mesh.configuration.timing import heartbeat_findings
from mesh.durations import format_duration
from mesh.findings import Finding, Level
from mesh.kubernetes.services import principal_services
from mesh.world import Check, World

CUTTING: Final = {
    "request": "a whole request with its response, however much flows",
    "response": "a response, however much flows",
}
"""Timeouts that bound a stream's age, and what each is a time for."""

IDLE: Final = "idle"

ANY_PATH: Final = frozenset({"", ".*", "/.*", "^.*$", "^/.*$"})
"""Path conditions that every request meets."""

SUBSCRIBE: Final = "Subscribe"
"""The last part of the path of an agent's stream."""


def annotated(world: World) -> Iterator[Finding]:
    """MT1212, MT1910 and MT1215: timeouts by annotations on Services and routes."""
    for item in _annotated(world):
        for name, place in item.at("metadata", "annotations").entries():
            kind = name.removeprefix(TIMEOUT)
            if kind == name:
                continue
            ns = duration(place.text)
            if ns is None:
                yield place.finding("MT1215", f"{name} is {place.shown} at {item.ref}; accepted: {DURATION}.")
            elif kind == IDLE:
                yield from heartbeat_findings(world, place, ns, f"{name} of {item.ref}")
            elif ns > 0 and kind in CUTTING:
                message = f"{name} is {place.shown} at {item.ref}: the time for {CUTTING[kind]}."
                yield place.finding("MT1212", message)


def ruled(world: World) -> Iterator[Finding]:
    """MT1212: timeouts in the rules of routes."""
    for route in routes(world):
        for rule in route.at("spec", "rules").items():
            for name in ("request", "backendRequest"):
                at = rule.at("timeouts", name)
                if at.duration:
                    message = f"{at.name} is {at.shown} in {route.ref}: the time for {CUTTING['request']}."
                    yield at.finding("MT1212", message)


def profiled(world: World) -> Iterator[Finding]:
    """MT1212 and MT1213: timeouts and retries in ServiceProfiles."""
    for profile in profiles(world):
        for route in profile.at("spec", "routes").items():
            timeout, retried = route.at("timeout"), route.at("isRetryable")
            if timeout.duration:
                after = format_duration(timeout.duration)
                message = f"The route {route.at('name').shown} of {profile.ref} ends every request after {after}."
                yield timeout.finding("MT1212", message, level=_level(route))
            if retried.boolean:
                message = f"The route {route.at('name').shown} of {profile.ref} is retried."
                yield retried.finding("MT1213", message)


def _level(route: Field) -> Level | None:
    """Whether the route surely takes the stream; a condition that may not is a warning."""
    condition = route.at("condition", "pathRegex").text or ""
    return None if condition in ANY_PATH or SUBSCRIBE in condition else Level.WARNING


def retried(world: World) -> Iterator[Finding]:
    """MT1213: retries by annotations on Services and routes."""
    for item in _annotated(world):
        for name, place in item.at("metadata", "annotations").entries():
            if name.startswith(RETRY):
                yield place.finding("MT1213", f"{name} is {place.shown} at {item.ref}.")


def overridden(world: World) -> Iterator[Finding]:
    """MT1214: annotations that count for nothing beside a ServiceProfile."""
    profile = next(profiles(world), None)
    if profile is None:
        return
    for item in _annotated(world):
        for name, place in item.at("metadata", "annotations").entries():
            if name.startswith((TIMEOUT, RETRY)):
                message = f"{name} at {item.ref} is ignored: {profile.ref} takes its place."
                yield place.finding("MT1214", message)


def _annotated(world: World) -> list[Item]:
    """Where timeouts and retries for the principal's Service are annotated."""
    return [*principal_services(world), *routes(world)]


CHECKS: Final[tuple[Check, ...]] = (annotated, ruled, profiled, retried, overridden)
"""The checks of this file."""
