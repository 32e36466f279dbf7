"""The sockets that the door listens on, and what an accepted one inherits, by the kernel's own word."""

import asyncio
import errno
import os
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import structlog
import uvloop

from principal.door import sockets
from principal.door.sockets import PORT_TRIES, TcpOptions, named, open_file, open_listeners, read_back, verify
from principal.rpc import DoorError
from principal.socketfile import MODE_FOR_ALL, SocketFile

OPTIONS = TcpOptions(keepalive_time=30, keepalive_interval=10, keepalive_probes=3, user_timeout=60.5)
NOTHING = TcpOptions()


@pytest.fixture
def opened() -> Iterator[Callable[..., list[socket.socket]]]:
    """Opens listeners that are closed in the end."""
    with ExitStack() as stack:

        def open_them(host: str, port: int = 0, options: TcpOptions = NOTHING) -> list[socket.socket]:
            return [stack.enter_context(closing(each)) for each in open_listeners(host, port, options)]

        yield open_them


Opened = Callable[..., list[socket.socket]]


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def accepted(listener: socket.socket) -> socket.socket:
    listener.setblocking(True)
    with socket.create_connection(listener.getsockname()[:2], timeout=5):
        return listener.accept()[0]


def test_an_accepted_socket_has_the_timers_of_the_listening_one(opened: Opened) -> None:
    (listener,) = opened("127.0.0.1", 0, OPTIONS)
    with accepted(listener) as connection:
        assert read_back(connection) == OPTIONS
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run])
def test_a_server_of_either_loop_hands_them_on_and_switches_nagle_off(opened: Opened, runner: Any) -> None:
    (listener,) = opened("127.0.0.1", 0, OPTIONS)

    async def serve_one() -> tuple[TcpOptions, int]:
        made: asyncio.Future[tuple[TcpOptions, int]] = asyncio.get_running_loop().create_future()

        class Looks(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                sock = transport.get_extra_info("socket")
                made.set_result((read_back(sock), sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
                transport.close()

        server = await asyncio.get_running_loop().create_server(Looks, sock=listener)
        _, writer = await asyncio.open_connection(*listener.getsockname())
        try:
            return await asyncio.wait_for(made, 5)
        finally:
            writer.close()
            server.close()

    options, nodelay = runner(serve_one())
    assert options == OPTIONS
    assert nodelay == 1


def test_what_is_0_stays_as_the_kernel_has_it(opened: Opened) -> None:
    (listener,) = opened("127.0.0.1")
    with accepted(listener) as connection:
        assert read_back(connection) == NOTHING
        assert verify(connection, NOTHING)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (TcpOptions(keepalive_time=32768, keepalive_interval=10), "keepalive_time"),
        (TcpOptions(keepalive_time=10, keepalive_interval=32768), "keepalive_interval"),
        (TcpOptions(keepalive_time=10, keepalive_probes=128), "keepalive_probes"),
        (TcpOptions(user_timeout=2.0**31), "user_timeout"),
        (TcpOptions(keepalive_time=1.5), "keepalive_time"),
    ],
)
def test_a_value_that_the_kernel_does_not_take_is_told_and_the_others_hold(
    opened: Opened, options: TcpOptions, name: str
) -> None:
    with structlog.testing.capture_logs() as logs:
        (listener,) = opened("127.0.0.1", 0, options)
    (line,) = [entry for entry in logs if entry["log_level"] == "warning"]
    assert (list(line["wanted"]), list(line["got"])) == ([name], [name])
    assert line["wanted"][name] == getattr(options, name)
    assert line["got"][name] == getattr(read_back(listener), name) != getattr(options, name)


def test_a_limit_of_the_kernel_itself_is_taken(opened: Opened) -> None:
    most = TcpOptions(keepalive_time=32767, keepalive_interval=32767, keepalive_probes=127, user_timeout=2147483.647)
    (listener,) = opened("127.0.0.1", 0, most)
    assert read_back(listener) == most


def test_a_system_without_one_of_the_options_is_told_of_it(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_USER_TIMEOUT", None)
    with structlog.testing.capture_logs() as logs:
        opened("127.0.0.1", 0, OPTIONS)
    assert [list(entry["wanted"]) for entry in logs] == [["user_timeout"]]


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::"])
@pytest.mark.skipif(not has_ipv6(), reason="there is no IPv6 here")
def test_a_wildcard_is_both_families_with_one_port(opened: Opened, host: str) -> None:
    v4, v6 = opened(host)
    assert (v4.family, v6.family) == (socket.AF_INET, socket.AF_INET6)
    assert v4.getsockname()[1] == v6.getsockname()[1]
    assert v6.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
    assert named([v4, v6]) == f"0.0.0.0:{v4.getsockname()[1]}, [::]:{v4.getsockname()[1]}"


def without_ipv6(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    really = sockets._open

    def fail(address: str, port: int, options: TcpOptions) -> socket.socket:
        if ":" in address:
            raise OSError(number, os.strerror(number))
        return really(address, port, options)

    monkeypatch.setattr(sockets, "_open", fail)


@pytest.mark.parametrize("number", [errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL])
def test_a_wildcard_without_ipv6_is_ipv4(opened: Opened, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    without_ipv6(monkeypatch, number)
    (listener,) = opened("")
    assert listener.family == socket.AF_INET


def test_an_address_that_is_asked_for_by_name_must_be_there(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    without_ipv6(monkeypatch, errno.EAFNOSUPPORT)
    with pytest.raises(DoorError, match=r"can't listen on \[::1\]:0: Address family not supported"):
        opened("::1")


def test_a_free_port_that_is_taken_at_another_address_is_tried_again(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, failures = sockets._open, iter([errno.EADDRINUSE] * (PORT_TRIES - 1))

    def fail(address: str, port: int, options: TcpOptions) -> socket.socket:
        if ":" in address and (number := next(failures, None)) is not None:
            raise OSError(number, os.strerror(number))
        return really("127.0.0.1" if ":" not in address else "127.0.0.2", port, options)

    monkeypatch.setattr(sockets, "_open", fail)
    first, second = opened("")
    assert first.getsockname()[1] == second.getsockname()[1]
    assert next(failures, None) is None


def test_it_gives_up_after_some_ports_and_closes_what_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []
    really = sockets._open

    def fail(address: str, port: int, options: TcpOptions) -> socket.socket:
        if ":" in address:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        made.append(really("127.0.0.1", port, options))
        return made[-1]

    monkeypatch.setattr(sockets, "_open", fail)
    with pytest.raises(DoorError, match=r"can't listen on \[::\]:\d+: Address already in use"):
        open_listeners("", 0, NOTHING)
    assert [each.fileno() for each in made] == [-1] * PORT_TRIES


def test_a_taken_port_is_named(opened: Opened) -> None:
    (listener,) = opened("127.0.0.1")
    port = listener.getsockname()[1]
    expected = rf"can't listen on 127\.0\.0\.1:{port}: Address already in use \(--listen-port chooses another port"
    with pytest.raises(DoorError, match=expected):
        opened("127.0.0.1", port)


def test_no_second_principal_shares_the_port(opened: Opened) -> None:
    (listener,) = opened("127.0.0.1")
    with socket.socket() as second:
        second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        with pytest.raises(OSError, match="in use"):
            second.bind(listener.getsockname())


@pytest.mark.parametrize("host", ["203.0.113.1", "no-such-name.invalid"])
def test_an_address_that_is_not_ours_is_named(host: str) -> None:
    with pytest.raises(
        DoorError, match=rf"can't listen on {host}.*: [^\[]* \(--listen-host takes an address"
    ) as raised:
        open_listeners(host, 0, NOTHING)
    assert "Errno" not in str(raised.value)


def test_listeners_do_not_block_and_are_not_inherited_by_children(opened: Opened) -> None:
    (listener,) = opened("127.0.0.1")
    assert not listener.getblocking()
    assert not listener.get_inheritable()
    assert listener.proto == socket.IPPROTO_TCP


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "hub.sock"


def test_a_unix_socket_takes_connections_once_it_is_in_its_place(place: Path) -> None:
    file = SocketFile(place)
    with open_file(file) as listener, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(place))
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert not listener.getblocking()
    file.remove()
    assert list(place.parent.iterdir()) == []


def test_a_unix_socket_that_asks_each_peer_is_open_to_all(place: Path) -> None:
    with open_file(SocketFile(place, mode=MODE_FOR_ALL)):
        assert stat.S_IMODE(place.stat().st_mode) == 0o666


def test_a_unix_socket_on_which_another_listens_is_left_alone(place: Path) -> None:
    with open_file(SocketFile(place)), pytest.raises(DoorError, match="another process listens there"):
        open_file(SocketFile(place))
    assert [each.name for each in place.parent.iterdir()] == ["hub.sock"]
