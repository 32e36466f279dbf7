"""AuthorizationPolicy: whether agents get in, and who else does."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mesh.adapters.istio.facts import SECURITY
from mesh.adapters.istio.generating import callers
from mesh.adapters.istio.lookup import security, selecting
from mesh.bundle import Field, Item
from mesh.configuration.settings import Component
from mesh.findings import Finding, ObjectRef, missing
from mesh.world import Check, World

SCHEME: Final = "spiffe://"

STRANGER: Final = "somewhere-else.invalid/ns/somewhere-else/sa/somebody"
"""Somebody whom no policy means."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: an identity without its scheme, of Istio's form."""

    identity: str

    @property
    def parts(self) -> tuple[str, str, str]:
        """Trust domain, namespace and service account; nothing for what it does not have."""
        pieces = self.identity.split("/")
        fits = len(pieces) == 5 and (pieces[1], pieces[3]) == ("ns", "sa")
        return (pieces[0], pieces[2], pieces[4]) if fits else ("", "", "")


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
    for principal in world.principals:
        port = principal.get("listen-port").port
        items = _policies(world, principal)
        allowing = [each for each in items if (each.at("spec", "action").text or "ALLOW") == "ALLOW"]
        for caller in _callers(world):
            shown = caller.identity
            rules = [rule for each in allowing for rule in each.at("spec", "rules").items()]
            if allowing and port is not None and not any(_takes(rule, caller, port) for rule in rules):
                at = _nearest(allowing[0], caller, port)
                yield at.finding("MT1111", f"No ALLOW policy lets {shown} in to port {port} of {principal}.")
            for denying in (each for each in items if each.at("spec", "action").text == "DENY"):
                for rule in denying.at("spec", "rules").items():
                    if port is not None and _is_plain(rule) and _takes(rule, caller, port):
                        yield rule.finding("MT1111", f"{denying.ref} keeps {shown} out of port {port}.")


def _nearest(item: Item, caller: Caller, port: int) -> Field:
    """The part of the policy's first rule that does not take the caller: its ports when the source is right."""
    rules = item.at("spec", "rules")
    rule = next(rules.items(), None)
    if rule is None:
        return rules
    return rule.at("to") if _from(rule, caller) and not _to(rule, port) else rule.at("from")


def narrow(world: World) -> Iterator[Finding]:
    """MT1112: ALLOW policies that let in strangers."""
    for principal in world.principals:
        port = principal.get("listen-port").port
        for item in _policies(world, principal):
            if (item.at("spec", "action").text or "ALLOW") != "ALLOW" or port is None:
                continue
            if not item.at("spec", "selector", "matchLabels").mapping and world.intent is not None:
                at = item.at("spec", "selector")
                yield at.finding("MT1112", f"{item.ref} opens every pod of its namespace, not only the principal's.")
            for rule in item.at("spec", "rules").items():
                if _takes(rule, Caller(STRANGER), port) and _is_plain(rule):
                    message = f"A rule of {item.ref} lets anybody in to port {port}."
                    yield rule.at("from").finding("MT1112", message)
                elif world.intent is not None and not _to_is_narrow(rule):
                    message = f"A rule of {item.ref} opens every port, not only {port}."
                    yield rule.at("to").finding("MT1112", message)


def _to_is_narrow(rule: Field) -> bool:
    operations = list(rule.at("to").items())
    return bool(operations) and all(each.at("operation", "ports").texts for each in operations)


def present(world: World) -> Iterator[Finding]:
    """MT1816: the AuthorizationPolicy of the intent."""
    if world.intent is None:
        return
    for principal in world.principals:
        if not [each for each in _policies(world, principal) if _is_allow(each)]:
            ref = ObjectRef(f"{SECURITY}/v1", "AuthorizationPolicy", principal.item.namespace, principal.item.name)
            yield missing("MT1816", ref, f"No AuthorizationPolicy says who may call {principal}.")


def _is_allow(item: Item) -> bool:
    return (item.at("spec", "action").text or "ALLOW") == "ALLOW"


def _policies(world: World, principal: Component) -> list[Item]:
    if principal.workload is None:
        return []
    items = security(world, "AuthorizationPolicy")
    return list(selecting(items, principal, "spec", "selector", "matchLabels"))


def _callers(world: World) -> list[Caller]:
    """Who must get in: as the intent says, else agents among the manifests, whose trust domain is not known."""
    if world.intent is not None:
        return [Caller(each.replace("*", "any-agent")) for each in callers(world.intent)]
    workloads = [each.workload for each in world.agents if each.workload is not None]
    return [Caller(f"cluster.local/ns/{each.namespace}/sa/{each.service_account}") for each in workloads]


_KNOWN: Final = frozenset({"from", "to"})
"""Parts of a rule that can be judged from manifests; `when` asks what only a request has."""


def _is_plain(rule: Field) -> bool:
    return set(rule.mapping) <= _KNOWN


def _takes(rule: Field, caller: Caller, port: int) -> bool:
    """Whether `rule` lets `caller` to `port`; conditions that only a request meets count as met."""
    return _from(rule, caller) and _to(rule, port)


def _from(rule: Field, caller: Caller) -> bool:
    sources = rule.at("from")
    if not sources.exists:
        return True
    return any(_is_source(each.at("source"), caller) for each in sources.items())


def _is_source(source: Field, caller: Caller) -> bool:
    trust_domain, namespace, account = caller.parts
    asked = (
        ("principals", caller.identity),
        ("namespaces", namespace),
        ("trustDomains", trust_domain),
    )
    for name, value in asked:
        if source.at(name).exists and not any(_matches(each, value) for each in source.at(name).texts):
            return False
        other = source.at(f"not{name[0].upper()}{name[1:]}")
        if any(_matches(each, value) for each in other.texts):
            return False
    accounts = source.at("serviceAccounts")
    names = {account, f"{namespace}/{account}"}
    return not accounts.exists or any(each in names for each in accounts.texts)


def _to(rule: Field, port: int) -> bool:
    operations = rule.at("to")
    if not operations.exists:
        return True
    return any(
        not each.at("operation", "ports").exists or str(port) in each.at("operation", "ports").texts
        for each in operations.items()
    )


def _matches(pattern: str, value: str) -> bool:
    """Istio's string matching: exact, prefix*, *suffix, or * for anything at all."""
    if pattern == "*":
        return value != ""
    if pattern.endswith("*"):
        return value.startswith(pattern[:-1])
    if pattern.startswith("*"):
        return value.endswith(pattern[1:])
    return pattern == value


CHECKS: Final[tuple[Check, ...]] = (schemes, allowed, narrow, present)
"""The checks of this file."""
