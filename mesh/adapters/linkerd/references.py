"""References of Linkerd's policies: whether they lead anywhere. A policy with one that does not is ignored."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.linkerd.authentications import resolve
from mesh.adapters.linkerd.facts import GATEWAY_API, POLICY, SERVED
from mesh.adapters.linkerd.lookup import policies
from mesh.bundle import Field, Item, Names
from mesh.findings import Finding, Level
from mesh.world import Check, World

TARGETS: Final = frozenset(
    {
        ("Server", POLICY),
        ("Namespace", ""),
        ("HTTPRoute", POLICY),
        ("HTTPRoute", GATEWAY_API),
        ("GRPCRoute", GATEWAY_API),
    }
)
"""What an AuthorizationPolicy can be about: kind and group."""

AUTHENTICATIONS: Final = frozenset(
    {("MeshTLSAuthentication", POLICY), ("NetworkAuthentication", POLICY), ("ServiceAccount", "")}
)
"""What an AuthorizationPolicy can ask for."""


def kinds(world: World) -> Iterator[Finding]:
    """MT1209: references to kinds that Linkerd does not take there."""
    for policy in policies(world, "AuthorizationPolicy"):
        target = policy.at("spec", "targetRef")
        if target.exists and _kind(target) not in TARGETS:
            yield _unusable(policy, target, f"Server of {POLICY}")
        for reference in policy.at("spec", "requiredAuthenticationRefs").items():
            if _kind(reference) not in AUTHENTICATIONS:
                yield _unusable(policy, reference, f"MeshTLSAuthentication of {POLICY}")
    for item in policies(world, "MeshTLSAuthentication"):
        for reference in item.at("spec", "identityRefs").items():
            if _kind(reference) not in {("ServiceAccount", ""), ("Namespace", "")}:
                yield _unusable(item, reference, "ServiceAccount or Namespace")


def _kind(reference: Field) -> tuple[str | None, str]:
    return reference.at("kind").text, reference.at("group").text or ""


def _unusable(item: Item, reference: Field, accepted: str) -> Finding:
    kind, group = _kind(reference)
    of = f"of {group}" if group else "of no group"
    message = f"{reference.name} of {item.ref} is a {kind or 'thing without a kind'} {of}; accepted: {accepted}."
    return reference.finding("MT1209", message)


def targets(world: World) -> Iterator[Finding]:
    """MT1209: policies about a Server or a namespace that is not there."""
    servers = Names((each.name, each.namespace) for each in policies(world, "Server"))
    for policy in policies(world, "AuthorizationPolicy"):
        target = policy.at("spec", "targetRef")
        name, kind = target.at("name"), _kind(target)
        if kind == ("Namespace", "") and policy.namespace and name.text != policy.namespace:
            message = f"{policy.ref} is about the namespace {name.shown}; it can only be about its own."
            yield name.finding("MT1209", message)
        if kind == ("Server", POLICY) and not servers.has(name.text or "", policy.namespace):
            yield _dangling(world, policy, name, "Server")
    for older in policies(world, "ServerAuthorization"):
        name = older.at("spec", "server", "name")
        if name.exists and not servers.has(name.text or "", older.namespace):
            yield _dangling(world, older, name, "Server")


def authentications(world: World) -> Iterator[Finding]:
    """MT1209: authentications that are not there."""
    for policy in policies(world, "AuthorizationPolicy"):
        for reference in policy.at("spec", "requiredAuthenticationRefs").items():
            kind = _kind(reference)
            if kind in AUTHENTICATIONS and kind[1] and resolve(world, policy, reference) is None:
                yield _dangling(world, policy, reference.at("name"), str(kind[0]))


def _dangling(world: World, item: Item, name: Field, kind: str) -> Finding:
    message = f"{item.ref} refers to the {kind} {name.shown}, which is not among the manifests."
    # It may be in the cluster, unless the manifests have others of its kind.
    known = world.intent is not None or kind in world.once(_kinds)
    return name.finding("MT1209", message, level=None if known else Level.WARNING)


def _kinds(world: World) -> frozenset[str]:
    """Kinds of Linkerd's policies of which there are objects."""
    return frozenset(kind for kind in SERVED if policies(world, kind))


def empty(world: World) -> Iterator[Finding]:
    """MT1209: policies that lack what they are made of."""
    for policy in policies(world, "AuthorizationPolicy"):
        for part in ("targetRef", "requiredAuthenticationRefs"):
            at = policy.at("spec", part)
            if not at.exists:
                yield at.finding("MT1209", f"{policy.ref} has no {part}, and is refused.")


CHECKS: Final[tuple[Check, ...]] = (kinds, targets, authentications, empty)
"""The checks of this file."""
