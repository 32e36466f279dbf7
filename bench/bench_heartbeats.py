"""Heartbeat round trips through the hub, against a bare grpc.aio server that echoes the same bytes.

The ratio is what authentication, sessions, watchdog and event coding cost on top of the transport.
"""

import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import structlog

from hubproto import methods
from hubproto.events import encode, heartbeat
from principal.tokens import Bearer, Issuer, generate_key

STREAMS = 50
SECONDS = 2.0
ROUNDS = 3
AUTH = "identity:x-forwarded-client-cert:spiffe://cluster.local/ns/argocd-agents/sa/{agent}"


def run() -> list[tuple[str, float, str]]:
    servers = {kind: _Server(kind) for kind in ("hub", "echo")}
    try:
        rates: dict[str, list[float]] = {"hub": [], "echo": []}
        for _ in range(ROUNDS):
            for kind, server in servers.items():
                rates[kind].append(asyncio.run(_measure(server.port, server.token)))
    finally:
        for server in servers.values():
            server.stop()
    hub, echo = (sorted(rates[kind])[ROUNDS // 2] for kind in ("hub", "echo"))
    note = f"{STREAMS} streams, one outstanding each: {hub:.0f}/s of {echo:.0f}/s"
    return [("heartbeat round trips, hub / bare grpc.aio echo", hub / echo, note)]


class _Server:
    """One server in a process of its own; it prints its port and a token."""

    def __init__(self, kind: str) -> None:
        command = [sys.executable, "-m", "bench.bench_heartbeats", kind]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        port, self.token = self._process.stdout.readline().split()
        self.port = int(port)

    def stop(self) -> None:
        self._process.communicate("")


async def _measure(port: int, token: str) -> float:
    identity = (
        'By=spiffe://cluster.local/ns/argocd/sa/p;Hash=ab;Subject="";URI=spiffe://cluster.local/ns/argocd-agents/sa/'
    )
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        deadline = time.perf_counter() + SECONDS
        subscribe = channel.stream_stream(methods.SUBSCRIBE)
        tokens = token.split(",")

        async def one(number: int) -> int:
            metadata = (("x-forwarded-client-cert", f"{identity}agent-{number}"), ("authorization", tokens[number]))
            call, beat, count = subscribe(metadata=metadata), encode(heartbeat("beat")), 0
            while time.perf_counter() < deadline:
                await call.write(beat)
                await call.read()
                count += 1
            call.cancel()
            return count

        return sum(await asyncio.gather(*(one(number) for number in range(STREAMS)))) / SECONDS


async def _serve(kind: str) -> None:
    # Lines of a log would fill the pipe that nobody reads once the port is known.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    from mesh.identity.rules import parse_rule
    from principal.auth.header import HeaderMethod
    from principal.clock import LoopClock
    from principal.door_grpcio import GrpcioDoor
    from principal.hub import Hub
    from principal.login import Login

    issuer = Issuer(generate_key())
    names = [f"agent-{number}" for number in range(STREAMS)]
    tokens = [issuer.issue(_bearer(name), now=time.time()).access for name in names]
    if kind == "hub":
        login = Login(HeaderMethod(parse_rule(AUTH)), issuer, namespace="argocd", version="1")
        hub = Hub(login, LoopClock(), session_timeout=None)
        door = GrpcioDoor(hub, host="127.0.0.1", port=0, max_message=1 << 20, ping_min_interval=0)
        await door.start()
        port, stop = int(door.address.rsplit(":", 1)[1]), door.stop
    else:
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((_Echo(),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        stop = server.stop
    print(port, ",".join(tokens), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await stop(0)


def _bearer(name: str) -> Bearer:
    identity = f"spiffe://cluster.local/ns/argocd-agents/sa/{name}"
    return Bearer(agent=name, mode="managed", method="header", identity=identity)


class _Echo(grpc.GenericRpcHandler):
    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        async def echo(requests: AsyncIterator[bytes], _context: object) -> AsyncIterator[bytes]:
            async for request in requests:
                yield request

        return grpc.stream_stream_rpc_method_handler(echo)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
