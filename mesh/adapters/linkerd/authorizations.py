"""Linkerd's policies for the principal's port: whether agents get in, and who else does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mesh.adapters.linkerd.authentications import (
    callers,
    entries,
    matches,
    means,
    resolve,
    strangers,
)
from mesh.adapters.linkerd.facts import DEFAULT_POLICY, DENY, POLICIES, POLICY
from mesh.adapters.linkerd.lookup import annotation, holding, meshed, policies
from mesh.adapters.linkerd.meanings import of_grant
from mesh.allowance import Allowance
from mesh.bundle import Field, Item, Selector, same_namespace
from mesh.configuration.settings import Component
from mesh.findings import Finding, Level, ObjectRef, missing
from mesh.world import Check, World

SHOWN_CALLERS: Final = 3
"""As many agents as a message names."""


def present(world: World) -> Iterator[Finding]:
    """MT1816: the Server of the intent, and a policy for it."""
    if world.intent is None:
        return
    for principal in world.principals:
        namespace, name = principal.item.namespace, principal.item.name
        held = holding(world, principal)
        if not held:
            message = f"No Server is about the port of {principal}, so that no policy holds for it."
            yield missing("MT1816", ObjectRef(f"{POLICY}/v1beta3", "Server", namespace, name), message)
        elif not any(_grants(world, server) for server in held):
            message = f"No AuthorizationPolicy says who may call {principal}."
            yield missing("MT1816", ObjectRef(f"{POLICY}/v1alpha1", "AuthorizationPolicy", namespace, name), message)


def allowed(world: World) -> Iterator[Finding]:
    """MT1208: agents that no policy lets in."""
    allowance, wanted = Allowance(), callers(world)
    for principal in world.principals:
        held = holding(world, principal)
        for server in held:
            if POLICIES.get(_access(server), False) or _access(server).endswith("-authenticated"):
                continue
            grants = list(_grants(world, server))
            asked = [of_grant(world, grant) for grant in grants]
            steps = 1 + sum(each.steps for meanings in asked for each in meanings)
            refused = []
            for caller in wanted:
                if not allowance.spend(steps):
                    break
                if not any(all(each.takes(caller) for each in meanings) for meanings in asked):
                    refused.append(caller.name)
            if refused:
                yield _shut(world, server, grants, refused, principal)
            yield from allowance.exceeded(server.root, "Linkerd's policies and agents")
        if not held:
            yield from _denied(world, principal)


def _denied(world: World, principal: Component) -> Iterator[Finding]:
    place = annotation(world, principal.workload, DEFAULT_POLICY) if principal.workload is not None else None
    if place is not None and place.text == DENY:
        yield place.finding("MT1208", f"{DEFAULT_POLICY} is {DENY}, and no Server is about the port of {principal}.")


def _shut(world: World, server: Item, grants: list[Item], refused: list[str], principal: Component) -> Finding:
    """The finding that callers do not get in, at what should let them."""
    more = f" and {len(refused) - SHOWN_CALLERS} more" if len(refused) > SHOWN_CALLERS else ""
    message = f"No policy lets {', '.join(refused[:SHOWN_CALLERS])}{more} in to {principal}."
    for grant in grants:
        for reference in grant.at("spec", "requiredAuthenticationRefs").items():
            item = resolve(world, grant, reference)
            if item is not None and item.kind == "MeshTLSAuthentication":
                return item.at("spec", "identities").finding("MT1208", message)
    at = grants[0].at("spec") if grants else server.at("spec")
    return at.finding("MT1208", message)


def _access(server: Item) -> str:
    """What holds for callers whom no policy lets in."""
    said = server.at("spec", "accessPolicy")
    return said.text or "" if said.exists else DENY


def _grants(world: World, server: Item) -> Iterator[Item]:
    """The policies that let somebody in to a Server."""
    found = world.once(_targeting)
    for policy in found.named.get(server.name, ()):
        if same_namespace(policy.namespace, server.namespace):
            yield policy
    for policy in found.whole:
        if same_namespace(policy.namespace, server.namespace):
            yield policy
    labels = server.labels if found.selecting else {}
    for older, selector in found.selecting:
        if same_namespace(older.namespace, server.namespace) and selector.takes(labels):
            yield older


@dataclass(frozen=True, slots=True)
class _Targeting:
    """Policies by what they are about."""

    named: Mapping[str, Sequence[Item]]
    """By a Server's name."""
    whole: Sequence[Item]
    """About their namespace."""
    selecting: Sequence[tuple[Item, Selector]]
    """About Servers with labels."""


def _targeting(world: World) -> _Targeting:
    named: dict[str, list[Item]] = {}
    whole, selecting = [], []
    for policy in policies(world, "AuthorizationPolicy"):
        target = policy.at("spec", "targetRef")
        kind, group, name = target.at("kind").text, target.at("group").text or "", target.at("name").text or ""
        if (kind, group) == ("Server", POLICY):
            named.setdefault(name, []).append(policy)
        elif (kind, group) == ("Namespace", "") and name == policy.namespace:
            whole.append(policy)
    for older in policies(world, "ServerAuthorization"):
        about = older.at("spec", "server")
        if about.at("name").text is not None:
            named.setdefault(about.at("name").text or "", []).append(older)
        if about.at("selector").exists:
            selecting.append((older, Selector.of(about.at("selector"))))
    return _Targeting(named, whole, selecting)


def unnamed(world: World) -> Iterator[Finding]:
    """MT1207: clients without an identity that get in."""
    for principal in world.principals:
        held = holding(world, principal)
        for server in held:
            said = server.at("spec", "accessPolicy")
            if POLICIES.get(said.text or ""):
                yield said.finding("MT1207", f"accessPolicy is {said.text} in {server.ref}.")
            for grant in _grants(world, server):
                yield from _open_to_all(world, grant)
        place = annotation(world, principal.workload, DEFAULT_POLICY) if principal.workload is not None else None
        if not held and place is not None and POLICIES.get(place.text or ""):
            message = f"{DEFAULT_POLICY} is {place.text} for {principal}, and no Server is about its port."
            yield place.finding("MT1207", message)


def _open_to_all(world: World, grant: Item) -> Iterator[Finding]:
    client = grant.at("spec", "client")
    for at in (client.at("unauthenticated"), client.at("meshTLS", "unauthenticatedTLS")):
        if at.boolean:
            yield at.finding("MT1207", f"{grant.ref} lets in clients without an identity.")
    references = grant.at("spec", "requiredAuthenticationRefs")
    if references.exists and not any(_names_somebody(world, grant, each) for each in references.items()):
        message = f"{grant.ref} asks for no identity: whoever has a fitting address gets in."
        yield references.finding("MT1207", message)


def _names_somebody(world: World, grant: Item, reference: Field) -> bool:
    """Whether a reference asks for an identity; one that leads nowhere lets in nobody."""
    item = resolve(world, grant, reference)
    return item is None or item.kind != "NetworkAuthentication"


def narrow(world: World) -> Iterator[Finding]:
    """MT1210: authentications that mean more than the agents."""
    for policy in _grants_of_principals(world):
        for reference in policy.at("spec", "requiredAuthenticationRefs").items():
            item = resolve(world, policy, reference)
            if item is not None and item.kind == "MeshTLSAuthentication":
                yield from _wide(world, item)
        for name in policy.at("spec", "client", "meshTLS", "identities").items():
            if any(matches(name.text or "", each.name) for each in strangers(world)):
                yield name.finding("MT1210", f"{name.name} is {name.shown}, which means {_whom(world)} as well.")


def _grants_of_principals(world: World) -> list[Item]:
    """Every policy for a principal's port, once."""
    found = [
        grant
        for principal in world.principals
        for server in holding(world, principal)
        for grant in _grants(world, server)
    ]
    return list({id(each.document): each for each in found}.values())


def _wide(world: World, item: Item) -> Iterator[Finding]:
    wanted = callers(world)
    for entry in entries(item):
        if any(means(item, entry, each) for each in strangers(world)):
            yield entry.finding("MT1210", f"{entry.name} is {_shown(entry)}, which means {_whom(world)} as well.")
        elif world.intent is not None and not any(means(item, entry, each) for each in wanted):
            message = f"{entry.name} is {_shown(entry)}, which means nobody who calls the principal of the intent."
            yield entry.finding("MT1210", message, level=Level.WARNING)


def _shown(entry: Field) -> str:
    named = f"{entry.at('kind').shown} {entry.at('name').shown}"
    return entry.shown if entry.text is not None else named


def _whom(world: World) -> str:
    return strangers(world)[0].name


def words(world: World) -> Iterator[Finding]:
    """MT1215: policies that Linkerd does not know."""
    for server in policies(world, "Server"):
        said = server.at("spec", "accessPolicy")
        if said.exists and said.text not in POLICIES:
            yield _unknown(said)
    for component, workload in meshed(world):
        place = annotation(world, workload, DEFAULT_POLICY)
        if place is not None and place.text not in POLICIES and component.side == "principal":
            yield _unknown(place)


def _unknown(place: Field) -> Finding:
    return place.finding("MT1215", f"{place.path[-1]} is {place.shown}; accepted: {', '.join(POLICIES)}.")


CHECKS: Final[tuple[Check, ...]] = (present, allowed, unnamed, narrow, words)
"""The checks of this file."""
