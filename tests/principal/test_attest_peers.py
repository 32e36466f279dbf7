"""Peers beyond our network namespace: believed for their address where somebody says so, and never for ours."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.networks import parse_networks
from principal import sockdiag
from principal.attest import Attestor, Rule
from principal.rpc import RpcError
from principal.sockdiag import Address, Endpoint, Owned
from tests.principal.test_attest import FakeKernel, fails, refusal_of

GATEWAYS = parse_networks("10.42.0.0/16,fd00:42::/48")
AT_POD = Endpoint.of("10.42.7.7", 8443)


def believing(answer: Callable[[], Owned | None] = lambda: None, *uids: int, own: str = "10.42.7.7") -> Attestor:
    """One that believes the pods of GATEWAYS, in a pod with one address of its own."""
    fake = FakeKernel(answer)
    fake.addresses = lambda: [Endpoint.of(own, 1).address]  # type: ignore[method-assign]
    return Attestor(fake, uids=uids, wall=lambda: 1000.0, monotonic=lambda: 0.0, networks=GATEWAYS)


@pytest.mark.parametrize("peer", ["ipv4:10.42.0.1:5000", "ipv6:%5Bfd00:42::1%5D:5000", "ipv6:[::ffff:10.42.0.1]:5000"])
def test_a_peer_of_a_believed_network_is_taken_and_counted_apart(peer: str) -> None:
    asked = believing()
    asked.check(peer=peer, own=AT_POD, method="/m")
    assert (asked.attested, asked.believed, list(asked.refusals)) == (0, 1, [])


@pytest.mark.parametrize("peer", ["ipv4:10.43.0.1:5000", "ipv4:8.8.8.8:5000", "ipv6:%5Bfd00:43::1%5D:5000"])
def test_a_peer_of_any_other_network_is_refused_and_told_which_are_believed(peer: str) -> None:
    refusal = refusal_of(believing(), peer, AT_POD)
    assert refusal.rule is Rule.ELSEWHERE
    assert "10.42.0.0/16,fd00:42::/48" in refusal.why


@pytest.mark.parametrize(
    ("owned", "rule"),
    [
        (Owned(1, 1000, 99, Endpoint.of("10.42.7.7", 5000), AT_POD), Rule.OTHER_USER),
        (Owned(8, 1337, 99, Endpoint.of("10.42.7.7", 5000), AT_POD), Rule.NOT_OPEN),
        (None, Rule.ELSEWHERE),
    ],
)
def test_our_own_pod_is_attested_as_ever_though_its_address_is_in_a_believed_network(
    owned: Owned | None, rule: Rule
) -> None:
    asked = believing(lambda: owned, 1337)
    assert refusal_of(asked, "ipv4:10.42.7.7:5000", AT_POD).rule is rule
    assert asked.believed == 0


def test_the_sidecar_is_attested_beside_believed_networks() -> None:
    asked = believing(lambda: Owned(1, 1337, 99, Endpoint.of("10.42.7.7", 5000), AT_POD), 1337)
    asked.check(peer="ipv4:10.42.7.7:5000", own=AT_POD, method="/m")
    assert (asked.attested, asked.believed) == (1, 0)


def test_a_peer_is_not_believed_when_the_kernel_cannot_be_asked() -> None:
    assert refusal_of(believing(fails), "ipv4:10.42.0.1:5000", AT_POD).rule is Rule.NO_ANSWER
    asked = believing()
    asked.addresses = fails  # type: ignore[assignment]
    assert "own addresses" in refusal_of(asked, "ipv4:10.42.0.1:5000", AT_POD).why


@given(st.ip_addresses(), st.integers(1, 65535))
def test_whoever_is_believed_is_in_a_believed_network_and_no_address_of_ours(address: Address, port: int) -> None:
    asked = believing()
    peer = f"ipv4:{address}:{port}" if address.version == 4 else f"ipv6:[{address}]:{port}"
    try:
        asked.check(peer=peer, own=AT_POD, method="/m")
        taken = True
    except RpcError:
        taken = False
    plain = sockdiag.parse_peer(peer).address
    assert taken == (any(plain in network for network in GATEWAYS) and plain != AT_POD.address)
