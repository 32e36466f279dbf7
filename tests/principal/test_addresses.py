"""The addresses of a network namespace, as the kernel lists them."""

import ipaddress
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from principal import addresses, netlink
from principal.netlink import NetlinkError


def part(*values: tuple[int, bytes], flags: int = 0x80, family: int = 2) -> bytes:
    body = struct.pack("=BBBBI", family, 8, flags, 0, 1)
    for number, value in values:
        body += struct.pack("=HH", 4 + len(value), number) + value + b"\0" * (-len(value) % 4)
    return netlink.question(addresses.RTM_NEWADDR, 0, 3, body)


def packed(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


DONE = netlink.question(netlink.DONE, 0, 3, struct.pack("=i", 0))


def test_addresses_are_read_until_the_last_part() -> None:
    data = part((1, packed("127.0.0.1")), (2, packed("127.0.0.1")), (3, b"lo\0")) + part((1, packed("::1")), family=10)
    assert addresses.parse_part(data, sequence=3) == (
        [ipaddress.ip_address(each) for each in ("127.0.0.1", "::1")],
        False,
    )
    assert addresses.parse_part(DONE, sequence=3) == ([], True)


def test_our_own_end_of_a_point_to_point_link_is_the_address() -> None:
    data = part((1, packed("10.0.0.2")), (2, packed("10.0.0.1")))
    assert addresses.parse_part(data, sequence=3)[0] == [ipaddress.ip_address("10.0.0.1")]


@pytest.mark.parametrize("flags", [0x40, 0x08])
def test_an_address_that_nobody_may_use_yet_is_left_out(flags: int) -> None:
    assert addresses.parse_part(part((1, packed("2001:db8::1")), flags=flags, family=10), sequence=3)[0] == []


def test_answers_to_other_questions_are_left_out() -> None:
    assert addresses.parse_part(part((1, packed("127.0.0.1"))), sequence=4) == ([], False)


def test_a_refusal_is_an_error() -> None:
    with pytest.raises(NetlinkError, match="13"):
        addresses.parse_part(netlink.question(netlink.ERROR, 0, 3, struct.pack("=i", -13)), sequence=3)


def test_loopback_comes_first_and_link_local_ipv6_not_at_all() -> None:
    texts = ["fe80::1", "10.0.0.1", "2001:db8::1", "127.0.0.1", "::1", "10.0.0.1"]
    found = addresses.usable([ipaddress.ip_address(text) for text in texts])
    assert [str(each) for each in found] == ["127.0.0.1", "::1", "10.0.0.1", "2001:db8::1"]


@given(st.binary(max_size=200))
def test_any_bytes_are_addresses_or_an_error(data: bytes) -> None:
    try:
        addresses.parse_part(data, sequence=3)
    except NetlinkError:
        return


@given(st.lists(st.ip_addresses(), max_size=100))
def test_what_is_usable_is_bounded_and_each_once(found: list[addresses.Address]) -> None:
    kept = addresses.usable(found)
    assert len(kept) == len(set(kept)) <= addresses.MAX_ADDRESSES
    assert set(kept) <= set(found)


def test_the_kernel_of_this_machine_knows_loopback() -> None:
    if not hasattr(socket, "AF_NETLINK"):
        pytest.skip("only Linux has netlink")
    from principal.kernel import Kernel

    kernel = Kernel()
    try:
        assert ipaddress.ip_address("127.0.0.1") in kernel.addresses()
    finally:
        kernel.close()
