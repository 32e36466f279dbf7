"""Networks are read strictly, and what would believe everybody is refused."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.networks import (
    LEAST_PREFIX,
    MAX_NETWORKS,
    PRIVATE,
    contains,
    is_private,
    parse_network,
    parse_networks,
    shown,
)

networks = st.ip_addresses().flatmap(
    lambda address: st.integers(0, address.max_prefixlen).map(
        lambda bits: ipaddress.ip_network(f"{address}/{bits}", strict=False)
    )
)


@given(networks)
def test_a_network_is_taken_as_it_is_written_or_refused(network: ipaddress.IPv4Network) -> None:
    try:
        read = parse_network(str(network))
    except ValueError:
        return
    assert read == network
    assert read.prefixlen >= LEAST_PREFIX[read.version]
    assert parse_networks(shown([read])) == (read,)


@given(st.text(max_size=80))
def test_no_text_makes_anything_but_a_network_or_a_reason(text: str) -> None:
    try:
        found, reason = parse_networks(text), "none"
    except ValueError as error:
        found, reason = (), str(error)
    assert reason.isprintable()
    assert all(each.prefixlen >= LEAST_PREFIX[each.version] for each in found)


def test_the_private_ranges_are_private_and_as_wide_as_it_gets() -> None:
    assert all(is_private(each) for each in PRIVATE)
    assert {each.version: min(p.prefixlen for p in PRIVATE if p.version == each.version) for each in PRIVATE} == (
        LEAST_PREFIX
    )
    assert not is_private(parse_network("203.0.113.0/24"))
    assert not is_private(parse_network("2001:db8::/32"))


def test_an_address_is_in_a_network_of_its_own_family_only() -> None:
    some = parse_networks("10.0.0.0/8, fd00::/8")
    assert contains(some, ipaddress.ip_address("10.9.9.9"))
    assert contains(some, ipaddress.ip_address("fd00::1"))
    assert not contains(some, ipaddress.ip_address("11.0.0.1"))
    assert not contains(some, ipaddress.ip_address("::ffff:10.0.0.1"))


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_text_is_no_networks(text: str) -> None:
    assert parse_networks(text) == ()


def test_a_list_names_the_member_that_cannot_be_read_and_has_an_end() -> None:
    with pytest.raises(ValueError, match=r"'10\.0\.0\.0/33'"):
        parse_networks("10.0.0.0/8,10.0.0.0/33")
    with pytest.raises(ValueError, match="at most"):
        parse_networks(",".join(["10.0.0.1"] * (MAX_NETWORKS + 1)))
