"""The question for one socket, the kernel's answer, and gRPC's word for a peer."""

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from principal import netlink, sockdiag
from principal.netlink import NetlinkError
from principal.sockdiag import Endpoint, Owned, parse_answer, parse_peer

LOCAL, REMOTE = Endpoint.of("127.0.0.1", 5000), Endpoint.of("127.0.0.1", 8443)

endpoints = st.builds(Endpoint.of, st.ip_addresses().map(str), st.integers(1, 65535))


def answer(local: Endpoint, remote: Endpoint | None, *, state: int = 1, uid: int = 1337, inode: int = 99) -> bytes:
    """A kernel's answer, as IPv6 with mapped addresses where one end is IPv4 and the other a hole."""
    family = 2 if local.address.version == 4 else 10
    source = local.address.packed.ljust(16, b"\0")
    target = (remote.address.packed if remote else b"").ljust(16, b"\0")
    ports = struct.pack(">HH", local.port, remote.port if remote else 0)
    body = struct.pack("=BBBB", family, state, 0, 0) + ports + source + target + b"\0" * 12
    return netlink.question(sockdiag.SOCK_DIAG_BY_FAMILY, 0, 7, body + struct.pack("=5I", 0, 0, 0, uid, inode))


def mapped(endpoint: Endpoint) -> Endpoint:
    return Endpoint(ipaddress.IPv6Address(b"\0" * 10 + b"\xff\xff" + endpoint.address.packed), endpoint.port)


@given(endpoints, endpoints)
def test_a_question_names_both_ends_and_nothing_else(local: Endpoint, remote: Endpoint) -> None:
    [message] = netlink.messages(sockdiag.lookup(local, remote, sequence=7))
    assert len(message.body) == 56
    family, protocol = struct.unpack_from("=BB", message.body)
    assert (family, protocol) == (2 if local.address.version == 4 else 10, 6)
    assert struct.unpack_from(">HH", message.body, 8) == (local.port, remote.port)
    assert message.body[12:28].startswith(local.address.packed)
    assert message.body[28:44].startswith(remote.address.packed)
    assert message.body[44:] == b"\0" * 4 + b"\xff" * 8


@given(endpoints, endpoints, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_an_answer_is_read_back(local: Endpoint, remote: Endpoint, uid: int, inode: int) -> None:
    if local.address.version != remote.address.version:
        return
    found = parse_answer(answer(local, remote, uid=uid, inode=inode), sequence=7)
    assert found == Owned(1, uid, inode, local, remote)


def test_a_socket_that_maps_ipv4_into_ipv6_has_ipv4_ends() -> None:
    found = parse_answer(answer(mapped(LOCAL), mapped(REMOTE)), sequence=7)
    assert found is not None
    assert (found.local, found.remote) == (LOCAL, REMOTE)


def test_a_listening_socket_has_no_other_end() -> None:
    found = parse_answer(answer(REMOTE, None, state=10), sequence=7)
    assert found is not None
    assert (found.remote, found.state_name) == (None, "listening")


def test_no_such_socket_is_none() -> None:
    assert parse_answer(netlink.question(netlink.ERROR, 0, 7, struct.pack("=i", -2)), sequence=7) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        netlink.question(netlink.ERROR, 0, 7, struct.pack("=i", -1)),
        netlink.question(netlink.ERROR, 0, 8, struct.pack("=i", -2)),
        netlink.question(sockdiag.SOCK_DIAG_BY_FAMILY, 0, 7, b"\0" * 71),
        netlink.question(netlink.DONE, 0, 7, b""),
        answer(LOCAL, REMOTE)[:-1],
    ],
    ids=["nothing", "refused", "to another question", "cut short", "only an end", "cut message"],
)
def test_what_is_no_answer_is_an_error(data: bytes) -> None:
    with pytest.raises(NetlinkError):
        parse_answer(data, sequence=7)


def test_an_answer_of_an_unknown_family_is_an_error() -> None:
    data = bytearray(answer(LOCAL, REMOTE))
    data[16] = 1
    with pytest.raises(NetlinkError):
        parse_answer(bytes(data), sequence=7)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_an_error(data: bytes) -> None:
    try:
        parse_answer(data, sequence=7)
    except NetlinkError:
        return


@pytest.mark.parametrize(
    ("peer", "end"),
    [
        ("ipv4:127.0.0.1:52668", "127.0.0.1:52668"),
        ("ipv6:%5B::1%5D:52668", "[::1]:52668"),
        ("ipv6:[::1]:1", "[::1]:1"),
        ("ipv6:[::ffff:127.0.0.1]:52668", "127.0.0.1:52668"),
        ("ipv6:%5B2001:db8::1%5D:65535", "[2001:db8::1]:65535"),
    ],
)
def test_a_peer_is_read_as_grpc_writes_it(peer: str, end: str) -> None:
    assert str(parse_peer(peer)) == end


@pytest.mark.parametrize(
    "peer",
    [
        "",
        "unix:",
        "unix:/run/hub.sock",
        "unix-abstract:x",
        "127.0.0.1:80",
        "ipv4:127.0.0.1",
        "ipv4:127.0.0.1:",
        "ipv4:127.0.0.1:0",
        "ipv4:127.0.0.1:65536",
        "ipv4:127.0.0.1:+1",
        "ipv4:127.0.0.1: 1",
        "ipv4:127.0.0.1:\u0661",
        "ipv4:127.1:80",
        "ipv4:0x7f000001:80",
        "ipv4:[127.0.0.1]:80",
        "ipv4:::1:80",
        "ipv6:::1:80",
        "ipv6:[::1:80",
        "ipv6:[fe80::1%eth0]:80",
        "ipv6:%5Bfe80::1%25eth0%5D:80",
        "vsock:1:2",
        "ipv4:" + "1" * 200,
    ],
)
def test_what_is_no_address_of_tcp_is_no_peer(peer: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each of these breaks another rule
        parse_peer(peer)


@given(endpoints)
def test_every_endpoint_is_read_back_from_grpcs_word_for_it(end: Endpoint) -> None:
    assert parse_peer(f"ipv{end.address.version}:{end}") == end


@given(st.text(max_size=80))
def test_any_text_is_a_peer_or_an_error(text: str) -> None:
    try:
        parse_peer(text)
    except ValueError:
        return
