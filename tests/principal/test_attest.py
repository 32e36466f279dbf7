"""Who is at the other end, by the kernel's word: judged, counted, remembered, told."""

import asyncio
import contextlib
import errno
import functools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

import grpc
import grpc.aio
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from hubproto import methods
from principal import kernel as kernel_module
from principal import sockdiag
from principal.attest import REFUSALS_KEPT, REFUSED, Attestor, Refusal, Rule, judge
from principal.door.options import DoorOptions
from principal.door.server import OwnDoor
from principal.door_grpcio import GrpcioDoor
from principal.hub import METHODS
from principal.kernel import Kernel, LookupFailed
from principal.rpc import CallInfo, Code, Door, DoorError, Kind, RpcError, Sink, StreamHandler
from principal.sockdiag import Address, Endpoint, Owned
from tests.conftest import missing
from tests.principal.dialling import call_as, need_root

PEER, OWN = Endpoint.of("127.0.0.1", 5000), Endpoint.of("127.0.0.1", 8443)
SIDECAR = Owned(sockdiag.ESTABLISHED, 1337, 99, PEER, OWN)


@dataclass
class FakeKernel:
    """Answers with what it was given; a function may raise."""

    answer: Callable[[], Owned | None] = lambda: SIDECAR
    asked: list[tuple[Endpoint, Endpoint]] = field(default_factory=list)

    def owner(self, *, local: Endpoint, remote: Endpoint) -> Owned | None:
        self.asked.append((local, remote))
        return self.answer()

    def addresses(self) -> list[Address]:
        return [OWN.address]


def attestor(answer: Callable[[], Owned | None] = lambda: SIDECAR, *uids: int) -> Attestor:
    return Attestor(FakeKernel(answer), uids=uids, wall=lambda: 1000.0, monotonic=lambda: 0.0)


def refusal_of(asked: Attestor, peer: str = "ipv4:127.0.0.1:5000", own: Endpoint | None = OWN) -> Refusal:
    with pytest.raises(RpcError) as raised:
        asked.check(peer=peer, own=own, method="/m")
    assert (raised.value.status.code, raised.value.status.message) == (Code.UNAUTHENTICATED, REFUSED)
    return asked.refusals[-1]


# What the kernel's word means


def test_an_open_socket_of_the_sidecars_user_between_the_two_ends_is_the_sidecars() -> None:
    assert judge(SIDECAR, peer=PEER, own=OWN, uids={1337}) is None


def test_any_user_will_do_where_none_is_demanded() -> None:
    assert judge(Owned(1, 0, 99, PEER, OWN), peer=PEER, own=OWN, uids=()) is None


@pytest.mark.parametrize(
    ("owned", "rule"),
    [
        (None, Rule.ELSEWHERE),
        (Owned(10, 1337, 99, PEER, None), Rule.ELSEWHERE),
        (Owned(1, 1337, 99, PEER, PEER), Rule.ELSEWHERE),
        (Owned(1, 1337, 99, OWN, OWN), Rule.ELSEWHERE),
        (Owned(1, 1337, 0, PEER, OWN), Rule.NOT_OPEN),
        (Owned(6, 1337, 0, PEER, OWN), Rule.NOT_OPEN),
        (Owned(4, 0, 0, PEER, OWN), Rule.NOT_OPEN),
        (Owned(8, 1337, 99, PEER, OWN), Rule.NOT_OPEN),
        (Owned(2, 1337, 99, PEER, OWN), Rule.NOT_OPEN),
        (Owned(99, 1337, 99, PEER, OWN), Rule.NOT_OPEN),
        (Owned(1, 0, 99, PEER, OWN), Rule.OTHER_USER),
        (Owned(1, 1000, 99, PEER, OWN), Rule.OTHER_USER),
        (Owned(1, 65534, 99, PEER, OWN), Rule.OTHER_USER),
    ],
)
def test_whatever_else_is_not_the_sidecars(owned: Owned | None, rule: Rule) -> None:
    judged = judge(owned, peer=PEER, own=OWN, uids={1337, 2102})
    assert judged is not None
    assert judged[0] is rule


ends = st.sampled_from([PEER, OWN, Endpoint.of("::1", 5000), None])


@given(st.builds(Owned, st.integers(0, 255), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), ends, ends))
def test_only_one_kind_of_answer_is_ever_the_sidecars(owned: Owned) -> None:
    accepted = judge(owned, peer=PEER, own=OWN, uids={1337}) is None
    between = owned.local == PEER and owned.remote == OWN
    assert accepted == (between and owned.state == 1 and owned.inode > 0 and owned.uid == 1337)


# What is made of it


def test_what_was_attested_is_counted() -> None:
    asked = attestor()
    asked.check(peer="ipv4:127.0.0.1:5000", own=OWN, method="/m")
    assert (asked.attested, list(asked.refusals)) == (1, [])


def test_the_kernel_is_asked_for_the_peers_socket_anew_for_each_call() -> None:
    fake = FakeKernel()
    asked = Attestor(fake, uids=(), wall=lambda: 0.0, monotonic=lambda: 0.0)
    for _ in range(3):
        asked.check(peer="ipv4:127.0.0.1:5000", own=OWN, method="/m")
    assert fake.asked == [(PEER, OWN)] * 3


def test_a_refusal_names_who_it_was() -> None:
    refusal = refusal_of(attestor(lambda: Owned(1, 1000, 42, PEER, OWN), 1337))
    assert (refusal.rule, refusal.uid, refusal.inode, refusal.method, refusal.at) == (
        Rule.OTHER_USER,
        1000,
        42,
        "/m",
        1000.0,
    )
    assert "1000" in refusal.why
    assert "1337" in refusal.why


def test_a_closed_peers_user_is_not_reported_for_it_is_nobodys() -> None:
    refusal = refusal_of(attestor(lambda: Owned(4, 0, 0, PEER, OWN), 1337))
    assert (refusal.rule, refusal.uid, refusal.inode) == (Rule.NOT_OPEN, None, None)


def fails() -> Owned | None:
    raise LookupFailed("no buffer space")


def test_a_lookup_that_cannot_be_made_refuses() -> None:
    refusal = refusal_of(attestor(fails))
    assert (refusal.rule, refusal.why) == (Rule.NO_ANSWER, "no buffer space")


@pytest.mark.parametrize("peer", ["unix:", "", "ipv4:nonsense:1", "x" * 10_000])
def test_a_peer_that_is_no_address_of_tcp_is_refused_and_shown_in_short(peer: str) -> None:
    refusal = refusal_of(attestor(), peer)
    assert refusal.rule is Rule.UNNAMED
    assert len(refusal.peer) <= 128


def test_a_connection_of_which_our_own_end_is_not_known_is_refused() -> None:
    assert refusal_of(attestor(), own=None).rule is Rule.UNNAMED


def test_refusals_are_counted_all_remembered_some_and_logged_few() -> None:
    asked = attestor(lambda: None)
    with structlog.testing.capture_logs() as lines:
        for _ in range(1000):
            refusal_of(asked)
    assert asked.refused == {Rule.ELSEWHERE: 1000}
    assert len(asked.refusals) == REFUSALS_KEPT
    assert 1 <= len(lines) <= 20
    assert {line["event"] for line in lines} == {"connection refused: not the sidecar's"}


def test_a_connection_that_came_and_went_is_counted_and_no_warning() -> None:
    asked = attestor(lambda: Owned(4, 0, 0, PEER, OWN))
    with structlog.testing.capture_logs() as lines:
        for _ in range(100):
            refusal = asked.admit(peer="ipv4:127.0.0.1:5000", own=OWN)
            assert refusal is not None
            assert refusal.rule is Rule.NOT_OPEN
        assert asked.refused == {Rule.NOT_OPEN: 100}
        assert {line["log_level"] for line in lines} == {"debug"}
        refusal_of(asked)  # a call on such a connection
    assert lines[-1]["log_level"] == "warning"


# The real kernel


@pytest.fixture
def linux() -> Iterator[Kernel]:
    if not hasattr(socket, "AF_NETLINK"):
        missing("only Linux has netlink")
    kernel = Kernel()
    yield kernel
    kernel.close()


@contextlib.contextmanager
def connection(family: int, host: str, dialled: str | None = None) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A listener's accepted socket and its client's."""
    with contextlib.ExitStack() as stack:
        try:
            listener = stack.enter_context(
                socket.create_server((host, 0), family=socket.AddressFamily(family), dualstack_ipv6=host == "::")
            )
        except OSError as error:
            missing(f"{host} can't be listened on: {error}")
        client = stack.enter_context(socket.create_connection((dialled or host, listener.getsockname()[1])))
        accepted, _ = listener.accept()
        yield stack.enter_context(accepted), client


def ends_of(accepted: socket.socket) -> tuple[Endpoint, Endpoint]:
    """Our own end and the peer's, as the accepted socket tells them."""
    own, peer = accepted.getsockname()[:2], accepted.getpeername()[:2]
    return Endpoint.of(*own), Endpoint.of(*peer)


@pytest.mark.parametrize(
    ("family", "host", "dialled"),
    [
        (socket.AF_INET, "127.0.0.1", None),
        (socket.AF_INET6, "::1", None),
        (socket.AF_INET6, "::", "127.0.0.1"),
        (socket.AF_INET6, "::", "::1"),
    ],
    ids=["ipv4", "ipv6", "ipv4 mapped", "ipv6 on a socket of both"],
)
def test_the_owner_of_the_other_end_is_found(linux: Kernel, family: int, host: str, dialled: str | None) -> None:
    with connection(family, host, dialled) as (accepted, client):
        own, peer = ends_of(accepted)
        found = linux.owner(local=peer, remote=own)
        assert found is not None
        assert (found.uid, found.state_name) == (os.geteuid(), "established")
        assert found.inode == os.fstat(client.fileno()).st_ino
        assert judge(found, peer=peer, own=own, uids={os.geteuid()}) is None


def test_a_connection_that_is_not_there_is_not_found_and_a_listener_is_not_taken_for_it(linux: Kernel) -> None:
    with connection(socket.AF_INET, "127.0.0.1") as (accepted, client):
        own, _ = ends_of(accepted)
        other = Endpoint.of("127.0.0.1", 1)
        assert linux.owner(local=other, remote=own) is None
        shown = linux.owner(local=own, remote=other)
        assert judge(shown, peer=own, own=other, uids=()) is not None
        assert client.fileno() > 0


def test_a_peer_that_has_closed_is_no_longer_believed(linux: Kernel) -> None:
    with connection(socket.AF_INET, "127.0.0.1") as (accepted, client):
        own, peer = ends_of(accepted)
        client.close()
        judged = judge(linux.owner(local=peer, remote=own), peer=peer, own=own, uids=())
        assert judged is not None
        assert judged[0] in (Rule.NOT_OPEN, Rule.ELSEWHERE)


def test_a_lookup_takes_no_file_descriptor(linux: Kernel) -> None:
    with connection(socket.AF_INET, "127.0.0.1") as (accepted, _client):
        own, peer = ends_of(accepted)
        held = [os.dup(0)]
        try:
            import resource

            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(held[0] + 1, accepted.fileno() + 1), hard))
            try:
                with contextlib.suppress(OSError):
                    while True:
                        held.append(os.dup(0))
                with pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
                    os.dup(0)
                assert linux.owner(local=peer, remote=own) is not None
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        finally:
            for number in held:
                os.close(number)


def test_a_thousand_lookups_leave_nothing_unread(linux: Kernel) -> None:
    with connection(socket.AF_INET, "127.0.0.1") as (accepted, _client):
        own, peer = ends_of(accepted)
        for number in range(1000):
            found = linux.owner(local=peer if number % 2 else own, remote=own if number % 2 else peer)
            assert found is not None
            assert found.local == (peer if number % 2 else own)


def test_the_kernel_is_tried_out_and_says_that_it_works(linux: Kernel) -> None:
    linux.check()


def test_a_kernel_that_knows_nothing_is_found_out(linux: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kernel, "owner", lambda *_args, **_ends: None)
    with pytest.raises(LookupFailed, match="does not know"):
        linux.check()


def test_a_kernel_that_answers_nothing_fails_the_lookup_at_once(linux: Kernel) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.setblocking(False)
    before, linux._socket = linux._socket, ours
    try:
        with pytest.raises(LookupFailed):
            linux.owner(local=PEER, remote=OWN)
        theirs.send(sockdiag.netlink.question(3, 0, 999, b"") * 3)
        with pytest.raises(LookupFailed):
            linux.owner(local=PEER, remote=OWN)
    finally:
        linux._socket = before
        ours.close()
        theirs.close()


def test_a_system_without_netlink_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(kernel_module.socket, "AF_NETLINK", raising=False)
    with pytest.raises(LookupFailed, match="Linux"):
        Kernel()


# The door


class Polite:
    """A service that answers every call; it must hear only of calls that the door let in."""

    def __init__(self) -> None:
        self.calls: list[CallInfo] = []

    def kind(self, method: str) -> Kind | None:
        return METHODS.get(method)

    async def unary(self, _method: str, _request: bytes, call: CallInfo) -> bytes:
        self.calls.append(call)
        return b""

    def open_stream(self, _method: str, call: CallInfo, _sink: Sink) -> StreamHandler:
        self.calls.append(call)
        raise RpcError(Code.ABORTED, "let in")


@dataclass
class House:
    service: Polite
    asked: Attestor
    door: Door

    @property
    def port(self) -> int:
        return int(self.door.address.rsplit(":", 1)[1])


MakeHouse = Callable[..., contextlib.AbstractAsyncContextManager[House]]


@pytest.fixture(params=["own", "grpcio"])
def house(request: pytest.FixtureRequest) -> MakeHouse:
    """Opens a house with one of the doors."""
    return functools.partial(opened, transport=request.param)


@contextlib.asynccontextmanager
async def opened(kernel: Kernel, *uids: int, host: str = "127.0.0.1", transport: str) -> AsyncIterator[House]:
    service = Polite()
    asked = Attestor(kernel, uids=uids, wall=lambda: 0.0, monotonic=lambda: 0.0)
    door: Door
    if transport == "own":
        door = OwnDoor(service, host=host, port=0, options=DoorOptions(max_message=1 << 20), attestor=asked)
    else:
        door = GrpcioDoor(service, host=host, port=0, max_message=1 << 20, ping_min_interval=0.0, attestor=asked)
    await door.start()
    try:
        yield House(service, asked, door)
    finally:
        await door.stop(0)


FORGED = (("x-forwarded-client-cert", "URI=spiffe://cluster.local/ns/argocd-agents/sa/agent-a"),)


async def dial(home: House, *, uid: int | None = None, host: str = "127.0.0.1", netns_of: int | None = None) -> str:
    return await asyncio.to_thread(
        call_as, f"{host}:{home.port}", methods.VERSION, b"", uid=uid, metadata=FORGED, netns_of=netns_of
    )


async def test_a_process_of_our_own_network_namespace_may_come_in(linux: Kernel, house: MakeHouse) -> None:
    async with house(linux) as home:
        assert await dial(home) == "OK"
        assert (home.asked.attested, len(home.service.calls)) == (1, 1)


@pytest.mark.parametrize("uid", [0, 1000])
async def test_a_forged_header_of_another_user_than_the_sidecars_is_never_looked_at(
    linux: Kernel, house: MakeHouse, uid: int
) -> None:
    need_root()
    async with house(linux, 1337, 2102) as home:
        assert await dial(home, uid=uid) == f"UNAUTHENTICATED {REFUSED}"
        assert home.service.calls == []
        [refusal] = home.asked.refusals
        assert (refusal.rule, refusal.uid) == (Rule.OTHER_USER, uid)


async def test_the_sidecars_user_comes_in(linux: Kernel, house: MakeHouse) -> None:
    need_root()
    async with house(linux, 1337) as home:
        assert await dial(home, uid=1337) == "OK"


async def test_a_stream_is_attested_like_a_call(linux: Kernel, house: MakeHouse) -> None:
    async with house(linux, 1337) as home, grpc.aio.insecure_channel(home.door.address) as channel:
        call = channel.stream_stream(methods.SUBSCRIBE)(metadata=FORGED)
        expected = grpc.StatusCode.ABORTED if os.geteuid() == 1337 else grpc.StatusCode.UNAUTHENTICATED
        assert await asyncio.wait_for(call.code(), 10) is expected
        assert len(home.service.calls) == (os.geteuid() == 1337)


async def test_on_every_address_both_ends_are_known_and_attested(linux: Kernel, house: MakeHouse) -> None:
    async with house(linux, host="") as home:
        places = [f"[{each}]" if each.version == 6 else str(each) for each in linux.addresses()]
        for place in places:
            async with grpc.aio.insecure_channel(f"{place}:{home.port}") as channel:
                await channel.unary_unary(methods.VERSION)(b"", timeout=10)
        assert home.asked.attested == len(places)
        assert not home.asked.refused


async def test_grpcs_server_listens_on_every_address_by_itself(linux: Kernel) -> None:
    async with opened(linux, host="", transport="grpcio") as home:
        listening = home.door.address.split(", ")
        assert len(listening) == len(linux.addresses())
        assert {place.rsplit(":", 1)[1] for place in listening} == {str(home.port)}


async def test_in_the_own_door_a_connection_is_attested_once_whatever_it_carries(linux: Kernel) -> None:
    async with opened(linux, transport="own") as home:
        async with grpc.aio.insecure_channel(home.door.address) as channel:
            for _ in range(5):
                await channel.unary_unary(methods.VERSION)(b"", timeout=10)
        assert (home.asked.attested, len(home.service.calls)) == (1, 5)


async def test_in_the_own_door_a_refused_connection_lives_and_each_call_is_told(linux: Kernel) -> None:
    async with opened(linux, os.geteuid() + 1, transport="own") as home:
        async with grpc.aio.insecure_channel(home.door.address) as channel:
            for _ in range(3):
                with pytest.raises(grpc.aio.AioRpcError) as raised:
                    await channel.unary_unary(methods.VERSION)(b"", timeout=10)
                assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
                assert raised.value.details() == REFUSED
        assert home.service.calls == []
        assert home.asked.refused == {Rule.OTHER_USER: 1}


async def test_a_name_is_listened_on_at_each_of_its_addresses(linux: Kernel, house: MakeHouse) -> None:
    async with house(linux, host="localhost") as home:
        assert await dial(home) == "OK"


async def test_another_address_than_the_one_listened_on_is_not_served(linux: Kernel, house: MakeHouse) -> None:
    async with house(linux) as home:
        assert (await dial(home, host="127.0.0.2")).startswith("UNAVAILABLE")


async def test_a_unix_socket_is_not_pretended_to_be_attested(linux: Kernel) -> None:
    door = GrpcioDoor(
        Polite(), host="unix:/tmp/x.sock", port=0, max_message=1, ping_min_interval=0.0, attestor=attestor()
    )
    assert linux is not None
    with pytest.raises(DoorError, match="can't attest"):
        await door.start()


# Another network namespace


@contextlib.contextmanager
def elsewhere() -> Iterator[tuple[int, str]]:
    """A process in a network namespace of its own, and our address on the cable between: 198.51.100.1 (RFC 5737)."""
    need_root()
    process = subprocess.Popen(
        ["unshare", "--net", sys.executable, "-c", "print(1, flush=True); import time; time.sleep(600)"],
        stdout=subprocess.PIPE,
    )
    name = f"mt{os.getpid() % 100_000}"
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            missing("no network namespace can be made here")
        _ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(process.pid))
        _ip("address", "add", "198.51.100.1/24", "dev", name)
        _ip("link", "set", name, "up")
        for command in (("address", "add", "198.51.100.2/24", "dev", "eth0"), ("link", "set", "eth0", "up")):
            _ip(*command, inside=process.pid)
        yield process.pid, "198.51.100.1"
    finally:
        subprocess.run(["ip", "link", "del", name], capture_output=True, check=False)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _ip(*arguments: str, inside: int | None = None) -> None:
    enter = () if inside is None else ("nsenter", f"--net=/proc/{inside}/ns/net", "--")
    try:
        done = subprocess.run([*enter, "ip", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        missing("ip (iproute2) is not installed")
        return
    if done.returncode:
        missing(f"no cable to another network namespace can be laid: {done.stderr}")


@pytest.mark.parametrize("host", ["198.51.100.1", ""], ids=["one address", "every address"])
async def test_a_peer_of_another_network_namespace_is_refused(linux: Kernel, house: MakeHouse, host: str) -> None:
    with elsewhere() as (pid, ours):
        async with house(linux, host=host) as home:
            assert await dial(home, host=ours, netns_of=pid) == f"UNAUTHENTICATED {REFUSED}"
            assert home.service.calls == []
            [refusal] = home.asked.refusals
            assert refusal.rule is Rule.ELSEWHERE
            assert refusal.peer.startswith("ipv4:198.51.100.2:")
            assert await dial(home, host=ours) == "OK", "our own namespace may come by the same address"
