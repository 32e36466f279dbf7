"""Sidecar attestation: who is at the other end of a connection, by the kernel's word instead of a header's.

A header is worth as much as whoever may write it. The principal's port on loopback can be dialled by every process in
its pod, by `kubectl port-forward` and by debuggers; only the sidecar writes headers from certificates. So before any
header of a call is looked at, the kernel is asked for the *peer's* socket: it must be in our own network namespace,
open, and, with `--sidecar-uid`, made by the proxy's user.

A gateway in pods of its own is in another network namespace, of which our kernel knows nothing. `--header-peers` names
the networks whose peers are believed all the same: by their address alone, so whoever reaches the port from there is
the gateway. It never stands in for the kernel's word about our own pod.

The principal's own door asks once, as a connection is accepted, before it reads a byte of it (principal/door). Under
gRPC's server every call is looked up anew: that tells neither when a connection begins nor when it ends, so an answer
that was kept could be believed for a later connection from the same port; a lookup costs some ten microseconds, and an
agent makes three calls a connection.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

import structlog

from mesh.networks import Network, contains, shown
from principal import sockdiag
from principal.caps import Sparing
from principal.kernel import LookupFailed
from principal.rpc import Code, RpcError
from principal.sockdiag import Address, Endpoint, Owned, parse_peer

log = structlog.stdlib.get_logger(__name__)

REFUSALS_KEPT: Final = 32
"""Refusals that the admin API shows."""

MAX_SHOWN: Final = 128
"""Characters of a peer's address that a refusal repeats."""

REFUSED: Final = "this connection is not the sidecar's"
"""What the caller is told. It has no more to learn from us."""


class Rule(StrEnum):
    """Why a connection is refused."""

    ELSEWHERE = "peer-elsewhere"
    """No socket of our network namespace is the peer's: it came from outside the pod."""
    NOT_OPEN = "peer-not-open"
    """The peer has closed, or nobody holds its socket any more; the kernel would report user 0 for it."""
    OTHER_USER = "peer-not-the-sidecar"
    """The peer's socket was made by another user than --sidecar-uid names."""
    UNNAMED = "peer-unnamed"
    """The peer, or our own end, is no TCP address."""
    NO_ANSWER = "lookup-failed"
    """The kernel could not be asked, or its answer not be read."""


class Lookup(Protocol):
    """Who knows sockets: the kernel."""

    def owner(self, *, local: Endpoint, remote: Endpoint) -> Owned | None:
        """The socket of this network namespace with these two ends; LookupFailed."""

    def addresses(self) -> list[Address]:
        """This namespace's addresses that can be listened on; LookupFailed."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One connection that is not the sidecar's, or under gRPC's server a call on such."""

    rule: Rule
    why: str
    peer: str
    uid: int | None = None
    inode: int | None = None
    """Number of the peer's socket: `ss -tenp` names its process by it."""
    method: str = ""
    at: float = 0.0
    """Wall time in seconds since 1970."""


def judge(owned: Owned | None, *, peer: Endpoint, own: Endpoint, uids: Collection[int]) -> tuple[Rule, str] | None:
    """Why a peer of which the kernel says `owned` is not the sidecar; None when it is. Empty `uids` takes any user."""
    if owned is None or owned.local != peer or owned.remote != own:
        # For a connection that is not here the kernel may show a listening socket of that address instead.
        return Rule.ELSEWHERE, f"no socket of this network namespace is {peer} connected to {own}"
    if owned.state != sockdiag.ESTABLISHED or not owned.inode:
        return Rule.NOT_OPEN, f"the peer's socket is {owned.state_name}, inode {owned.inode}"
    if uids and owned.uid not in uids:
        return Rule.OTHER_USER, f"the peer's socket belongs to user {owned.uid}; accepted: {_listed(uids)}"
    return None


def _listed(uids: Collection[int]) -> str:
    return ", ".join(map(str, sorted(uids)))


class Attestor:
    """Asks about connections, counts and remembers. `wall` and `monotonic` give seconds."""

    def __init__(
        self,
        lookup: Lookup,
        *,
        uids: Collection[int],
        wall: Callable[[], float],
        monotonic: Callable[[], float],
        networks: Sequence[Network] = (),
    ) -> None:
        self.uids = frozenset(uids)
        self.networks = tuple(networks)
        """Of which peers beyond our network namespace are believed."""
        self.attested = 0
        """Connections whose peer was the sidecar; under gRPC's server, calls on such."""
        self.believed = 0
        """The same from beyond our network namespace, of one of `networks`."""
        self.refused: Counter[Rule] = Counter()
        """The same that were refused, by rule."""
        self.refusals: deque[Refusal] = deque(maxlen=REFUSALS_KEPT)
        """The last ones, the newest last."""
        self.addresses = lookup.addresses
        """This namespace's addresses; LookupFailed."""
        self._lookup = lookup
        self._wall = wall
        self._monotonic = monotonic
        self._sparing = Sparing()

    def check(self, *, peer: str, own: Endpoint | None, method: str) -> None:
        """UNAUTHENTICATED unless `admit` has nothing against a call of `method` on this connection."""
        if self.admit(peer=peer, own=own, method=method) is not None:
            raise RpcError(Code.UNAUTHENTICATED, REFUSED)

    def admit(
        self, *, peer: str, own: Endpoint | None, method: str = "", alive: Callable[[], bool] = lambda: True
    ) -> Refusal | None:
        """None if the peer, as gRPC writes it, is the sidecar, connected to our `own` end, or is of one of `networks`.

        Where our own end is not known there is nothing to look up, and the peer is refused. `alive` is asked after the
        kernel: whether our end is still connected, so that its answer was about this connection and not a later one
        between the same ports.
        """
        refusal = self._refusal(peer, own)
        if refusal is None and not alive():
            refusal = Rule.NOT_OPEN, "our own end of the connection is closed", None
        if refusal is None:
            self.attested += 1
            return None
        rule, why, owned = refusal
        if rule is Rule.ELSEWHERE and self.networks:
            not_believed = self._not_believed(peer)
            if not not_believed:
                self.believed += 1
                return None
            why = f"{why}, and {not_believed}"
        uid, inode = (owned.uid, owned.inode) if owned is not None and owned.inode else (None, None)
        return self._note(Refusal(rule, why, peer[:MAX_SHOWN], uid, inode, method, self._wall()))

    def admit_user(self, uid: int | None, *, peer: str, why: str = "") -> Refusal | None:
        """None if the process that opened a unix socket is of an accepted user; `why` is said where that is unknown."""
        if uid is None:
            return self._note(Refusal(Rule.NO_ANSWER, why, peer[:MAX_SHOWN], at=self._wall()))
        if self.uids and uid not in self.uids:
            told = f"the process that connected is of user {uid}; accepted: {_listed(self.uids)}"
            return self._note(Refusal(Rule.OTHER_USER, told, peer[:MAX_SHOWN], uid, at=self._wall()))
        self.attested += 1
        return None

    def _refusal(self, peer: str, own: Endpoint | None) -> tuple[Rule, str, Owned | None] | None:
        try:
            end = parse_peer(peer)
        except ValueError as error:
            return Rule.UNNAMED, str(error), None
        if own is None:
            return Rule.UNNAMED, "our own end of the connection is not known", None
        try:
            owned = self._lookup.owner(local=end, remote=own)
        except LookupFailed as error:
            return Rule.NO_ANSWER, str(error), None
        judged = judge(owned, peer=end, own=own, uids=self.uids)
        return None if judged is None else (*judged, owned)

    def _not_believed(self, peer: str) -> str:
        """Why a peer of which our kernel knows no socket is not believed for its address; empty when it is."""
        address = parse_peer(peer).address
        if not contains(self.networks, address):
            return f"--header-peers ({shown(self.networks)}) does not have {address}"
        try:
            # Whoever resets a connection from our own address at once is unknown to the kernel as well.
            ours = address.is_loopback or address in self.addresses()
        except LookupFailed as error:
            return f"our own addresses can't be told: {error}"
        return f"{address} is our own" if ours else ""

    def _note(self, refusal: Refusal) -> Refusal:
        self.refused[refusal.rule] += 1
        self.refusals.append(refusal)
        if refusal.rule is Rule.NOT_OPEN and not refusal.method:
            # It came and went, as TCP probes do. One that asks for something all the same is refused at each call.
            log.debug(
                "connection closed before it was looked at",
                rule=refusal.rule.value,
                why=refusal.why,
                peer=refusal.peer,
            )
            return refusal
        left_out = self._sparing.line(now=self._monotonic())
        if left_out is not None:
            log.warning(
                "connection refused: not the sidecar's",
                rule=refusal.rule.value,
                why=refusal.why,
                peer=refusal.peer,
                uid=refusal.uid,
                inode=refusal.inode,
                method=refusal.method,
                left_out=left_out,
            )
        return refusal
