"""The principal behind Linkerd's proxy: whether it is reached, and whether it believes the right header and peer."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.linkerd.authentications import entries
from mesh.adapters.linkerd.facts import CLIENT_ID, PROXY_UID
from mesh.adapters.linkerd.generating import principal_identity
from mesh.adapters.linkerd.lookup import is_ours, meshed, policies
from mesh.adapters.linkerd.variables import ATTEST, PRINCIPAL_IDENTITY, SIDECAR_UID, Option, variable
from mesh.bundle import Field
from mesh.configuration.identity import header_rule
from mesh.configuration.settings import Component
from mesh.configuration.tls import LOOPBACK
from mesh.findings import Finding
from mesh.world import Check, World

GATEWAY: Final = "linkerd-gateway"
"""The service account of Linkerd's multicluster gateways."""


def loopback(world: World) -> Iterator[Finding]:
    """MT1201: principals that the proxy cannot reach."""
    for principal in world.principals:
        host = principal.given("listen-host")
        if host is not None and host.text in LOOPBACK and is_ours(world, principal):
            message = f"{host.name} is {host.text!r}, and Linkerd's proxy calls {principal} at the pod's own address."
            yield host.place.finding("MT1201", message)


def header(world: World) -> Iterator[Finding]:
    """MT1202: identity rules on a header that Linkerd does not set."""
    for principal in world.principals:
        rule = header_rule(principal)
        if rule is not None and rule.header != CLIENT_ID and is_ours(world, principal):
            auth = principal.get("auth")
            message = f"{auth.name} reads {rule.header}, which Linkerd leaves as the client wrote it."
            yield auth.place.finding("MT1202", message)


def gateways(world: World) -> Iterator[Finding]:
    """MT1219: principals that a gateway of Linkerd's may call, and that do not look behind it."""
    callers = _gateways(world)
    for principal in world.principals:
        trusted = principal.given("trusted-gateway")
        rule = header_rule(principal)
        if rule is None or rule.header != CLIENT_ID or trusted is None or trusted.text is None:
            continue
        named = {_account(each.strip()) for each in trusted.text.split(",")}
        # One finding is enough: all of them are cured in this place.
        left_out = next((each for each in callers if each not in named), None)
        if left_out is not None:
            said = "leaves it out" if trusted.text else "is not set"
            message = f"{left_out[0]} of {left_out[1]} may call, and --trusted-gateway {said} for {principal}."
            yield trusted.place.finding("MT1219", message)


def _gateways(world: World) -> list[tuple[str, str]]:
    """The accounts of multicluster gateways, with their namespaces, that a MeshTLSAuthentication lists."""
    found = []
    for item in policies(world, "MeshTLSAuthentication"):
        for entry in entries(item):
            if entry.text is not None:
                found.append(_account(entry.text))
            elif entry.at("kind").text == "ServiceAccount":
                found.append((entry.at("name").text or "", entry.at("namespace").text or item.namespace))
    return [each for each in found if each[0] == GATEWAY]


def _account(name: str) -> tuple[str, str]:
    """Service account and namespace of a Linkerd name whose account has no dots, as the gateways' has not."""
    account, _, rest = name.partition(".")
    return account, rest.partition(".")[0]


def peers(world: World) -> Iterator[Finding]:
    """MT1218 and MT1817: whom the principal's pod takes for its proxy."""
    for component, _ in meshed(world):
        if component.side != "principal" or component.is_argocd_agent:
            continue
        attest, uid = variable(component, ATTEST), variable(component, SIDECAR_UID)
        if attest is not None and attest.text != "netns":
            message = f"{_said(attest, ATTEST)}: whoever reaches the pod's address is believed."
            yield attest.finding("MT1218", message)
        if uid is not None and str(PROXY_UID) not in [each.strip() for each in (uid.text or "").split(",")]:
            message = (
                f"{_said(uid, SIDECAR_UID)}, and Linkerd's proxy runs as {PROXY_UID}: its connections are refused."
            )
            yield uid.finding("MT1218", message)
        yield from _unset(world, component, {ATTEST: "netns", SIDECAR_UID: str(PROXY_UID)})


def pinned(world: World) -> Iterator[Finding]:
    """MT1817: agents that ask their proxy for another server than the principal."""
    if world.intent is None or world.intent.gateways:
        return
    wanted = principal_identity(world.intent)
    for component, _ in meshed(world):
        if component.side != "agent" or component.is_argocd_agent:
            continue
        given = variable(component, PRINCIPAL_IDENTITY)
        if given is not None and given.text != wanted:
            message = f"{_said(given, PRINCIPAL_IDENTITY)}; the intent's principal is {wanted}."
            yield given.finding("MT1817", message)
        yield from _unset(world, component, {PRINCIPAL_IDENTITY: wanted})


def _unset(world: World, component: Component, wanted: dict[Option, str]) -> Iterator[Finding]:
    """MT1817: what the intent has and the container says nowhere."""
    names = {each.at("name").text for each in component.home.at("env").items()}
    for option, text in wanted.items():
        if world.intent is not None and option.variable not in names and variable(component, option) is None:
            message = f"{option.flag} is not set for {component}; behind Linkerd it is {text}."
            remedy = f"Write {{name: {option.variable}, value: {text!r}}} into the container's env."
            yield component.home.at("env").finding("MT1817", message, remedy=remedy)


def _said(place: Field, option: Option) -> str:
    return f"{option.flag} is {place.shown}"


CHECKS: Final[tuple[Check, ...]] = (loopback, header, gateways, peers, pinned)
"""The checks of this file."""
