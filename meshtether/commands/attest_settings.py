"""Who may connect to a principal at all: what `--attest`, `--sidecar-uid` and `--listen-host` come to together."""

from typing import Final

from mesh.networks import Network, is_private, parse_network, shown
from meshtether.commands.socket_settings import CHOOSE_OWN, is_own
from meshtether.options.checks import Checks
from meshtether.options.model import Notice, Resolved
from principal.config import Attest, PrincipalConfig
from principal.listening import is_loopback, unix_path

HEADER_METHODS: Final = frozenset({"header", "identity"})
"""Methods that believe a header, which only a sidecar in front can vouch for."""

ONLY_THE_GATEWAY: Final = "a NetworkPolicy that lets only the gateway's pods to the port"
"""What has to stand in front of a port where others than the sidecar are believed."""


def attestation(resolved: Resolved, checks: Checks, *, method: str) -> tuple[Attest, tuple[int, ...]]:
    """What to ask about each connection, and the user ids to accept (empty: any)."""
    uids = tuple(int(item) for item in resolved.items("sidecar-uid"))
    mode = Attest(resolved.text("attest"))
    if _is_unix(resolved, checks):
        _refuse_on_unix(resolved, checks, uids=bool(uids))
        return Attest.SOCKET_FILE, uids
    if mode is Attest.OFF:
        if uids:
            checks.refuse("sidecar-uid", "--attest=off asks the kernel nothing", "leave one of the two out")
        if method in HEADER_METHODS:
            _refuse_open_port(resolved, checks)
        return Attest.OFF, ()
    asked_for = resolved.given("attest") or bool(uids)
    return (Attest.NETNS, uids) if method in HEADER_METHODS or asked_for else (Attest.OFF, ())


def header_peers(resolved: Resolved, checks: Checks, *, attest: Attest, method: str) -> tuple[Network, ...]:
    """The networks beyond this pod whose peers' headers are believed."""
    networks = tuple(map(parse_network, resolved.items("header-peers")))
    reason, remedy = _no_use_for_peers(attest, method)
    if networks and reason:
        checks.refuse("header-peers", reason, remedy)
    elif networks and is_loopback(resolved.text("listen-host")):
        host = resolved.text("listen-host")
        checks.refuse(
            "header-peers",
            f"nobody beyond this pod reaches {host}",
            "accepted: a --listen-host that they reach, the pod's own address",
        )
    return networks


def _no_use_for_peers(attest: Attest, method: str) -> tuple[str, str]:
    """Why networks of peers would mean nothing, and what to do about it; empty where they mean something."""
    if method not in HEADER_METHODS:
        return f"{method or 'no method'} believes no header, whoever sends it", "leave it out"
    if attest is Attest.OFF:
        return "with --attest=off everybody's header is believed", "leave --attest=off out"
    if attest is Attest.SOCKET_FILE:
        return "a unix socket has no peers in networks", "leave one of the two out"
    return "", ""


def peer_notices(config: PrincipalConfig) -> list[Notice]:
    """What an operator should know whose principal believes headers from beyond its pod."""
    if not config.header_peers:
        return []
    because = "whoever reaches the port from there can claim to be any agent"
    facts = {"networks": shown(config.header_peers), "because": because}
    found = [Notice("identity headers are believed from beyond this pod", {**facts, "remedy": ONLY_THE_GATEWAY})]
    public = [each for each in config.header_peers if not is_private(each)]
    if public:
        facts = {"networks": shown(public), "because": "strangers have addresses there", "remedy": "name your own"}
        found.append(Notice("identity headers are believed from public networks", facts))
    return found


def _is_unix(resolved: Resolved, checks: Checks) -> bool:
    host = resolved.text("listen-host")
    try:
        return unix_path(host) is not None
    except ValueError as error:
        checks.refuse("listen-host", "no absolute path", str(error))
        return False


def _refuse_on_unix(resolved: Resolved, checks: Checks, *, uids: bool) -> None:
    """Refuse what can't be asked about a unix socket: never its peer's network, and its user in our own door only."""
    mine = "the socket's mode 0600 admits its owner's processes only, so run both as one user"
    if uids and not is_own(resolved):
        reason = "who opened a unix socket can't be asked under gRPC's server, which keeps its sockets to itself"
        checks.refuse("sidecar-uid", reason, f"set {CHOOSE_OWN}, or leave it out: {mine}")
    if not resolved.given("attest"):
        return
    if resolved.text("attest") == Attest.NETNS:
        remedy = f"leave it out: with {CHOOSE_OWN}, --sidecar-uid asks for the user; without, {mine}"
        checks.refuse("attest", "a unix socket has no ends in a network namespace", remedy)
    elif uids:
        checks.refuse("sidecar-uid", "--attest=off asks the kernel nothing", "leave one of the two out")


def _refuse_open_port(resolved: Resolved, checks: Checks) -> None:
    host = resolved.text("listen-host")
    if not is_loopback(host):
        checks.refuse(
            "attest",
            f"on {host or 'every interface'}, whoever reaches the port could claim to be any agent",
            "accepted: netns (with --header-peers for a gateway in pods of its own), or a --listen-host of 127.0.0.1 "
            "or unix:/PATH",
        )
