"""The door that grpcio's asynchronous server keeps: HTTP/2, plaintext for a sidecar on the same loopback, or with TLS.

It turns grpcio's calls into `rpc` values and back, on raw bytes: the hub decodes. gRPC core's own defaults are traps
(spec envoy §3, python §6), so every limit that matters is set here, explicitly.
"""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import grpc
import grpc.aio
import structlog
from grpc_channelz.v1 import channelz_pb2
from grpc_channelz.v1.channelz import ChannelzServicer

from principal import outlet
from principal.attest import Attestor
from principal.connections import Connections
from principal.kernel import LookupFailed
from principal.listening import places, unix_path
from principal.outlet import Outlet
from principal.rpc import (
    OK,
    CallInfo,
    Code,
    ConnectionInfo,
    ConnectionStats,
    DoorError,
    Kind,
    RpcError,
    Service,
    Status,
    StreamHandler,
)
from principal.sockdiag import Address, Endpoint
from principal.socketfile import SocketFile
from principal.tls import Tls, TlsMaterial

log = structlog.stdlib.get_logger(__name__)

MAX_METADATA_BYTES: Final = 64 * 1024
"""Bytes of request metadata. Core's soft limit of 8 kB refuses longer XFCC headers at random; soft and hard limit are
set to the same value, so that a header is accepted or refused for good (spec reliability §0.6). One Cert and Chain
through two hops need about 8 kB; Envoy itself stops at 60 kB."""

MAX_STREAMS_PER_CONNECTION: Final = 10_000
"""Streams on one connection: a sidecar pools all agents of its mesh on few connections."""

PORT_TRIES: Final = 5
"""Free ports that are tried until one is free at every address."""

STATS_PAGE: Final = 0
"""Channelz page size: 0 lets it choose its own maximum."""


_Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"


@dataclass(slots=True)
class _Listener:
    """One gRPC server.

    A door that attests has one for each of its addresses: gRPC tells the peer of a call but not our own end of its
    connection, and only both together name it.
    """

    server: grpc.aio.Server
    own: Address | None
    """The one address that it listens on; None where that is several, or a unix socket."""
    port: int = 0

    def end(self) -> Endpoint | None:
        """Our end of its connections, if it is one."""
        return None if self.own is None else Endpoint(self.own, self.port)


class GrpcioDoor:
    """Serves `service` with grpc.aio on `host`:`port` (0 takes a free one), or on the socket file of a `unix:` host.

    Plaintext, unless `tls` is given. With an `attestor`, each call's connection is looked up before any of its headers
    is believed.
    """

    def __init__(
        self,
        service: Service,
        *,
        host: str,
        port: int,
        max_message: int,
        ping_min_interval: float,
        tls: Tls | None = None,
        attestor: Attestor | None = None,
    ) -> None:
        path = unix_path(host)
        self.address = host if path is not None else f"{host or '[::]'}:{port}"
        self._service = service
        self._host = host
        self._port = port
        self._arguments = _options(max_message, ping_min_interval)
        self._credentials = _credentials(tls) if tls is not None else None
        self._attestor = attestor
        self._file = SocketFile(path) if path is not None else None
        self._listeners: list[_Listener] = []
        self._connections = Connections("grpcio")

    async def start(self) -> None:
        """Listen; DoorError when the address is taken or not ours."""
        for tries_left in reversed(range(PORT_TRIES)):
            try:
                self._bind()
                break
            except DoorError:
                await self.stop(0)
                if self._port or not tries_left:
                    raise
        for listener in self._listeners:
            await listener.server.start()
        if self._file is not None:
            try:
                self._file.publish()
            except DoorError:
                await self.stop(0)
                raise

    async def stop(self, grace: float) -> None:
        """Refuse new calls, give open ones `grace` seconds, then close."""
        listeners, self._listeners = self._listeners, []
        await asyncio.gather(*(listener.server.stop(grace) for listener in listeners))
        if self._file is not None:
            self._file.remove()

    def _bind(self) -> None:
        if self._file is not None:
            if self._attestor is not None:
                # All its connections have the same peer, `unix:`: nothing tells which one a call came on.
                raise DoorError(
                    f"can't attest connections to {self.address}: gRPC's server keeps its sockets to itself"
                )
            self._add(f"unix:{self._file.prepare()}", None)
            return
        try:
            found = places(self._host, self._attestor.addresses if self._attestor is not None else None)
        except (LookupFailed, OSError, ValueError) as error:
            raise DoorError(f"can't listen on {self._host or 'every address'}: {error}") from error
        port, bound = self._port, []
        for place in found:
            port = self._add(f"{place.host}:{port}", place.own)
            bound.append(f"{place.host}:{port}")
        self.address = ", ".join(bound)

    def _add(self, where: str, own: Address | None) -> int:
        """Bind one more server; the port that it got."""
        server = grpc.aio.server(options=self._arguments)
        listener = _Listener(server, own)
        server.add_generic_rpc_handlers((_Handlers(self, listener),))
        try:
            if self._credentials is None:
                port = server.add_insecure_port(where)
            else:
                port = server.add_secure_port(where, self._credentials)
        except RuntimeError as error:
            raise DoorError(f"can't listen on {where}: the address is in use or not ours") from error
        listener.port = port
        self._listeners.append(listener)
        return port

    def connection_stats(self) -> Mapping[str, ConnectionStats]:
        """HTTP/2 PINGs sent on each open connection, as channelz counts them."""
        pings = _pings_by_peer()
        return {info.id: ConnectionStats(pings_sent=pings.get(info.peer, 0)) for info in self._connections.open()}

    def kind(self, method: str) -> Kind | None:
        """How the service is called at `method`."""
        return self._service.kind(method)

    async def unary(self, request: bytes, context: _Context, method: str, listener: _Listener) -> bytes:
        """Serve one unary call."""
        with self._connection(context, listener) as info:
            try:
                self._attest(context, method, listener)
                return await self._service.unary(method, request, _call(context, info))
            except RpcError as error:
                await _abort(context, error.status)
                raise  # not reached: abort raises

    async def stream(self, context: _Context, method: str, listener: _Listener) -> None:
        """Serve one bidirectional stream until either side ends it."""
        with self._connection(context, listener) as info:
            sink = Outlet()
            try:
                self._attest(context, method, listener)
                handler = self._service.open_stream(method, _call(context, info), sink)
            except RpcError as error:
                await _abort(context, error.status)
                return
            sink.handler = handler
            try:
                # At once: a proxy's request time-out runs until the first response header (spec envoy §2, I').
                await context.send_initial_metadata(())
                status = await _serve(context, sink, handler)
                if status.code is not Code.OK:
                    async with asyncio.timeout(outlet.END_GRACE):
                        await _abort(context, status)
            except TimeoutError:
                # The peer reads nothing, not even the status. gRPC sends it should it ever read; nobody waits.
                log.debug("stream left to its transport", connection=info.id, peer=info.peer)
            finally:
                handler.on_closed("the stream was cancelled")

    def _attest(self, context: _Context, method: str, listener: _Listener) -> None:
        """UNAUTHENTICATED unless the call's connection is the sidecar's."""
        if self._attestor is not None:
            self._attestor.check(peer=context.peer(), own=listener.end(), method=method)

    def _connection(self, context: _Context, listener: _Listener) -> AbstractContextManager[ConnectionInfo]:
        certificate = _certificate(context) if self._credentials is not None else b""
        return self._connections.call(own=listener.own, peer=context.peer(), certificate=certificate)


async def _serve(context: _Context, sink: Outlet, handler: StreamHandler) -> Status:
    writer = sink.writer = asyncio.create_task(sink.drain(context.write))
    reader = asyncio.create_task(_read(context, handler, sink))
    try:
        done, _ = await asyncio.wait((writer, reader), return_when=asyncio.FIRST_COMPLETED)
        if writer not in done and reader.exception() is None:
            # The end of the requests is not a goodbye: grpcio reports a dead client the same way (spec envoy §3).
            # Whoever does not end the stream now has more to send.
            handler.on_half_closed()
            await asyncio.wait((writer,))
        if writer.done() and sink.status is not None and (writer.cancelled() or writer.exception() is None):
            return sink.status
        failed = writer.exception() if writer.done() else reader.exception()
        handler.on_closed(f"transport: {failed}")
        return OK
    finally:
        for task in (writer, reader):
            task.cancel()
        await asyncio.gather(writer, reader, return_exceptions=True)


async def _read(context: _Context, handler: StreamHandler, sink: Outlet) -> None:
    while True:
        # Every message may be answered by an ack: who takes none is not listened to, or acks would pile up here.
        await sink.room.wait()
        message: object = await context.read()  # bytes, or grpc.aio.EOF
        if not isinstance(message, bytes):
            return
        sink.received += 1
        handler.on_message(message)


async def _abort(context: _Context, status: Status) -> None:
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    # Values of `-bin` names are bytes to grpcio, and text of one character a byte to everybody else here.
    trailers = tuple(
        (name, value.encode("latin-1") if name.endswith("-bin") else value) for name, value in status.trailers
    )
    await context.abort(code, status.message, trailers)


def _call(context: _Context, info: ConnectionInfo) -> CallInfo:
    metadata = tuple(
        (key, value if isinstance(value, str) else value.decode("latin-1"))
        for key, value in context.invocation_metadata() or ()
    )
    return CallInfo(metadata=metadata, connection=info)


def _certificate(context: _Context) -> bytes:
    """DER of the certificate that gRPC has verified for this call's connection; empty without."""
    pem = list(context.auth_context().get("x509_pem_cert", ()))
    return ssl.PEM_cert_to_DER_cert(pem[0].decode("ascii")) if len(pem) == 1 else b""


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    """Credentials that serve each new connection with what `tls` has then.

    gRPC's server negotiates TLS 1.2 or 1.3 with cipher suites of its own; it has no argument that chooses either.
    """
    served = tls.material

    def configuration(material: TlsMaterial) -> grpc.ServerCertificateConfiguration:
        return grpc.ssl_server_certificate_configuration([(material.key, material.certificate)], material.roots)

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        # Called by gRPC's threads at each handshake; None means that nothing has changed.
        nonlocal served
        material = tls.material
        if material == served:
            return None
        served = material
        return configuration(material)

    first = configuration(served)
    # The stubs don't know that None is documented.
    return grpc.dynamic_ssl_server_credentials(first, fetch, tls.require_client_certs)  # type: ignore[arg-type]


class _Handlers(grpc.GenericRpcHandler):
    """All methods on raw bytes: what a method is, and whether it is known, the service decides."""

    def __init__(self, door: GrpcioDoor, listener: _Listener) -> None:
        self._door = door
        self._listener = listener

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The handler of one call's method; None makes grpcio answer UNIMPLEMENTED."""
        method = handler_call_details.method
        kind = self._door.kind(method)
        if kind is Kind.STREAM:

            async def stream(_requests: object, context: _Context) -> None:
                await self._door.stream(context, method, self._listener)

            return grpc.stream_stream_rpc_method_handler(stream)
        if kind is Kind.UNARY:

            async def unary(request: bytes, context: _Context) -> bytes:
                return await self._door.unary(request, context, method, self._listener)

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
