"""What it costs to know a caller, as a share of what an agent's connection takes to be ready.

Ready is: TCP and HTTP/2 connected, Authenticate, Subscribe, and the first heartbeat answered, one agent after another.
In it the header is read twice (each time: parse, rule, options) and the kernel asked twice; those are timed alone.
"""

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import grpc
import grpc.aio

from bench.bench_identity import HEADER, REGEX, TEMPLATE, microseconds
from hubproto import methods
from hubproto.auth_pb2 import AuthRequest, AuthResponse
from hubproto.events import encode, heartbeat
from mesh.identity.options import IdentityOptions, read_options
from mesh.identity.rules import parse_rule

AGENTS = 150
READINGS = 2
"""Times that a connection's header is read, and its peer looked up: at Authenticate and at Subscribe."""

OWN = "spiffe://cluster.local/ns/argocd/sa/principal"
GATEWAY = "spiffe://cluster.local/ns/istio-system/sa/gateway"
BEHIND = f'{HEADER.replace(OWN, GATEWAY)},By={OWN};Hash={"cd" * 32};Subject="";URI={GATEWAY}'
ALL = {"trusted_gateways": [GATEWAY], "own_identity": OWN, "allow_agents": ["edge-*", "agent-[a-c]"]}
VERSION = "1"


def run() -> list[tuple[str, float, str]]:
    handshake = _handshake()
    options = read_options(**ALL)  # type: ignore[arg-type]
    costs = {
        "template": microseconds(_reading(TEMPLATE, HEADER)),
        "template, every option, one element": microseconds(_reading(TEMPLATE, HEADER, options)),
        "template, every option, through a gateway": microseconds(_reading(TEMPLATE, BEHIND, options)),
        "template, Cert beside URI": microseconds(_reading(TEMPLATE, _with_certificate())),
        "argocd-agent's regex": microseconds(_reading(f"header:x-forwarded-client-cert:{REGEX}", HEADER)),
        "attestation by the kernel": _attestation(),
    }
    return [
        (
            f"% of a handshake: {what}",
            100 * READINGS * cost / handshake,
            f"{READINGS} x {cost:.1f} µs of {handshake:.0f} µs; aim for rule and attestation together: 3",
        )
        for what, cost in costs.items()
    ]


def _reading(spec: str, header: str, options: IdentityOptions | None = None) -> Callable[[], None]:
    rule = parse_rule(spec, options or IdentityOptions())

    def read() -> None:
        assert rule.identify((header,)).agent == "agent-a"

    return read


def _with_certificate() -> str:
    from datetime import UTC, datetime
    from urllib.parse import quote

    from mesh.lab.ca import CertificateAuthority

    now = datetime.now(UTC)
    uri = "spiffe://cluster.local/ns/argocd-agents/sa/agent-a"
    svid = CertificateAuthority(trust_domain="cluster.local", now=now).issue(uris=(uri,), lifetime=3600.0, now=now)
    return HEADER.replace(";Subject", f';Cert="{quote(svid.certificate, safe="-")}";Subject')


def _attestation() -> float:
    """Microseconds of one lookup of a live connection; 0 where the kernel cannot be asked."""
    from principal.attest import Attestor
    from principal.kernel import Kernel, LookupFailed
    from principal.sockdiag import Endpoint

    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        client = stack.enter_context(socket.create_connection(server.getsockname()))
        own, _ = server.accept()
        stack.enter_context(own)
        try:
            kernel = Kernel()
            stack.callback(kernel.close)
            kernel.check()
        except LookupFailed:
            return 0.0
        attestor = Attestor(kernel, uids=(), wall=time.time, monotonic=time.monotonic)
        peer, here = f"ipv4:127.0.0.1:{client.getsockname()[1]}", Endpoint.of(*own.getsockname())
        return microseconds(lambda: attestor.check(peer=peer, own=here, method="bench"))


def _handshake() -> float:
    """Microseconds until an agent's connection is ready, by the median, against a principal in another process."""
    command = [sys.executable, "-m", "bench.bench_authentication", "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            taken = sorted(asyncio.run(_connect_all(port)))
        finally:
            process.communicate("")
    return taken[len(taken) // 2] * 1e6


async def _connect_all(port: int) -> list[float]:
    return [await _connect(port, number) for number in range(AGENTS)]


async def _connect(port: int, number: int) -> float:
    """Seconds until agent `number` is ready."""
    identity = (("x-forwarded-client-cert", HEADER.replace("agent-a", f"agent-{number}")),)
    request = AuthRequest(method="header", mode="managed", version=VERSION).SerializeToString()
    started = time.perf_counter()
    # A channel of the same address and options would share its connection.
    options = (("grpc.use_local_subchannel_pool", 1),)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        answer = await channel.unary_unary(methods.AUTHENTICATE)(request, metadata=identity)
        token = AuthResponse.FromString(answer).accessToken
        call = channel.stream_stream(methods.SUBSCRIBE)(metadata=(*identity, ("authorization", token)))
        await call.write(encode(heartbeat("beat")))
        await call.read()
        taken = time.perf_counter() - started
        call.cancel()
    return taken


async def _serve() -> None:
    from meshtether.logs import configure
    from principal.auth.header import HeaderMethod
    from principal.clock import LoopClock
    from principal.door_grpcio import GrpcioDoor
    from principal.hub import Hub
    from principal.login import Login
    from principal.tokens import Issuer, generate_key

    # A line for each agent would fill the pipe that only the port is read from, and be measured.
    configure(["error"], "text")
    login = Login(HeaderMethod(parse_rule(TEMPLATE)), Issuer(generate_key()), namespace="argocd", version=VERSION)
    hub = Hub(login, LoopClock(), session_timeout=None)
    door = GrpcioDoor(hub, host="127.0.0.1", port=0, max_message=1 << 20, ping_min_interval=0)
    await door.start()
    print(door.address.rsplit(":", 1)[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await door.stop(0)


if __name__ == "__main__":
    asyncio.run(_serve())
