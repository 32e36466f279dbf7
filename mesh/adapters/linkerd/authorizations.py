"""Linkerd's policies for the principal's port: whether agents get in, and who else does."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.linkerd.authentications import (
    Caller,
    authenticates,
    callers,
    entries,
    matches,
    means,
    resolve,
    strangers,
)
from mesh.adapters.linkerd.facts import DEFAULT_POLICY, DENY, POLICIES, POLICY
from mesh.adapters.linkerd.lookup import annotation, holding, meshed, policies
from mesh.bundle import Field, Item, label_selector_takes, same_namespace
from mesh.configuration.settings import Component
from mesh.findings import Finding, Level, ObjectRef, missing
from mesh.world import Check, World


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
    for principal in world.principals:
        held = holding(world, principal)
        for server in held:
            if POLICIES.get(_access(server), False) or _access(server).endswith("-authenticated"):
                continue
            grants = list(_grants(world, server))
            for caller in callers(world):
                if not any(_lets(world, grant, caller) for grant in grants):
                    yield _shut(world, server, grants, caller, principal)
        if not held:
            yield from _denied(world, principal)


def _denied(world: World, principal: Component) -> Iterator[Finding]:
    place = annotation(world, principal.workload, DEFAULT_POLICY) if principal.workload is not None else None
    if place is not None and place.text == DENY:
        yield place.finding("MT1208", f"{DEFAULT_POLICY} is {DENY}, and no Server is about the port of {principal}.")


def _shut(world: World, server: Item, grants: list[Item], caller: Caller, principal: Component) -> Finding:
    """The finding that `caller` does not get in, at what should let it."""
    message = f"No policy lets {caller.name} in to {principal}."
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
    for policy in policies(world, "AuthorizationPolicy"):
        target = policy.at("spec", "targetRef")
        if not same_namespace(policy.namespace, server.namespace):
            continue
        kind, group = target.at("kind").text, target.at("group").text or ""
        whole = (kind, group) == ("Namespace", "") and target.at("name").text == policy.namespace
        if whole or ((kind, group) == ("Server", POLICY) and target.at("name").text == server.name):
            yield policy
    for older in policies(world, "ServerAuthorization"):
        about = older.at("spec", "server")
        named = about.at("name").text == server.name
        selected = about.at("selector").exists and label_selector_takes(about.at("selector"), server.labels)
        if same_namespace(older.namespace, server.namespace) and (named or selected):
            yield older


def _lets(world: World, grant: Item, caller: Caller) -> bool:
    if grant.kind == "ServerAuthorization":
        return _client_takes(grant, caller)
    references = list(grant.at("spec", "requiredAuthenticationRefs").items())
    return all(authenticates(world, grant, each, caller) for each in references)


def _client_takes(grant: Item, caller: Caller) -> bool:
    client = grant.at("spec", "client")
    tls = client.at("meshTLS")
    if client.at("unauthenticated").boolean or tls.at("unauthenticatedTLS").boolean:
        return True
    namespace, account = caller.account
    named = any(matches(each, caller.name) for each in tls.at("identities").texts)
    return named or any(
        each.at("name").text == account and (each.at("namespace").text or grant.namespace) == namespace
        for each in tls.at("serviceAccounts").items()
    )


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
