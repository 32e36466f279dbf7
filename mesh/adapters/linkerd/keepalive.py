"""Keepalive of Linkerd's proxies, as the annotation with their variables sets it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mesh.adapters.linkerd.facts import ADDITIONAL_ENV, DURATION, INBOUND_PORT, ONE_PORT, PROXY_ENV, duration
from mesh.adapters.linkerd.lookup import annotation, is_ours, meshed
from mesh.adapters.linkerd.proxies import (
    ACCEPT_KEEPALIVE,
    CONNECT_KEEPALIVE,
    KEEPALIVES,
    PREFIX,
    TIMES,
    agent_variables,
    principal_variables,
)
from mesh.bundle import Field
from mesh.configuration.settings import Component
from mesh.durations import SECOND, format_duration
from mesh.findings import Finding, Level
from mesh.kubernetes.policies import rules, selecting, takes_port
from mesh.manifests import read_documents
from mesh.world import Check, World

LEAST_PING_TIMEOUT: Final = 5 * SECOND
"""Nanoseconds; with the chart's 3s slow or busy gRPC peers lose their connections (linkerd2#13266)."""


def readable(world: World) -> Iterator[Finding]:
    """MT1215: annotations and variables that cannot be read."""
    for component, place in _places(world):
        listed = _listed(place)
        if listed is None:
            message = f"{PROXY_ENV} of {component} is no JSON list of variables with name and value."
            yield place.finding("MT1215", message, remedy=_remedy())
            continue
        for name, value in listed.items():
            if name.startswith(PREFIX) and name.endswith(TIMES) and duration(value) is None:
                message = f"{name} is {value!r} for {component}, and the proxy does not start; accepted: {DURATION}."
                yield place.finding("MT1215", message)


def _remedy() -> str:
    return f"""Write {PROXY_ENV}: '[{{"name": "{ACCEPT_KEEPALIVE}", "value": "60s"}}]'."""


def _places(world: World) -> Iterator[tuple[Component, Field]]:
    for component, workload in meshed(world):
        place = annotation(world, workload, PROXY_ENV)
        if place is not None:
            yield component, place


def _listed(place: Field) -> Mapping[str, str] | None:
    """The variables that the annotation lists, by name; those that come from elsewhere are left out. None: no list."""
    # YAML reads JSON; the list is put under a key, since a document is a mapping.
    manifests, faults = read_documents(f'{{"list": {place.text or ""}\n}}', place.document.source)
    listed: Any = manifests[0].data.get("list") if len(manifests) == 1 and not faults else None
    if not isinstance(listed, list) or not (place.text or "").lstrip().startswith("["):
        return None
    if not all(isinstance(each, Mapping) and isinstance(each.get("name"), str) for each in listed):
        return None
    return {each["name"]: each["value"] for each in listed if isinstance(each.get("value"), str)}


def effective(world: World) -> Iterator[Finding]:
    """MT1214: variables that count for nothing."""
    for component, place in _places(world):
        if world.intent is not None and world.intent.mesh.linkerd < ADDITIONAL_ENV:
            message = f"Linkerd {world.intent.mesh.linkerd} does not read {PROXY_ENV}; {ADDITIONAL_ENV} is the first."
            yield place.finding("MT1214", message)
        listed = _listed(place) or {}
        for base, where in KEEPALIVES:
            halves = {f"{base}_INTERVAL", f"{base}_TIMEOUT"} & set(listed)
            if len(halves) == 1:
                message = f"PINGs {where} of {component} have {halves.pop()} alone, and both halves are needed."
                yield place.finding("MT1214", message)


def plausible(world: World) -> Iterator[Finding]:
    """MT1216: PINGs that end connections of slow peers."""
    for component, place in _places(world):
        for base, where in KEEPALIVES:
            timeout = duration((_listed(place) or {}).get(f"{base}_TIMEOUT"))
            if timeout is None or timeout >= LEAST_PING_TIMEOUT:
                continue
            if world.intent is not None and timeout == world.intent.keepalive.ping_timeout:
                continue
            message = f"PINGs {where} of {component} have {format_duration(timeout)} for their answers."
            yield place.finding("MT1216", message)


def intended(world: World) -> Iterator[Finding]:
    """MT1920 and MT1817: keepalive that is another than the intent's."""
    if world.intent is None or world.intent.mesh.linkerd < ADDITIONAL_ENV:
        return
    for component, workload in meshed(world):
        is_principal = component.side == "principal"
        wanted = principal_variables(world.intent) if is_principal else agent_variables(world.intent)
        own = workload.pod.at("metadata", "annotations", PROXY_ENV)
        place = annotation(world, workload, PROXY_ENV)
        listed = _listed(place) if place is not None else {}
        if place is not None and listed is None:
            # MT1215 says so.
            continue
        for name, text in wanted.items():
            given = (listed or {}).get(name)
            if duration(given) != duration(text):
                code = "MT1920" if name in {ACCEPT_KEEPALIVE, CONNECT_KEEPALIVE} else "MT1817"
                said = f"is {given!r}" if given is not None else "is not set"
                message = f"{name} {said} for {component}; the intent comes to {text}."
                yield (place if place is not None else own).finding(code, message)


def ports(world: World) -> Iterator[Finding]:
    """MT1217: NetworkPolicies that shut the proxy's own port."""
    if world.intent is not None and world.intent.mesh.linkerd < ONE_PORT:
        return
    # Without an intent the release is not known.
    level = Level.WARNING if world.intent is None else None
    for component, workload in meshed(world):
        if component.side != "principal" or not is_ours(world, component):
            continue
        holding = selecting(world.bundle, workload, "Ingress")
        opened = [rule for policy in holding for rule in rules(policy, "Ingress") if takes_port(rule, INBOUND_PORT)]
        if holding and not opened:
            message = f"{holding[0].ref} lets nobody in to port {INBOUND_PORT}, where Linkerd's proxy takes what comes."
            yield holding[0].at("spec", "ingress").finding("MT1217", message, level=level)


CHECKS: Final[tuple[Check, ...]] = (readable, effective, plausible, intended, ports)
"""The checks of this file."""
