"""Who is at the other end of a connection, asked as it is accepted."""

import asyncio
import contextlib
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
import uvloop

from mesh.networks import parse_networks
from principal.attest import Attestor, Rule
from principal.door.attesting import Gate, Peer, credentials, describe, is_established, socket_mode
from principal.door.sockets import TcpOptions, open_file, open_listeners
from principal.kernel import Kernel
from principal.sockdiag import Owned
from principal.socketfile import MODE, MODE_FOR_ALL, SocketFile
from tests.conftest import missing
from tests.principal.dialling import need_root
from tests.principal.test_attest import OWN, PEER, SIDECAR, FakeKernel, fails

SIDECAR_UID = 1337

Socket = socket.socket


@dataclass
class FakeSocket:
    """Answers every option with the same, or fails."""

    answer: bytes | Exception = b"\x01"

    def getsockopt(self, _level: int, _option: int, _size: int) -> bytes:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass
class Transport:
    """What asyncio knows of a connection."""

    peername: Any = ("127.0.0.1", 5000)
    sockname: Any = ("127.0.0.1", 8443)
    socket: Any = None

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return getattr(self, name, default)

    @classmethod
    def of(cls, sock: "Socket") -> "Transport":
        try:
            peer = sock.getpeername()
        except OSError:
            peer = None
        return cls(peer, sock.getsockname(), sock)


def attestor(answer: Callable[[], Owned | None] = lambda: SIDECAR, *uids: int, networks: str = "") -> Attestor:
    found = parse_networks(networks) if networks else ()
    return Attestor(FakeKernel(answer), uids=uids, wall=lambda: 7.0, monotonic=lambda: 0.0, networks=found)


def open_one() -> Transport:
    return Transport(socket=FakeSocket())


# What is made of the kernel's word


def test_the_sidecar_is_let_in_and_counted_once() -> None:
    asked = attestor()
    assert Gate(asked).admit(open_one()) == Peer("ipv4:127.0.0.1:5000", "ipv4:127.0.0.1:8443")
    assert (asked.attested, sum(asked.refused.values())) == (1, 0)


def test_the_kernel_is_asked_for_both_ends_as_the_accepted_socket_has_them() -> None:
    fake = FakeKernel()
    gate = Gate(Attestor(fake, uids=(), wall=lambda: 0.0, monotonic=lambda: 0.0))
    assert gate.admit(open_one()).refusal is None
    mapped = Transport(("::ffff:127.0.0.1", 5000, 0, 0), ("::ffff:127.0.0.1", 8443, 0, 0), FakeSocket())
    assert gate.admit(mapped).refusal is None
    assert fake.asked == [(PEER, OWN)] * 2


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (lambda: None, Rule.ELSEWHERE),
        (lambda: Owned(1, 0, 99, PEER, OWN), Rule.OTHER_USER),
        (lambda: Owned(4, 0, 0, PEER, OWN), Rule.NOT_OPEN),
        (fails, Rule.NO_ANSWER),
    ],
)
def test_a_refusal_is_told_counted_and_logged_but_never_raised(answer: Callable[[], Owned | None], rule: Rule) -> None:
    asked = attestor(answer, SIDECAR_UID)
    with structlog.testing.capture_logs() as logs:
        peer = Gate(asked).admit(open_one())
    assert peer.refusal is asked.refusals[-1]
    assert (peer.refusal.rule, peer.refusal.method, peer.refusal.at) == (rule, "", 7.0)
    assert peer.description == "ipv4:127.0.0.1:5000"
    assert [entry["rule"] for entry in logs] == [rule.value]
    assert (asked.attested, asked.refused) == (0, {rule: 1})


@pytest.mark.parametrize("answer", [b"\x07", b"\x08", b"", OSError("gone"), TypeError("no socket")])
def test_an_answer_is_worth_nothing_once_our_own_end_is_closed(answer: bytes | Exception) -> None:
    peer = Gate(attestor()).admit(Transport(socket=FakeSocket(answer)))
    assert peer.refusal is not None
    assert peer.refusal.rule is Rule.NOT_OPEN


@pytest.mark.parametrize(
    "transport",
    [
        Transport(peername=None, socket=FakeSocket()),
        Transport(peername=("fe80::1%eth0", 5000, 0, 2), sockname=("fe80::2%eth0", 8443, 0, 2), socket=FakeSocket()),
        Transport(sockname=("fe80::2%eth0", 8443, 0, 2), socket=FakeSocket()),
    ],
)
def test_an_end_without_a_plain_name_is_refused(transport: Transport) -> None:
    peer = Gate(attestor()).admit(transport)
    assert peer.refusal is not None
    assert peer.refusal.rule is Rule.UNNAMED


def test_a_gateway_of_a_believed_network_is_let_in_and_counted_apart() -> None:
    asked = attestor(lambda: None, networks="10.42.0.0/16")
    gate = Gate(asked)
    assert gate.admit(Transport(("10.42.0.1", 5000), ("10.42.7.7", 8443), FakeSocket())).refusal is None
    assert gate.admit(Transport(("10.43.0.1", 5000), ("10.42.7.7", 8443), FakeSocket())).refusal is not None
    assert (asked.attested, asked.believed, asked.refused) == (0, 1, {Rule.ELSEWHERE: 1})


def test_without_an_attestor_everybody_is_named_and_nobody_refused() -> None:
    assert Gate(None).admit(open_one()) == Peer("ipv4:127.0.0.1:5000", "ipv4:127.0.0.1:8443")
    assert Gate(None).admit(Transport(peername=None)) == Peer("", "ipv4:127.0.0.1:8443")


def test_peers_are_named_as_grpc_names_them() -> None:
    assert describe(("127.0.0.1", 5000)) == "ipv4:127.0.0.1:5000"
    assert describe(("::1", 5000, 0, 0)) == "ipv6:%5B::1%5D:5000"


# Unix sockets


def unix(pid: int = 42, uid: int = SIDECAR_UID) -> Transport:
    return Transport("", "/run/hub.sock", FakeSocket(struct.pack("=iII", pid, uid, uid)))


def test_on_a_unix_socket_the_user_of_who_connected_is_asked() -> None:
    asked = attestor(fails, SIDECAR_UID)
    assert Gate(asked).admit(unix()) == Peer("unix:", "unix:", uid=SIDECAR_UID, pid=42)
    assert asked.attested == 1


def test_any_user_will_do_where_none_is_demanded() -> None:
    assert Gate(attestor(fails)).admit(unix(uid=5)).refusal is None
    assert Gate(None).admit(unix(uid=5)) == Peer("unix:", "unix:", uid=5, pid=42)


def test_another_user_is_refused_by_name() -> None:
    peer = Gate(attestor(fails, SIDECAR_UID, 2102)).admit(unix(uid=0))
    assert peer.refusal is not None
    assert (peer.refusal.rule, peer.refusal.uid, peer.refusal.peer) == (Rule.OTHER_USER, 0, "unix:")
    assert peer.refusal.why == "the process that connected is of user 0; accepted: 1337, 2102"


@pytest.mark.parametrize("sock", [FakeSocket(OSError("no such option")), FakeSocket(b"short"), None])
def test_a_kernel_that_does_not_tell_the_user_lets_nobody_in(sock: FakeSocket | None) -> None:
    peer = Gate(attestor()).admit(Transport("", "/run/hub.sock", sock))
    assert peer.refusal is not None
    assert peer.refusal.rule is Rule.NO_ANSWER


# The real kernel


@pytest.fixture
def linux() -> Iterator[Kernel]:
    if not hasattr(socket, "AF_NETLINK"):
        missing("only Linux has netlink")
    with contextlib.closing(Kernel()) as kernel:
        yield kernel


def asking(kernel: Kernel, *uids: int) -> Attestor:
    return Attestor(kernel, uids=uids, wall=lambda: 0.0, monotonic=lambda: 0.0)


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run])
def test_each_connection_of_a_real_server_is_attested_before_a_byte_is_read(linux: Kernel, runner: Any) -> None:
    asked = asking(linux, os.geteuid())
    told: list[Peer | bytes] = []

    class Looks(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            told.append(Gate(asked).admit(transport))

        def data_received(self, data: bytes) -> None:
            told.append(data)

        def connection_lost(self, _error: Exception | None) -> None:
            ended.set()

    ended: asyncio.Event

    async def serve() -> None:
        nonlocal ended
        for listener in open_listeners("", 0, TcpOptions()):
            ended = asyncio.Event()
            server = await asyncio.get_running_loop().create_server(Looks, sock=listener)
            loopback = "127.0.0.1" if listener.family == socket.AF_INET else "::1"
            _, writer = await asyncio.open_connection(loopback, listener.getsockname()[1])
            writer.write(b"hello")
            writer.close()
            await asyncio.wait_for(ended.wait(), 5)
            server.close()

    runner(serve())
    peers = [each for each in told if isinstance(each, Peer)]
    assert [peer.refusal for peer in peers] == [None] * len(peers)
    assert told[0] is peers[0]
    assert told[1] == b"hello"
    assert asked.attested == len(peers) >= 1


def reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def dial_from(port: int, target: tuple[str, int]) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    client.bind(("127.0.0.1", port))
    client.connect(target)
    return client


def test_bytes_of_a_dead_connection_do_not_pass_for_those_of_the_next_one_between_the_same_ports(
    linux: Kernel,
) -> None:
    (listener,) = open_listeners("127.0.0.1", 0, TcpOptions())
    with contextlib.closing(listener):
        listener.setblocking(True)
        first = dial_from(0, listener.getsockname())
        port = first.getsockname()[1]
        first.sendall(b"forged")
        reset(first)
        with dial_from(port, listener.getsockname()):
            dead, alive = listener.accept()[0], listener.accept()[0]
            with dead, alive:
                assert dead.recv(6, socket.MSG_PEEK) == b"forged", "which is why it must not be believed"
                gate = Gate(asking(linux))
                refused = gate.admit(Transport(("127.0.0.1", port), dead.getsockname(), dead))
                assert refused.refusal is not None
                assert refused.refusal.rule is Rule.NOT_OPEN
                assert gate.admit(Transport.of(alive)).refusal is None


def test_our_end_is_established_until_the_peer_closes() -> None:
    (listener,) = open_listeners("127.0.0.1", 0, TcpOptions())
    with contextlib.closing(listener):
        listener.setblocking(True)
        client = socket.create_connection(listener.getsockname())
        accepted = listener.accept()[0]
        with accepted:
            assert is_established(accepted)
            client.close()
            assert accepted.recv(1) == b""
            assert not is_established(accepted)


def test_a_sockets_file_is_open_to_all_only_where_each_peer_is_asked_and_may_be_another() -> None:
    assert socket_mode(None) == socket_mode(attestor()) == socket_mode(attestor(fails, os.geteuid())) == MODE
    assert socket_mode(attestor(fails, os.geteuid() + 1)) == MODE_FOR_ALL


CONNECT = """
import os, socket, sys
uid, path = int(sys.argv[1]), sys.argv[2]
os.setgroups([]); os.setgid(uid); os.setuid(uid)
with socket.socket(socket.AF_UNIX) as client:
    try:
        client.connect(path)
    except PermissionError:
        sys.exit(13)
    print(os.getpid(), flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("uid", [SIDECAR_UID, 1000])
def test_a_unix_socket_open_to_all_tells_the_sidecar_from_the_others(tmp_path_factory: Any, uid: int) -> None:
    need_root()
    place = shared_place(tmp_path_factory)
    with open_file(SocketFile(place, mode=MODE_FOR_ALL)) as listener:
        listener.setblocking(True)
        command = [sys.executable, "-c", CONNECT, str(uid), str(place)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            accepted = listener.accept()[0]
            assert process.stdout is not None
            pid = int(process.stdout.readline())
            with accepted:
                assert credentials(accepted) == (pid, uid)
                peer = Gate(attestor(fails, SIDECAR_UID)).admit(Transport.of(accepted))
            process.communicate("")
    assert (peer.uid, peer.pid) == (uid, pid)
    assert (peer.refusal is None) == (uid == SIDECAR_UID)


def test_a_unix_socket_of_its_owner_only_does_not_let_another_user_connect(tmp_path_factory: Any) -> None:
    need_root()
    place = shared_place(tmp_path_factory)
    with open_file(SocketFile(place)):
        done = subprocess.run(
            [sys.executable, "-c", CONNECT, str(SIDECAR_UID), str(place)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
        )
    assert done.returncode == 13, done.stderr


def shared_place(factory: Any) -> Path:
    """A path that every user of this machine can reach: pytest's folders are their owner's, each one above as well."""
    folder: Path = factory.mktemp("shared")
    for each in (folder, *folder.parents):
        if each.name.startswith(("shared", "popen-", "pytest-")):
            each.chmod(0o755)
    return folder / "hub.sock"
