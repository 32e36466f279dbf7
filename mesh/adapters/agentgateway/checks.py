"""Checks of AgentgatewayPolicies, and the list of all of agentgateway's checks."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.agentgateway import identity, plain, running
from mesh.adapters.agentgateway.generating import GROUP, KIND, own_objects
from mesh.adapters.agentgateway.probing import PING_FIELDS, fields, limited, pings_found
from mesh.adapters.common.backends import ported
from mesh.adapters.common.believing import refused
from mesh.adapters.common.matching import intended
from mesh.bundle import Field, Item, same_namespace
from mesh.configuration.keepalive import keepalive_findings
from mesh.findings import Finding, Level
from mesh.intent import Version
from mesh.world import Check, World

SINCE: Final = {
    "port": Version(1, 4),
    "maxConnectionDuration": Version(1, 4),
    "http1HeaderCase": Version(1, 4),
    "http2MaxHeaderSize": Version(1, 4),
}
"""Fields that older releases do not have."""

UNSECTIONED: Final = frozenset({"tcp", "http", "tls", "connect", "proxyProtocol", "networkAuthorization"})
"""Parts of `frontend` that hold for a whole Gateway or port."""


def policies(world: World) -> list[Item]:
    """Every AgentgatewayPolicy."""
    return world.bundle.of(GROUP, KIND)


def _refs(policy: Item) -> Iterator[Field]:
    for name in ("targetRefs", "targetSelectors"):
        yield from policy.at("spec", name).items()


def placed(world: World) -> Iterator[Finding]:
    """MT1601: policies in another namespace than their target (T24)."""
    for policy in policies(world):
        for ref in policy.at("spec", "targetRefs").items():
            group, kind, name = (ref.at(each).text or "" for each in ("group", "kind", "name"))
            target = world.bundle.nearest(group, kind, namespace=policy.namespace, name=name)
            if target is not None and not same_namespace(target.namespace, policy.namespace):
                message = f"{policy.ref} targets {ref.at('name').shown}, which is in {target.namespace}."
                yield ref.finding("MT1601", message)
            elif target is None and world.intent is None and kind == "Gateway" and _looks_misplaced(policy):
                message = (
                    f"{policy.ref} means a Gateway {ref.at('name').shown} in the namespace {policy.namespace}, and "
                    "none is among the manifests; a proxy elsewhere does not see it."
                )
                yield ref.finding("MT1601", message, level=Level.WARNING)


def _looks_misplaced(policy: Item) -> bool:
    return bool(policy.at("spec", "frontend").exists and policy.namespace)


def attached(world: World) -> Iterator[Finding]:
    """MT1602: targets that the API server does not take for what the policy sets."""
    release = world.intent.mesh.agentgateway if world.intent is not None else None
    for policy in policies(world):
        spec = policy.at("spec")
        refs = list(_refs(policy))
        if spec.at("targetRefs").exists == spec.at("targetSelectors").exists:
            yield spec.finding("MT1602", f"{policy.ref} needs exactly one of targetRefs and targetSelectors.")
        if not any(spec.at(each).exists for each in ("traffic", "frontend", "backend")):
            yield spec.finding("MT1602", f"{policy.ref} sets none of traffic, frontend and backend.")
        kinds = sorted({ref.at("kind").text or "" for ref in refs})
        if len(kinds) > 1:
            yield spec.at("targetRefs").finding("MT1602", f"{policy.ref} targets {' and '.join(kinds)}: one kind each.")
        if not spec.at("frontend").exists:
            continue
        for ref in refs:
            if ref.at("kind").text != "Gateway":
                message = f"frontend is for a Gateway only, and {policy.ref} targets {ref.at('kind').shown}."
                yield ref.at("kind").finding("MT1602", message)
            whole = release is not None and release < SINCE["port"]
            if ref.at("sectionName").exists and (whole or UNSECTIONED & set(spec.at("frontend").mapping)):
                message = (
                    f"{policy.ref} has a sectionName, and frontend.tcp and frontend.http hold for a whole Gateway."
                )
                yield ref.at("sectionName").finding("MT1602", message)


def pings(world: World) -> Iterator[Finding]:
    """MT1603 and MT1604: PINGs whose fields are taken for TCP keepalive's (T21, T22)."""
    for policy in policies(world):
        http = policy.at("spec", "frontend", "http")
        yield from pings_found(world, *(http.at(each) for each in PING_FIELDS))


def versions(world: World) -> Iterator[Finding]:
    """MT1605: fields that this release does not have."""
    if world.intent is None:
        return
    release = world.intent.mesh.agentgateway
    for policy in policies(world):
        http = policy.at("spec", "frontend", "http")
        places = [ref.at("port") for ref in _refs(policy)] + [http.at(name) for name in SINCE if name != "port"]
        for at in places:
            since = SINCE[str(at.path[-1])]
            if at.exists and release < since:
                message = f"{at.name} is of agentgateway {since}; the intent has {release}."
                yield at.finding("MT1605", message)


def aged(world: World) -> Iterator[Finding]:
    """MT1606: streams that end by age."""
    for policy in policies(world):
        spec = policy.at("spec")
        for at in (
            spec.at("frontend", "http", "maxConnectionDuration"),
            spec.at("traffic", "timeouts", "request"),
            spec.at("backend", "http", "requestTimeout"),
        ):
            if at.duration:
                yield at.finding("MT1606", f"{policy.ref} ends streams after {at.shown}: {at.name}.")


def http1(world: World) -> Iterator[Finding]:
    """MT1607: HTTP/1.1 towards the principal."""
    for policy in policies(world):
        version = policy.at("spec", "backend", "http", "version")
        if version.text == "HTTP1":
            yield version.finding("MT1607", f"{policy.ref} makes the gateway speak HTTP/1.1 to its targets.")


def spelling(world: World) -> Iterator[Finding]:
    """MT1608: a standalone file's name in a policy."""
    for policy in policies(world):
        for part in ("frontend", "backend"):
            tcp = policy.at("spec", part, "tcp")
            if tcp.at("keepalives").exists:
                yield tcp.at("keepalives").finding("MT1608", f"{tcp.name}.keepalives is keepalive in a policy.")


def keepalive(world: World) -> Iterator[Finding]:
    """MT1916 to MT1920: TCP keepalive of policies."""
    capped = limited(world)
    for policy in policies(world):
        for part in ("frontend", "backend"):
            block = policy.at("spec", part, "tcp", "keepalive")
            if block.exists or (policy.at("spec", part).exists and world.intent is not None):
                yield from keepalive_findings(capped, fields(block))


def unprobed(world: World) -> Iterator[Finding]:
    """MT1609: accepted connections that nothing probes."""
    frontends = [each.at("spec", "frontend") for each in policies(world) if each.at("spec", "frontend").exists]
    for frontend in frontends:
        if world.intent is None and len(frontends) == 1 and not frontend.at("tcp", "keepalive").exists:
            message = "No frontend.tcp.keepalive is set: connections that the gateway accepts are not probed."
            yield frontend.finding("MT1609", message, level=Level.INFO)


CHECKS: Final[tuple[Check, ...]] = (
    intended(own_objects, optional={"ConfigMap"}),
    refused,
    placed,
    attached,
    pings,
    versions,
    aged,
    http1,
    spelling,
    keepalive,
    unprobed,
    ported,
    *identity.CHECKS,
    *plain.CHECKS,
    *running.CHECKS,
)
"""agentgateway's own checks."""
