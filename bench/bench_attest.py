"""What it costs to ask the kernel who is at the other end, against what an agent's connection costs anyway."""

import asyncio
import contextlib
import logging
import os
import resource
import socket
import time
from collections.abc import Iterator
from typing import Any

import grpc
import grpc.aio
import structlog

from hubproto import methods
from hubproto.auth_pb2 import AuthRequest, AuthResponse
from mesh.identity.rules import parse_rule
from principal.attest import Attestor
from principal.auth.header import HeaderMethod
from principal.clock import LoopClock
from principal.door.attesting import Gate
from principal.door_grpcio import GrpcioDoor
from principal.hub import Hub
from principal.kernel import Kernel
from principal.login import Login
from principal.sockdiag import Endpoint
from principal.tokens import Issuer, generate_key

AUTH = "identity:x-forwarded-client-cert:spiffe://cluster.local/ns/argocd-agents/sa/{agent}"
LOOKUPS = 5_000
CONNECTIONS = 100
ROUNDS = 7
OTHERS = 3_000
"""Further connections on the machine, two sockets each."""

CALLS = 3
"""Calls that an agent makes on a new connection, each attested: Authenticate, Version, Subscribe."""


def run() -> list[tuple[str, float, str]]:
    # Lines of the log would cost more than what is measured.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    quiet, crowded = _check_seconds(others=0), _check_seconds(others=OTHERS)
    # The least of several: what disturbs a shared machine only ever adds.
    whole = min(asyncio.run(_connect()) for _ in range(ROUNDS))
    return [
        (
            "attestation of a connection / the whole connection",
            CALLS * quiet / whole,
            f"{CALLS} x {quiet * 1e6:.1f} µs in {whole * 1e3:.2f} ms from dialling to the open stream; aim: 0.03",
        ),
        (
            "the same beside many sockets",
            CALLS * crowded / whole,
            f"{CALLS} x {crowded * 1e6:.1f} µs beside {2 * OTHERS} other sockets",
        ),
        _at_accept(),
    ]


def _at_accept() -> tuple[str, float, str]:
    """The own door's way: once for each connection, with the names that the accepted socket tells."""
    with contextlib.ExitStack() as stack:
        kernel = stack.enter_context(contextlib.closing(Kernel()))
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        gate = Gate(Attestor(kernel, uids=(os.geteuid(),), wall=time.time, monotonic=time.monotonic))

        best = bare = float("inf")
        for _ in range(ROUNDS):
            begun, asked = time.perf_counter(), 0.0
            for _ in range(LOOKUPS // 5):
                with socket.create_connection(listener.getsockname()), listener.accept()[0] as sock:
                    accepted, started = Accepted(sock), time.perf_counter()
                    gate.admit(accepted)
                    asked += time.perf_counter() - started
            whole = time.perf_counter() - begun
            best, bare = min(best, asked / (LOOKUPS // 5)), min(bare, (whole - asked) / (LOOKUPS // 5))
    return (
        "attestation at accept / connecting, accepting and closing alone",
        best / bare,
        f"{best * 1e6:.1f} µs beside {bare * 1e6:.1f} µs; nothing after it, whatever comes on the connection",
    )


class Accepted:
    """An accepted socket as a transport tells of it."""

    def __init__(self, sock: socket.socket) -> None:
        self._facts = {"peername": sock.getpeername(), "sockname": sock.getsockname(), "socket": sock}

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What asyncio's transports know."""
        return self._facts.get(name, default)


def _check_seconds(*, others: int) -> float:
    """Seconds for one call's peer: its address read, the kernel asked, the answer judged."""
    with contextlib.ExitStack() as stack:
        kernel = stack.enter_context(contextlib.closing(Kernel()))
        stack.enter_context(_crowd(others))
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        client = stack.enter_context(socket.create_connection(listener.getsockname()))
        attestor = Attestor(kernel, uids=(), wall=time.time, monotonic=time.monotonic)
        peer, own = f"ipv4:127.0.0.1:{client.getsockname()[1]}", Endpoint.of(*listener.getsockname())
        best = float("inf")
        for _ in range(5):
            started = time.perf_counter()
            for _ in range(LOOKUPS // 5):
                attestor.check(peer=peer, own=own, method=methods.VERSION)
            best = min(best, (time.perf_counter() - started) / (LOOKUPS // 5))
        return best


@contextlib.contextmanager
def _crowd(connections: int) -> Iterator[None]:
    """Open connections on loopback that have nothing to do with it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * OTHERS)), hard))
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1024))
        for _ in range(connections):
            stack.enter_context(socket.create_connection(listener.getsockname()))
            stack.enter_context(listener.accept()[0])
        yield


async def _connect() -> float:
    """Seconds from dialling to an open stream, on the average of CONNECTIONS agents one after another."""
    login = Login(HeaderMethod(parse_rule(AUTH)), Issuer(generate_key()), namespace="argocd", version="1")
    hub = Hub(login, LoopClock(), session_timeout=None)
    door = GrpcioDoor(hub, host="127.0.0.1", port=0, max_message=1 << 20, ping_min_interval=0)
    await door.start()
    try:
        await _one(door.address, 0)
        started = time.perf_counter()
        for number in range(1, CONNECTIONS + 1):
            await _one(door.address, number)
        return (time.perf_counter() - started) / CONNECTIONS
    finally:
        await door.stop(0)


async def _one(address: str, number: int) -> None:
    identity = ("x-forwarded-client-cert", f"URI=spiffe://cluster.local/ns/argocd-agents/sa/agent-{number}")
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        request = AuthRequest(method="header", mode="managed", version="1").SerializeToString()
        answer = AuthResponse.FromString(await channel.unary_unary(methods.AUTHENTICATE)(request, metadata=(identity,)))
        bearer = (identity, ("authorization", answer.accessToken))
        await channel.unary_unary(methods.VERSION)(b"", metadata=bearer)
        call = channel.stream_stream(methods.SUBSCRIBE)(metadata=bearer)
        await call.initial_metadata()
        call.cancel()
