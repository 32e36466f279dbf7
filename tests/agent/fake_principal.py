"""A scripted principal on a real socket: says what a test tells it to, remembers what it was told."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
from grpc import aio

from hubproto import methods
from hubproto.auth_pb2 import AuthRequest, AuthResponse, RefreshTokenRequest
from hubproto.auth_pb2_grpc import AuthenticationServicer, add_AuthenticationServicer_to_server
from hubproto.events import Event, ack, decode, encode
from hubproto.version_pb2 import VersionRequest, VersionResponse
from hubproto.version_pb2_grpc import VersionServicer, add_VersionServicer_to_server

Context = aio.ServicerContext[Any, Any]


VALID_UNTIL: Final = int(time.time()) + 3600
"""When tokens end that are given no end: one moment, so that equal tokens are equal whenever they are made."""


def token(*, agent: str = "agent-a", mode: str = "managed", expires: float | None = None, serial: int = 0) -> str:
    """A JWT that nobody signed: agents read it unverified."""
    body = {
        "sub": json.dumps({"clientID": agent, "mode": mode}),
        "exp": VALID_UNTIL if expires is None else expires,
        "jti": str(serial),
    }
    parts = [json.dumps({"alg": "RS512", "typ": "JWT"}), json.dumps(body), "signature"]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


@dataclass
class Call:
    """One Subscribe as the principal saw it."""

    context: Context
    metadata: dict[str, str]
    received: list[Event] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the agent half-closed the stream, or it broke."""
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def send(self, event: Event) -> None:
        async with self._writing:  # gRPC takes one write at a time
            await self.context.write(encode(event))

    def acks(self) -> list[Event]:
        return [event for event in self.received if event.is_ack]

    def heartbeats(self) -> list[Event]:
        return [event for event in self.received if event.is_heartbeat]

    def others(self) -> list[Event]:
        return [event for event in self.received if not event.is_ack and not event.is_heartbeat]


@dataclass
class Script:
    """What the principal does."""

    version: str = "99.9.9-unreleased"
    refuse: tuple[grpc.StatusCode, str] | None = None
    expires: float | None = None
    """Expiry of the tokens that Authenticate hands out."""
    token: str | None = None
    headers_at_once: bool = True
    answer_heartbeats: bool = True
    acknowledge: bool = True
    stream: Callable[[Call], Awaitable[None]] | None = None
    """What a stream does after its headers; it ends with OK when this returns. None: it stays while the agent does."""


class FakePrincipal(AuthenticationServicer, VersionServicer):
    """The services of a principal. `log` holds the names of the calls in order."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or Script()
        self.log: list[str] = []
        self.logins: list[AuthRequest] = []
        self.authorizations: list[str] = []
        self.calls: list[Call] = []
        self.port = 0

    async def Authenticate(self, request: AuthRequest, context: Context) -> AuthResponse:  # noqa: N802
        self.log.append("Authenticate")
        self.logins.append(request)
        if self.script.refuse is not None:
            await context.abort(*self.script.refuse)
        if request.version != self.script.version:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "version mismatch")
        access = self.script.token or token(expires=self.script.expires, serial=len(self.logins))
        return AuthResponse(
            accessToken=access,
            refreshToken="refresh",
            version=self.script.version,
            principalNamespace="argocd",
        )

    async def RefreshToken(self, request: RefreshTokenRequest, context: Context) -> AuthResponse:  # noqa: N802
        self.log.append("RefreshToken")
        if request.refreshToken != "refresh":
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "authentication failed")
        return AuthResponse(accessToken=token(serial=-1))

    async def Version(self, request: VersionRequest, context: Context) -> VersionResponse:  # noqa: N802
        del request
        self.log.append("Version")
        self._authorized(context)
        return VersionResponse(version=f"{methods.VERSION_PREFIX}{self.script.version}")

    async def subscribe(self, requests: AsyncIterator[bytes], context: Context) -> None:
        self.log.append("Subscribe")
        self._authorized(context)
        call = Call(context, {key: str(value) for key, value in context.invocation_metadata() or ()})
        if self.script.headers_at_once:
            await context.send_initial_metadata(())
        self.calls.append(call)
        reader = asyncio.create_task(self._read(requests, call))
        try:
            if self.script.stream is not None:
                await self.script.stream(call)
            else:
                await reader
        finally:
            reader.cancel()

    async def _read(self, requests: AsyncIterator[bytes], call: Call) -> None:
        async for message in requests:
            event = decode(message)
            call.received.append(event)
            answered = self.script.answer_heartbeats if event.is_heartbeat else self.script.acknowledge
            if not event.is_ack and answered:
                await call.send(ack(event))
        call.ended.set()

    def _authorized(self, context: Context) -> None:
        metadata = {key: str(value) for key, value in context.invocation_metadata() or ()}
        self.authorizations.append(metadata.get(methods.AUTHORIZATION, ""))

    @asynccontextmanager
    async def serve(
        self, *, credentials: grpc.ServerCredentials | None = None, port: int = 0
    ) -> AsyncIterator["FakePrincipal"]:
        """Listen on loopback until the end of the block; `port` is then known."""
        server = aio.server()
        add_AuthenticationServicer_to_server(self, server)
        add_VersionServicer_to_server(self, server)
        service, method = methods.SUBSCRIBE.strip("/").split("/")
        handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_stream_rpc_method_handler(self.subscribe)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
        address = f"127.0.0.1:{port}"
        self.port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
        await server.start()
        try:
            yield self
        finally:
            await server.stop(0)

    async def stream(self, number: int = 1) -> Call:
        """The `number`th stream, once it is there."""
        await until(lambda: len(self.calls) >= number)
        return self.calls[number - 1]


async def until(condition: Callable[[], object], *, within: float = 10.0) -> None:
    """Wait until a condition holds; the test fails when it does not within so many seconds."""
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.005)
