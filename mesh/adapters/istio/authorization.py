"""AuthorizationPolicy: whether agents get in, and who else does."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.istio.facts import SECURITY
from mesh.adapters.istio.generating import callers
from mesh.adapters.istio.lookup import security, selecting
from mesh.adapters.istio.sources import Caller, Rule
from mesh.allowance import Allowance
from mesh.bundle import Field, Item
from mesh.configuration.settings import Component
from mesh.findings import Finding, ObjectRef, missing
from mesh.world import Check, World

SCHEME: Final = "spiffe://"

SHOWN_CALLERS: Final = 3
"""As many agents as a message names."""

STRANGER: Final = Caller("somewhere-else.invalid", "somewhere-else", "somebody")
"""Somebody whom no policy means."""


def schemes(world: World) -> Iterator[Finding]:
    """MT1113: principals with `spiffe://`."""
    for item in security(world, "AuthorizationPolicy"):
        for rule in item.at("spec", "rules").items():
            for source in rule.at("from").items():
                for names in (source.at("source", "principals"), source.at("source", "notPrincipals")):
                    for name in names.items():
                        if (name.text or "").startswith(SCHEME):
                            yield name.finding("MT1113", f"{name.name} is {name.shown}.")


def allowed(world: World) -> Iterator[Finding]:
    """MT1111: agents that no ALLOW policy lets in, or that a DENY policy keeps out."""
    callers = _callers(world)
    for principal in world.principals:
        port = principal.get("listen-port").port
        items = _policies(world, principal) if port is not None else []
        if port is not None and items:
            yield from _left_out(principal, port, [each for each in items if _action(each) == "ALLOW"], callers)
            yield from _denied(port, [each for each in items if _action(each) == "DENY"], callers)


def _left_out(principal: Component, port: int, items: list[Item], callers: list[Caller]) -> Iterator[Finding]:
    """Callers to whom no ALLOW policy opens the port; without such a policy it is open."""
    if not items:
        return
    rules = _rules(items)
    named = frozenset(name for rule in rules if rule.is_to(port) for name in rule.named)
    allowance, steps = Allowance(), sum(rule.steps for rule in rules)
    refused = []
    for caller in (each for each in callers if each.identity not in named):
        if not allowance.spend(steps):
            yield from allowance.exceeded(items[0].root, "Rules of AuthorizationPolicies and agents")
            break
        if not any(rule.takes(caller, port) for rule in rules):
            refused.append(caller)
    if refused:
        shown = ", ".join(each.identity.removeprefix("/") for each in refused[:SHOWN_CALLERS])
        more = f" and {len(refused) - SHOWN_CALLERS} more" if len(refused) > SHOWN_CALLERS else ""
        at = _nearest(items[0], rules, refused[0], port)
        yield at.finding("MT1111", f"No ALLOW policy lets {shown}{more} in to port {port} of {principal}.")


def _denied(port: int, items: list[Item], callers: list[Caller]) -> Iterator[Finding]:
    """Rules of DENY policies that are about a caller."""
    allowance = Allowance()
    for item in items:
        for rule in _rules([item]):
            some = callers if rule.plain and rule.is_to(port) else []
            caller = next((each for each in some if allowance.spend(rule.steps) and rule.is_from(each)), None)
            if caller is not None:
                shown = caller.identity.removeprefix("/")
                yield rule.place.finding("MT1111", f"{item.ref} keeps {shown} out of port {port}.")
    for item in items[:1]:
        yield from allowance.exceeded(item.root, "Rules of AuthorizationPolicies and agents")


def _nearest(item: Item, rules: list[Rule], caller: Caller, port: int) -> Field:
    """The part of the first rule that does not take the caller: its ports when the source is right."""
    if not rules:
        return item.at("spec", "rules")
    rule = rules[0]
    return rule.place.at("to") if rule.is_from(caller) and not rule.is_to(port) else rule.place.at("from")


def narrow(world: World) -> Iterator[Finding]:
    """MT1112: ALLOW policies that let in strangers."""
    for principal in world.principals:
        port = principal.get("listen-port").port
        items = [each for each in _policies(world, principal) if _action(each) == "ALLOW"]
        for item in items if port is not None else []:
            if not item.at("spec", "selector", "matchLabels").mapping and world.intent is not None:
                at = item.at("spec", "selector")
                yield at.finding("MT1112", f"{item.ref} opens every pod of its namespace, not only the principal's.")
            for rule in _rules([item]):
                if rule.plain and port is not None and rule.takes(STRANGER, port):
                    message = f"A rule of {item.ref} lets anybody in to port {port}."
                    yield rule.place.at("from").finding("MT1112", message)
                elif world.intent is not None and not rule.is_narrow:
                    message = f"A rule of {item.ref} opens every port, not only {port}."
                    yield rule.place.at("to").finding("MT1112", message)


def present(world: World) -> Iterator[Finding]:
    """MT1816: the AuthorizationPolicy of the intent."""
    if world.intent is None:
        return
    for principal in world.principals:
        if not any(_action(each) == "ALLOW" for each in _policies(world, principal)):
            ref = ObjectRef(f"{SECURITY}/v1", "AuthorizationPolicy", principal.item.namespace, principal.item.name)
            yield missing("MT1816", ref, f"No AuthorizationPolicy says who may call {principal}.")


def _action(item: Item) -> str:
    action = item.at("spec", "action")
    return (action.text or "") if action.exists else "ALLOW"


def _rules(items: list[Item]) -> list[Rule]:
    return [Rule.of(rule) for item in items for rule in item.at("spec", "rules").items()]


def _policies(world: World, principal: Component) -> list[Item]:
    if principal.workload is None:
        return []
    items = security(world, "AuthorizationPolicy")
    return list(selecting(items, principal, "spec", "selector", "matchLabels"))


def _callers(world: World) -> list[Caller]:
    """Who must get in: as the intent says, else agents among the manifests, whose trust domain is not known."""
    if world.intent is not None:
        parts = [each.replace("*", "any-agent").split("/") for each in callers(world.intent)]
        return [Caller(domain, namespace, account) for domain, _, namespace, _, account in parts]
    workloads = [each.workload for each in world.agents if each.workload is not None]
    return list(dict.fromkeys(Caller("", each.namespace, each.service_account) for each in workloads))


CHECKS: Final[tuple[Check, ...]] = (schemes, allowed, narrow, present)
"""The checks of this file."""
