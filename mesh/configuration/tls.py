"""Who speaks TLS: behind a mesh neither side does, since the proxies do."""

from collections.abc import Iterator
from typing import Final

from mesh.configuration.identity import HEADER_METHODS, method
from mesh.configuration.settings import Component
from mesh.findings import Finding, Level
from mesh.world import Check, World

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
"""Addresses that only the pod itself reaches."""

CAPTURES_ALL: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  # named to be warned of
"""What a listen host may be to mean every interface."""


def agents_insecure(world: World) -> Iterator[Finding]:
    """MT1901: `insecure` where plaintext is meant."""
    for agent in world.agents:
        insecure = agent.given("insecure-tls")
        if insecure is not None and insecure.switch and not _plaintext(agent) and _meets_plaintext(world, agent):
            yield insecure.place.finding(
                "MT1901", f"{insecure.said}: TLS without verification, where the principal speaks plaintext."
            )


def agents_tls(world: World) -> Iterator[Finding]:
    """MT1902: agents that speak TLS to a proxy or principal that speaks plaintext."""
    if world.wiring is not None and not world.wiring.agent_plaintext:
        return
    for agent in world.agents:
        if world.bare and agent.get("server-address").text not in LOOPBACK:
            continue  # What it dials may be a gateway, which ends TLS.
        plaintext, insecure = agent.given("insecure-plaintext"), agent.given("insecure-tls")
        known = plaintext is not None and plaintext.switch is False
        if known and plaintext and not plaintext.is_set and _is_plaintext_by_itself(agent):
            continue
        if known and plaintext and not (insecure and insecure.switch) and _meets_plaintext(world, agent):
            said = plaintext.said if plaintext.is_set else "--insecure-plaintext is not set"
            yield plaintext.place.finding("MT1902", f"{said}: the agent speaks TLS, and its peer plaintext.")


def principals_tls(world: World) -> Iterator[Finding]:
    """MT1902: principals that read an identity header and speak TLS."""
    for principal in world.principals:
        plaintext = principal.given("insecure-plaintext")
        if plaintext is None or plaintext.switch is not False or method(principal.given("auth")) not in HEADER_METHODS:
            continue
        said = plaintext.said if plaintext.is_set else "--insecure-plaintext is not set"
        yield plaintext.place.finding("MT1902", f"{said}: no proxy can read an identity header into TLS.")


def exposed(world: World) -> Iterator[Finding]:
    """MT1912: principals that believe a header and listen on every interface."""
    for principal in world.principals:
        host = principal.given("listen-host")
        if host is None or host.text is None or method(principal.given("auth")) not in HEADER_METHODS:
            continue
        if host.text not in CAPTURES_ALL or _is_wanted(world, host.text):
            continue
        said = f"{host.name} is {host.text!r}" if host.is_set else "--listen-host is not set"
        # meshtether believes only what the kernel shows to be its sidecar; argocd-agent believes anybody.
        if principal.is_argocd_agent:
            message = f"{said}: the principal takes identity headers from whoever reaches it."
            yield host.place.finding("MT1912", message)
        else:
            message = f"{said}: whoever reaches the pod is answered, and attestation alone tells who is believed."
            yield host.place.finding("MT1912", message, level=Level.INFO)


def _is_wanted(world: World, host: str) -> bool:
    return world.wiring is not None and world.wiring.listen_host == host


def _plaintext(agent: Component) -> bool:
    return bool(agent.get("insecure-plaintext").switch)


def _is_plaintext_by_itself(agent: Component) -> bool:
    """Whether an agent that is told nothing speaks plaintext: meshtether's with `header:` does, argocd-agent's not."""
    return method(agent.given("creds")) == "header" and not agent.is_argocd_agent


def _meets_plaintext(world: World, agent: Component) -> bool:
    """Whether what the agent dials speaks plaintext: its sidecar, or a principal without TLS."""
    if method(agent.given("creds")) == "header":
        return True
    given = [principal.given("insecure-plaintext") for principal in world.principals]
    return any(each is not None and each.switch for each in given)


CHECKS: Final[tuple[Check, ...]] = (agents_insecure, agents_tls, principals_tls, exposed)
"""The checks of this file."""
