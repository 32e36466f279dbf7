"""Who may connect to a principal at all: what `--attest`, `--sidecar-uid` and `--listen-host` come to together."""

from typing import Final

from meshtether.options.checks import Checks
from meshtether.options.model import Resolved
from principal.config import Attest
from principal.listening import is_loopback, unix_path

HEADER_METHODS: Final = frozenset({"header", "identity"})
"""Methods that believe a header, which only a sidecar in front can vouch for."""


def attestation(resolved: Resolved, checks: Checks, *, method: str) -> tuple[Attest, tuple[int, ...]]:
    """What to ask about each connection, and the user ids to accept (empty: any)."""
    uids = tuple(int(item) for item in resolved.items("sidecar-uid"))
    mode = Attest(resolved.text("attest"))
    if _is_unix(resolved, checks):
        _refuse_on_unix(resolved, checks, uids=bool(uids))
        return Attest.SOCKET_FILE, ()
    if mode is Attest.OFF:
        if uids:
            checks.refuse("sidecar-uid", "--attest=off asks the kernel nothing", "leave one of the two out")
        if method in HEADER_METHODS:
            _refuse_open_port(resolved, checks)
        return Attest.OFF, ()
    asked_for = resolved.given("attest") or bool(uids)
    return (Attest.NETNS, uids) if method in HEADER_METHODS or asked_for else (Attest.OFF, ())


def _is_unix(resolved: Resolved, checks: Checks) -> bool:
    host = resolved.text("listen-host")
    try:
        return unix_path(host) is not None
    except ValueError as error:
        checks.refuse("listen-host", "no absolute path", str(error))
        return False


def _refuse_on_unix(resolved: Resolved, checks: Checks, *, uids: bool) -> None:
    """Refuse what would need SO_PEERCRED: the sockets under a gRPC server are not ours to ask."""
    reason = "who opened a unix socket can't be asked under gRPC's server, which keeps its sockets to itself"
    remedy = "leave it out: the socket's mode 0600 admits its owner's processes only, so run both as one user"
    if uids:
        checks.refuse("sidecar-uid", reason, remedy)
    if resolved.given("attest") and resolved.text("attest") == Attest.NETNS:
        checks.refuse("attest", reason, remedy)


def _refuse_open_port(resolved: Resolved, checks: Checks) -> None:
    host = resolved.text("listen-host")
    if not is_loopback(host):
        checks.refuse(
            "attest",
            f"on {host or 'every interface'}, whoever reaches the port could claim to be any agent",
            "accepted: netns, or a --listen-host of 127.0.0.1 or unix:/PATH",
        )
