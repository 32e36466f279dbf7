"""The agent's transport over gRPC: one channel an attempt, closed on every path.

The sequence is argocd-agent's: Authenticate, Version, Subscribe, the last two with the bare token in `authorization`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, TypeVar

import grpc
import structlog
from grpc import aio

from agent import credentials
from agent.causes import Cause, Phase, Status, Verdict, judge, printable
from agent.config import AgentConfig
from agent.probe import Speaks, probe
from agent.tokens import Claims, TokenError, read_claims
from agent.transport import CallError, Login
from agent.transport_channel import make_channel, target
from hubproto import methods
from hubproto.auth_pb2 import AuthRequest, AuthResponse, RefreshTokenRequest
from hubproto.auth_pb2_grpc import AuthenticationStub
from hubproto.version_pb2 import VersionRequest
from hubproto.version_pb2_grpc import VersionStub

log = structlog.stdlib.get_logger(__name__)

_T = TypeVar("_T")

RPC_TIMEOUT: Final = 10.0
"""Seconds for one unary call; the link bounds the whole attempt."""

REFRESH_BELOW: Final = 30.0
"""Seconds that an access token must still be valid for when a call begins, else it is refreshed first; argocd-agent's
value. A running stream outlives its token."""

REQUIRE_ID: Final = "l5d-require-id"
"""Header by which a Linkerd sidecar is told to let a call go to this identity only. It takes the header away; other
sidecars pass it on, and nobody reads it."""

REFUSAL_FOLLOWS: Final = 0.05
"""Seconds. A refused Subscribe gives empty headers just before its status: headers count after this."""

AMBIGUOUS: Final = frozenset(
    {Cause.SOCKET_CLOSED, Cause.NOT_HTTP2, Cause.UNREACHABLE, Cause.CERTIFICATE_REFUSED, Cause.UNKNOWN}
)
"""Causes of a failed connect behind which TLS met plaintext may hide."""

REALLY: Final = {
    (True, Speaks.TLS): Cause.TLS_UNEXPECTED,
    (True, Speaks.HTTP1): Cause.NOT_HTTP2,
    (False, Speaks.HTTP2): Cause.PLAINTEXT_UNEXPECTED,
    (False, Speaks.HTTP1): Cause.PLAINTEXT_UNEXPECTED,
}
"""(we speak plaintext, what the address speaks) -> the cause to name."""


def failure(error: aio.AioRpcError, phase: Phase) -> CallError:
    """What an error of gRPC's means."""
    return CallError(judge(_status(error.code(), error.details(), error.trailing_metadata(), phase)))


def _status(
    code: grpc.StatusCode, details: str | None, trailers: aio.Metadata | None, phase: Phase = Phase.STREAM
) -> Status:
    texts = tuple((key, value) for key, value in trailers or () if isinstance(value, str))
    return Status(code.name, details or "", texts, phase)


class GrpcTransport:
    """Attempts over gRPC, as `config` says."""

    def __init__(self, config: AgentConfig, *, wall: Callable[[], float] = time.time) -> None:
        self.address = target(config)
        self._config = config
        self._wall = wall

    def attempt(self) -> "GrpcConnection":
        """A new connection, not yet connected."""
        return GrpcConnection(self._config, self._wall)


class GrpcConnection:
    """One attempt. `wall` gives seconds since 1970, to compare with a token's expiry."""

    def __init__(self, config: AgentConfig, wall: Callable[[], float]) -> None:
        self._config = config
        self._wall = wall
        self._channel: aio.Channel | None = None
        self._access = ""
        self._refresh = ""
        self._expires: float | None = None

    async def connect(self) -> None:
        """Connect; CallError with what went wrong, after a look at what the address speaks if gRPC does not tell."""
        try:
            self._channel = await make_channel(self._config)
            await self._ready(self._channel)
        except CallError as failed:
            raise await self._explained(failed) from failed

    async def login(self) -> Login:
        """Authenticate, then ask for the version as argocd-agent does; CallError when refused."""
        try:
            secrets = credentials.load(self._config.creds_method, self._config.creds_config)
        except credentials.CredentialsError as error:
            raise CallError(Verdict(Cause.CREDENTIALS_UNREADABLE, printable(str(error)))) from error
        request = AuthRequest(
            method=self._config.creds_method,
            credentials=secrets,
            mode=self._config.mode,
            version=self._config.protocol_version,
            agentNamespace=self._config.namespace,
        )
        asked = AuthenticationStub(self._open()).Authenticate(request, timeout=RPC_TIMEOUT, metadata=self._metadata())
        answer = await self._call(asked)
        claims = self._take(answer)
        await self._fresh()
        metadata = self._authorization()
        versioned = VersionStub(self._open()).Version(VersionRequest(), timeout=RPC_TIMEOUT, metadata=metadata)
        said = (await self._call(versioned)).version
        return Login(claims, answer.principalNamespace, said.removeprefix(methods.VERSION_PREFIX))

    async def subscribe(self, report: str | None) -> "GrpcStream":
        """Call Subscribe."""
        await self._fresh()
        metadata = self._authorization()
        if report is not None:
            metadata.add(methods.LAST_DEATH, report)
        call: aio.StreamStreamCall[bytes, bytes] = self._open().stream_stream(methods.SUBSCRIBE)(metadata=metadata)
        return GrpcStream(call)

    async def close(self) -> None:
        """Cancel what runs and close the channel."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    def _open(self) -> aio.Channel:
        if self._channel is None:
            raise CallError(Verdict(Cause.INTERNAL_ERROR, "the connection is closed"))
        return self._channel

    async def _ready(self, channel: aio.Channel) -> None:
        state = channel.get_state(try_to_connect=True)
        while state is not grpc.ChannelConnectivity.READY:
            if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                # The channel does not say why; a call does, and fails at once.
                metadata = self._metadata()
                asked = VersionStub(channel).Version(VersionRequest(), timeout=RPC_TIMEOUT, metadata=metadata)
                await self._call(asked, Phase.CONNECT)
                return
            await channel.wait_for_state_change(state)
            state = channel.get_state(try_to_connect=True)

    async def _explained(self, failed: CallError) -> CallError:
        verdict, plaintext = failed.verdict, self._config.plaintext
        if verdict.cause not in AMBIGUOUS:
            return failed
        speaks = await probe(self._config.server_address, self._config.server_port)
        cause = REALLY.get((plaintext, speaks), verdict.cause)
        return CallError(replace(verdict, cause=cause))

    async def _fresh(self) -> None:
        if self._expires is None or self._expires - self._wall() > REFRESH_BELOW or not self._refresh:
            return
        request = RefreshTokenRequest(refreshToken=self._refresh)
        try:
            stub, metadata = AuthenticationStub(self._open()), self._metadata()
            answer = await self._call(stub.RefreshToken(request, timeout=RPC_TIMEOUT, metadata=metadata))
            self._take(answer)
        except CallError as failed:
            # The old token may do; if not, the next call says so.
            log.warning("token not refreshed", cause=failed.verdict.cause.value, detail=failed.verdict.detail)

    def _take(self, answer: AuthResponse) -> Claims:
        try:
            claims = read_claims(answer.accessToken)
        except TokenError as error:
            raise CallError(Verdict(Cause.BAD_TOKEN, printable(str(error)))) from error
        self._access, self._expires = answer.accessToken, claims.expires
        # A refresh answers with a new refresh token only when the old one is about to expire.
        self._refresh = answer.refreshToken or self._refresh
        return claims

    def _metadata(self) -> aio.Metadata:
        """What every call carries: in plaintext, whom a Linkerd sidecar must find at the other end."""
        pin = self._config.principal_identity if self._config.plaintext else ""
        return aio.Metadata((REQUIRE_ID, pin)) if pin else aio.Metadata()

    def _authorization(self) -> aio.Metadata:
        metadata = self._metadata()
        metadata.add(methods.AUTHORIZATION, self._access)
        return metadata

    @staticmethod
    async def _call(call: Awaitable[_T], phase: Phase = Phase.LOGIN) -> _T:
        try:
            return await call
        except aio.AioRpcError as error:
            raise failure(error, phase) from error


class GrpcStream:
    """An open Subscribe. Messages are serialised events, as bytes."""

    def __init__(self, call: "aio.StreamStreamCall[bytes, bytes]") -> None:
        self._call = call

    async def opened(self) -> None:
        """Wait for the principal's headers; CallError when it refused."""
        try:
            await self._call.initial_metadata()
            async with asyncio.timeout(REFUSAL_FOLLOWS):
                raise await self._ended()
        except TimeoutError:
            return

    async def read(self) -> bytes:
        """The next message; CallError at the stream's end."""
        try:
            message = await self._call.read()
        except aio.AioRpcError as error:
            raise failure(error, Phase.STREAM) from error
        if isinstance(message, bytes):
            return message
        raise await self._ended()

    async def write(self, message: bytes) -> None:
        """Send a message; CallError when the stream has ended."""
        try:
            await self._call.write(message)
        except aio.AioRpcError as error:
            raise failure(error, Phase.STREAM) from error
        except asyncio.InvalidStateError as error:
            raise await self._ended() from error

    async def half_close(self) -> None:
        """Say that nothing more will be written."""
        try:
            await self._call.done_writing()
        except aio.AioRpcError as error:
            raise failure(error, Phase.STREAM) from error

    async def _ended(self) -> CallError:
        code = await self._call.code()
        return CallError(judge(_status(code, await self._call.details(), await self._call.trailing_metadata())))
