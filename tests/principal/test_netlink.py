"""Netlink messages: bounded, whatever the bytes say of themselves."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from principal import netlink
from principal.netlink import Message, NetlinkError


def test_a_question_is_a_message_of_its_own_length() -> None:
    data = netlink.question(20, netlink.DUMP, 7, b"body")
    assert struct.unpack_from("=IHHII", data) == (20, 20, 0x301, 7, 0)
    assert list(netlink.messages(data)) == [Message(20, 7, b"body")]


def test_messages_of_one_datagram_come_in_order_though_padded() -> None:
    first = netlink.question(20, 0, 1, b"abc")
    second = netlink.question(3, 0, 2, b"")
    assert [each.body for each in netlink.messages(first + b"\0" + second)] == [b"abc", b""]


@pytest.mark.parametrize(
    "data",
    [b"\0" * 15, struct.pack("=IHHII", 0, 2, 0, 1, 0), struct.pack("=IHHII", 17, 2, 0, 1, 0), b"\xff" * 64],
    ids=["cut header", "no length", "longer than the data", "all ones"],
)
def test_a_length_that_cannot_be_is_an_error(data: bytes) -> None:
    with pytest.raises(NetlinkError):
        list(netlink.messages(data))


@pytest.mark.parametrize("data", [struct.pack("=HH", 3, 1), struct.pack("=HH", 9, 1) + b"1234"])
def test_an_attribute_of_a_length_that_cannot_be_is_an_error(data: bytes) -> None:
    with pytest.raises(NetlinkError):
        list(netlink.attributes(data))


def test_attributes_are_numbers_and_values() -> None:
    data = struct.pack("=HH", 5, 1) + b"x\0\0\0" + struct.pack("=HH", 8, 2) + b"1234"
    assert list(netlink.attributes(data)) == [(1, b"x"), (2, b"1234")]


def test_a_refusal_has_the_number_that_errno_knows() -> None:
    assert Message(netlink.ERROR, 1, struct.pack("=i", -2)).refusal() == 2
    with pytest.raises(NetlinkError):
        Message(netlink.ERROR, 1, b"\0").refusal()


@given(st.binary(max_size=300))
def test_any_bytes_are_messages_or_an_error_and_never_more_than_there_are(data: bytes) -> None:
    try:
        found = list(netlink.messages(data))
    except NetlinkError:
        return
    assert sum(16 + len(each.body) for each in found) <= len(data)


@given(st.binary(max_size=100))
def test_any_bytes_are_attributes_or_an_error(data: bytes) -> None:
    try:
        found = list(netlink.attributes(data))
    except NetlinkError:
        return
    assert sum(4 + len(value) for _, value in found) <= len(data)
