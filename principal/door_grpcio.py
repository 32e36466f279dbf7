"""The door that grpcio's asynchronous server keeps: HTTP/2 without TLS, for a sidecar on the same loopback.

It turns grpcio's calls into `rpc` values and back, on raw bytes: the hub decodes. gRPC core's own defaults are traps
(spec envoy §3, python §6), so every limit that matters is set here, explicitly.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import grpc
import grpc.aio
import structlog
from grpc_channelz.v1 import channelz_pb2
from grpc_channelz.v1.channelz import ChannelzServicer

from hubproto import methods
from principal.rpc import (
    OK,
    CallInfo,
    Code,
    ConnectionInfo,
    ConnectionStats,
    DoorError,
    RpcError,
    Service,
    Status,
    StreamHandler,
)

log = structlog.stdlib.get_logger(__name__)

MAX_METADATA_BYTES: Final = 64 * 1024
"""Bytes of request metadata. Core's soft limit of 8 kB refuses longer XFCC headers at random; soft and hard limit are
set to the same value, so that a header is accepted or refused for good (spec reliability §0.6). One Cert and Chain
through two hops need about 8 kB; Envoy itself stops at 60 kB."""

MAX_STREAMS_PER_CONNECTION: Final = 10_000
"""Streams on one connection: a sidecar pools all agents of its mesh on few connections."""

HIGH_WATER_BYTES: Final = 1024 * 1024
"""Bytes unsent on one stream above which the hub holds its queue back (spec reliability F12)."""

STATS_PAGE: Final = 0
"""Channelz page size: 0 lets it choose its own maximum."""


class GrpcioDoor:
    """Serves `service` with grpc.aio on `host`:`port` (0 takes a free one)."""

    def __init__(self, service: Service, *, host: str, port: int, max_message: int, ping_min_interval: float) -> None:
        self.address = f"{host}:{port}"
        self._service = service
        self._host = host
        self._port = port
        self._server = grpc.aio.server(options=_options(max_message, ping_min_interval))
        self._server.add_generic_rpc_handlers((_Handlers(self),))
        self._connections: dict[str, _Connection] = {}
        self._numbers = itertools.count(1)

    async def start(self) -> None:
        """Listen; DoorError when the address is taken or not ours."""
        # gRPC writes IPv6 addresses in brackets, and an empty host means every interface of both families.
        host = f"[{self._host}]" if ":" in self._host else (self._host or "[::]")
        try:
            port = self._server.add_insecure_port(f"{host}:{self._port}")
        except RuntimeError as error:
            raise DoorError(f"can't listen on {host}:{self._port}: the address is in use or not ours") from error
        await self._server.start()
        self.address = f"{host}:{port}"

    async def stop(self, grace: float) -> None:
        """Refuse new calls, give open ones `grace` seconds, then close."""
        await self._server.stop(grace)

    def connection_stats(self) -> Mapping[str, ConnectionStats]:
        """HTTP/2 PINGs sent on each open connection, as channelz counts them."""
        pings = _pings_by_peer()
        return {
            connection.info.id: ConnectionStats(pings_sent=pings.get(peer, 0))
            for peer, connection in self._connections.items()
        }

    async def unary(self, request: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]", method: str) -> bytes:
        """Serve one unary call."""
        with self._connection(context) as info:
            try:
                return await self._service.unary(method, request, _call(context, info))
            except RpcError as error:
                await _abort(context, error.status)
                raise  # not reached: abort raises

    async def stream(self, context: "grpc.aio.ServicerContext[bytes, bytes]", method: str) -> None:
        """Serve one bidirectional stream until either side ends it."""
        with self._connection(context) as info:
            sink = _Sink()
            try:
                handler = self._service.open_stream(method, _call(context, info), sink)
            except RpcError as error:
                await _abort(context, error.status)
                return
            sink.handler = handler
            try:
                # At once: a proxy's request time-out runs until the first response header (spec envoy §2, I').
                await context.send_initial_metadata(())
                status = await _serve(context, sink, handler)
            finally:
                handler.on_closed("the stream was cancelled")
            if status.code is not Code.OK:
                await _abort(context, status)

    def _connection(self, context: "grpc.aio.ServicerContext[bytes, bytes]") -> "_Connection":
        peer = context.peer()
        connection = self._connections.get(peer)
        if connection is None:
            info = ConnectionInfo(id=f"c{next(self._numbers)}", peer=peer, transport="grpcio")
            connection = self._connections[peer] = _Connection(info, self._connections)
        return connection


class _Connection:
    """One transport connection, known while it has calls: gRPC core tells nothing of it in between."""

    def __init__(self, info: ConnectionInfo, known: dict[str, "_Connection"]) -> None:
        self.info = info
        self._known = known
        self._calls = 0

    def __enter__(self) -> ConnectionInfo:
        self._calls += 1
        return self.info

    def __exit__(self, *_exc: object) -> None:
        self._calls -= 1
        if not self._calls:
            self._known.pop(self.info.peer, None)


class _Sink:
    """What the hub sends on one stream, until grpcio takes it."""

    def __init__(self) -> None:
        self.handler: StreamHandler | None = None
        self.status: Status | None = None
        self.waiting: deque[bytes] = deque()
        self.bytes = 0
        self.wake = asyncio.Event()

    def send(self, message: bytes) -> None:
        if self.status is None:
            self.waiting.append(message)
            self.bytes += len(message)
            self.wake.set()

    def writable(self) -> bool:
        return self.bytes < HIGH_WATER_BYTES

    def end(self, status: Status) -> None:
        if self.status is None:
            self.status = status
            self.wake.set()

    async def drain(self, context: "grpc.aio.ServicerContext[bytes, bytes]") -> Status:
        """Write what waits, as it comes, until the hub ends the stream."""
        while True:
            while self.waiting:
                message = self.waiting.popleft()
                await context.write(message)
                was_writable = self.writable()
                self.bytes -= len(message)
                if self.handler is not None and not was_writable and self.writable():
                    self.handler.on_writable()
            if self.status is not None:
                return self.status
            self.wake.clear()
            await self.wake.wait()


async def _serve(context: "grpc.aio.ServicerContext[bytes, bytes]", sink: _Sink, handler: StreamHandler) -> Status:
    writer = asyncio.create_task(sink.drain(context))
    reader = asyncio.create_task(_read(context, handler))
    try:
        done, _ = await asyncio.wait((writer, reader), return_when=asyncio.FIRST_COMPLETED)
        if writer in done and writer.exception() is None:
            return writer.result()
        if reader in done and reader.exception() is None:
            # The end of the requests is not a goodbye: grpcio reports a dead client the same way (spec envoy §3).
            handler.on_closed("the agent's side ended the stream")
            return OK
        failed = writer.exception() if writer in done else reader.exception()
        handler.on_closed(f"transport: {failed}")
        return OK
    finally:
        for task in (writer, reader):
            task.cancel()
        await asyncio.gather(writer, reader, return_exceptions=True)


async def _read(context: "grpc.aio.ServicerContext[bytes, bytes]", handler: StreamHandler) -> None:
    while True:
        message: object = await context.read()  # bytes, or grpc.aio.EOF
        if not isinstance(message, bytes):
            return
        handler.on_message(message)


async def _abort(context: "grpc.aio.ServicerContext[bytes, bytes]", status: Status) -> None:
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    await context.abort(code, status.message, status.trailers)


def _call(context: "grpc.aio.ServicerContext[bytes, bytes]", info: ConnectionInfo) -> CallInfo:
    metadata = tuple(
        (key, value if isinstance(value, str) else value.decode("latin-1"))
        for key, value in context.invocation_metadata() or ()
    )
    return CallInfo(metadata=metadata, connection=info)


class _Handlers(grpc.GenericRpcHandler):
    """All methods on raw bytes: what a method is, and whether it is known, the service decides."""

    _STREAMS: Final = frozenset({methods.SUBSCRIBE})
    _UNARY: Final = frozenset({methods.AUTHENTICATE, methods.REFRESH, methods.VERSION})

    def __init__(self, door: GrpcioDoor) -> None:
        self._door = door

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The handler of one call's method; None makes grpcio answer UNIMPLEMENTED."""
        method = handler_call_details.method
        if method in self._STREAMS:

            async def stream(_requests: object, context: "grpc.aio.ServicerContext[bytes, bytes]") -> None:
                await self._door.stream(context, method)

            return grpc.stream_stream_rpc_method_handler(stream)
        if method in self._UNARY:

            async def unary(request: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
                return await self._door.unary(request, context, method)

            return grpc.unary_unary_rpc_method_handler(unary)
        return None


def _pings_by_peer() -> dict[str, int]:
    """HTTP/2 PINGs sent, by the peer's address as `context.peer()` writes it."""
    pings: dict[str, int] = {}
    for server in ChannelzServicer.GetServers(channelz_pb2.GetServersRequest(), None).server:
        request = channelz_pb2.GetServerSocketsRequest(server_id=server.ref.server_id, max_results=STATS_PAGE)
        for reference in ChannelzServicer.GetServerSockets(request, None).socket_ref:
            socket_request = channelz_pb2.GetSocketRequest(socket_id=reference.socket_id)
            socket = ChannelzServicer.GetSocket(socket_request, None).socket
            pings[reference.name.removeprefix("chttp2 ")] = socket.data.keep_alives_sent
    return pings


def _options(max_message: int, ping_min_interval: float) -> list[tuple[str, int]]:
    # 0 means no limit here. In gRPC core the same is two settings, and their defaults mean five minutes.
    interval_ms = round(ping_min_interval * 1000)
    return [
        ("grpc.max_receive_message_length", max_message),
        ("grpc.max_send_message_length", max_message),
        ("grpc.max_metadata_size", MAX_METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
        ("grpc.max_concurrent_streams", MAX_STREAMS_PER_CONNECTION),
        ("grpc.http2.min_ping_interval_without_data_ms", interval_ms),
        ("grpc.http2.max_ping_strikes", 2 if interval_ms else 0),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.so_reuseport", 0),
        ("grpc.enable_channelz", 1),
    ]
