"""How the principal tells who calls: a rule that can be used, that nobody else meets, and agents that fit it."""

from collections.abc import Iterator
from typing import Final

from mesh.bundle import shown
from mesh.configuration.settings import Component, Setting
from mesh.findings import Finding
from mesh.identity.confusions import confusions
from mesh.identity.rules import FORMS, IdentityRule, RuleError, parse_rule
from mesh.world import Check, World

HEADER_METHODS: Final = frozenset({"header", "identity"})
"""Methods of `--auth` that read a header; to agents both are called `header`."""

OTHER_METHODS: Final = frozenset({"mtls", "userpass"})
"""Methods of argocd-agent's that read none."""

SHOWN_CONFUSIONS: Final = 3
"""As many confusions as a message names; there are often a dozen."""


def method(setting: Setting | None) -> str:
    """The method of an `--auth` or `--creds`; nothing when it is not known."""
    return (setting.text or "").partition(":")[0] if setting is not None else ""


def header_rule(component: Component) -> IdentityRule | None:
    """The principal's identity rule; None when it has none, or one that cannot be used."""
    auth = component.given("auth")
    if auth is None or auth.text is None or method(auth) not in HEADER_METHODS:
        return None
    try:
        return parse_rule(auth.text)
    except RuleError:
        return None


def usable(world: World) -> Iterator[Finding]:
    """MT1904: rules that the principal does not take."""
    for principal in world.principals:
        auth = principal.given("auth")
        if auth is None or auth.text is None or method(auth) in OTHER_METHODS:
            continue
        if method(auth) not in HEADER_METHODS:
            said = f"{auth.name} is {shown(auth.text)}" if auth.is_set else "--auth is not set"
            yield auth.place.finding("MT1904", f"{said}; accepted: {FORMS}.")
            continue
        try:
            parse_rule(auth.text)
        except RuleError as error:
            yield auth.place.finding("MT1904", f"{auth.name}: {error}.")


def safe(world: World) -> Iterator[Finding]:
    """MT1903: rules that take somebody else for an agent."""
    for principal in world.principals:
        rule = header_rule(principal)
        found = confusions(rule) if rule is not None else []
        if not found:
            continue
        some = "; ".join(each.perturbation for each in found[:SHOWN_CONFUSIONS])
        more = f"; and {len(found) - SHOWN_CONFUSIONS} more" if len(found) > SHOWN_CONFUSIONS else ""
        auth = principal.get("auth")
        yield auth.place.finding(
            "MT1903",
            f"{auth.name} takes others for {found[0].agent}: {some}{more}.",
            remedy=_remedy(world),
        )


def _remedy(world: World) -> str:
    """The rule that the mesh's wiring has, when there is one."""
    return f"Write principal.auth: {world.wiring.auth!r}." if world.wiring is not None else ""


def fitting(world: World) -> Iterator[Finding]:
    """MT1914: agents with another method than the principal's."""
    methods = {method(principal.given("auth")) for principal in world.principals} - {""}
    if len(methods) != 1:
        return
    (asked,) = methods
    wanted = "header" if asked in HEADER_METHODS else asked
    for agent in world.agents:
        creds = agent.given("creds")
        given = method(creds)
        if creds is not None and creds.text is not None and given != wanted and (given or agent.complete):
            message = f"{creds.name} is {shown(creds.text)}, while the principal asks for {wanted}."
            yield creds.place.finding("MT1914", message)


CHECKS: Final[tuple[Check, ...]] = (usable, safe, fitting)
"""The checks of this file."""
