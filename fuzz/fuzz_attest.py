"""Any bytes are the kernel's answer or an error, any text is a peer or an error; bounded by what is there.

The kernel is trusted; its answers are fuzzed all the same, since a fault in reading them would open the door.
"""

from collections.abc import Callable
from typing import TypeVar

from principal import addresses, netlink, sockdiag
from principal.attest import judge
from principal.netlink import NetlinkError
from principal.sockdiag import Endpoint, Owned

T = TypeVar("T")

PEER, OWN = Endpoint.of("127.0.0.1", 5000), Endpoint.of("127.0.0.1", 8443)
UIDS = frozenset({1337})
SEQUENCE = 7


def answer(data: bytes) -> None:
    """Read the bytes as an answer about one socket, as they are and as the body of a message."""
    for text in (data, netlink.question(sockdiag.SOCK_DIAG_BY_FAMILY, 0, SEQUENCE, data)):
        owned = _accepted(lambda text=text: sockdiag.parse_answer(text, sequence=SEQUENCE))
        if judge(owned, peer=PEER, own=OWN, uids=UIDS) is None and not _sidecars(owned):
            raise AssertionError(f"{owned} was taken for the sidecar's")


def listing(data: bytes) -> None:
    """Read the bytes as a list of addresses, as they are and as the body of a message."""
    for text in (data, netlink.question(addresses.RTM_NEWADDR, 0, SEQUENCE, data)):
        found = _accepted(lambda text=text: addresses.parse_part(text, sequence=SEQUENCE))
        if found is not None and len(addresses.usable(found[0])) > addresses.MAX_ADDRESSES:
            raise AssertionError("more addresses than are listened on")


def peer(data: bytes) -> None:
    """Read the bytes as gRPC's word for a peer."""
    try:
        end = sockdiag.parse_peer(data.decode("latin-1"))
    except ValueError:
        return
    if sockdiag.parse_peer(f"ipv{end.address.version}:{end}") != end:
        raise AssertionError(f"{data!r} became another peer by writing and reading it")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "attest answer": answer,
    "attest listing": listing,
    "attest peer": peer,
}


def _accepted(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except NetlinkError:
        return None


def _sidecars(owned: Owned | None) -> bool:
    return owned == Owned(sockdiag.ESTABLISHED, 1337, owned.inode, PEER, OWN) and owned.inode > 0 if owned else False
