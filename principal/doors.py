"""Which door a principal has, and who asks about those that come to it."""

import contextlib
from typing import Final

from principal.attest import Attestor
from principal.auth.header import HeaderMethod
from principal.auth.security import Security
from principal.clock import Clock
from principal.config import Attest, PrincipalConfig
from principal.door.options import DoorOptions
from principal.door.server import OwnDoor
from principal.door.sockets import TcpOptions
from principal.kernel import Kernel, LookupFailed
from principal.rpc import Door, DoorError, Service
from principal.sockdiag import Address, Endpoint, Owned

OWN: Final = "own"
"""The `server_transport` that is the principal's own door; any other is gRPC's server."""


MAX_UNARY: Final = 1024 * 1024
"""Bytes of a unary call's request. They hold credentials and tokens, some kilobytes; and whoever sends one has not been
asked yet who he is, so that 200 MiB of `--max-grpc-message-size` would be memory for anybody."""


def make_door(config: PrincipalConfig, service: Service, *, security: Security, attestor: Attestor | None) -> Door:
    """The door that `config` asks for, not yet open."""
    if config.server_transport != OWN:
        # Loaded where it is wanted only: gRPC's core takes 8 MB, and threads of its own as it serves.
        from principal.door_grpcio import GrpcioDoor  # noqa: PLC0415 - see above

        return GrpcioDoor(
            service,
            host=config.listen_host,
            port=config.listen_port,
            max_message=config.max_message_size,
            ping_min_interval=config.keepalive_min_interval,
            tls=security.tls,
            attestor=attestor,
        )
    return OwnDoor(
        service,
        host=config.listen_host,
        port=config.listen_port,
        options=_options(config, security),
        tls=security.tls,
        attestor=attestor,
    )


def make_attestor(config: PrincipalConfig, clock: Clock, stack: contextlib.ExitStack) -> Attestor | None:
    """Who asks about connections, None where nobody does. The kernel is tried out; DoorError when that fails here."""
    if config.attest is Attest.NETNS:
        return Attestor(
            _kernel(stack),
            uids=config.sidecar_uids,
            wall=clock.wall,
            monotonic=clock.monotonic,
            networks=config.header_peers,
        )
    if config.attest is Attest.SOCKET_FILE and config.sidecar_uids:
        return Attestor(NoTcp(), uids=config.sidecar_uids, wall=clock.wall, monotonic=clock.monotonic)
    return None


class NoTcp:
    """What there is to look up where all connections come by a unix socket: nothing."""

    def owner(self, *, local: Endpoint, remote: Endpoint) -> Owned | None:
        """LookupFailed."""
        raise LookupFailed(f"only unix sockets are listened on, and {local} to {remote} is TCP")

    def addresses(self) -> list[Address]:
        """None."""
        return []


def _options(config: PrincipalConfig, security: Security) -> DoorOptions:
    method = security.method
    return DoorOptions(
        max_message=config.max_message_size,
        max_unary=min(MAX_UNARY, config.max_message_size),
        ping_min_interval=config.keepalive_min_interval,
        tcp=TcpOptions(
            keepalive_time=config.tcp_keepalive_time,
            keepalive_interval=config.tcp_keepalive_interval,
            keepalive_probes=config.tcp_keepalive_probes,
            user_timeout=config.tcp_user_timeout,
        ),
        websocket=config.enable_websocket,
        identity_header=method.header if isinstance(method, HeaderMethod) else "",
    )


def _kernel(stack: contextlib.ExitStack) -> Kernel:
    try:
        kernel = Kernel()
        stack.callback(kernel.close)
        kernel.check()
    except LookupFailed as error:
        remedy = "--attest=off on 127.0.0.1 does without, and believes every process of the pod"
        raise DoorError(f"connections can't be attested here: {error} ({remedy})") from error
    return kernel
