"""Whose identity headers the principal believes beside its sidecar's: networks of peers, and attestation switched off.

A gateway in pods of its own calls from another network namespace. The principal believes it by the network that it
calls from (--header-peers), and so anybody else who reaches the port from there.
"""

from collections.abc import Iterator
from typing import Final

from mesh.configuration.identity import HEADER_METHODS, method
from mesh.configuration.settings import Component, Setting
from mesh.configuration.tls import LOOPBACK
from mesh.findings import Finding, Level
from mesh.networks import Network, is_private, parse_networks, shown
from mesh.world import Check, World

HEADER_PEERS: Final = "header-peers"
ATTEST: Final = "attest"
OFF: Final = "off"


def header_peers(component: Component) -> tuple[Network, ...]:
    """The networks whose peers' headers a principal believes; none where they cannot be read or are not known."""
    setting = component.given(HEADER_PEERS)
    try:
        return parse_networks(setting.text) if setting is not None and setting.text else ()
    except ValueError:
        return ()


def attests(component: Component) -> bool:
    """Whether a principal asks who opened a connection; argocd-agent's does not, and believes everybody."""
    attest = component.given(ATTEST)
    return not component.is_argocd_agent and (attest is None or attest.text != OFF)


def startable(world: World) -> Iterator[Finding]:
    """MT1922: principals that do not start as they are told to attest."""
    for principal in world.principals:
        attest, host = principal.given(ATTEST), principal.given("listen-host")
        if principal.is_argocd_agent or attest is None or host is None:
            continue
        if method(principal.given("auth")) not in HEADER_METHODS:
            continue
        if attest.text == OFF and _is_open(host):
            where = "the pod's own address" if host.pod_ip else host.text or "every interface"
            message = f"{attest.said} on {where}, where whoever reaches the port could claim to be any agent."
            yield attest.place.finding("MT1922", message)
        yield from _peers_for_nothing(principal, attest, host)


def _peers_for_nothing(principal: Component, attest: Setting, host: Setting) -> Iterator[Finding]:
    peers = principal.given(HEADER_PEERS)
    if peers is None or not peers.text:
        return
    if attest.text == OFF:
        message = f"{peers.said} beside {attest.said}, which believes everybody."
        yield peers.place.finding("MT1922", message, remedy="Leave --attest out.")
    elif host.text in LOOPBACK and not host.pod_ip:
        message = f"{peers.said}, and nobody beyond the pod reaches {host.text}."
        yield peers.place.finding("MT1922", message, remedy="Leave it out, or listen on the pod's own address.")


def _is_open(host: Setting) -> bool:
    """Whether others than the pod itself reach the listen host, as far as that is known."""
    if host.pod_ip:
        return True
    return host.text is not None and host.text not in LOOPBACK and not host.text.startswith("unix:")


def wide(world: World) -> Iterator[Finding]:
    """MT1923: networks of peers that are none, or that strangers are in."""
    for principal in world.principals:
        setting = principal.given(HEADER_PEERS)
        if setting is None or not setting.text:
            continue
        try:
            public = [each for each in parse_networks(setting.text) if not is_private(each)]
        except ValueError as error:
            yield setting.place.finding("MT1923", f"{setting.name} has {error}.", level=Level.ERROR)
            continue
        if public:
            message = f"{setting.name} has {shown(public)}, which is public: strangers have addresses there."
            yield setting.place.finding("MT1923", message)


CHECKS: Final[tuple[Check, ...]] = (startable, wide)
"""The checks of this file."""
