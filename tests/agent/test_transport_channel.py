from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from grpc._cython import cygrpc  # type: ignore[attr-defined]

from agent.config import AgentConfig
from agent.transport_channel import PING_TIMEOUT_MS, arguments, is_loopback, target

Configs = Callable[..., AgentConfig]


def test_every_argument_is_one_that_grpc_knows(config: Configs) -> None:
    """A wrong name is ignored without a word, so each must occur in gRPC's own library."""
    library = Path(cygrpc.__file__).read_bytes()
    for name, _ in arguments(config(keep_alive_ping_interval=30.0)):
        assert name.encode() + b"\0" in library, name


def test_sizes_follow_the_settings(config: Configs) -> None:
    given = dict(arguments(config(max_message_size=12345)))
    assert given["grpc.max_send_message_length"] == given["grpc.max_receive_message_length"] == 12345
    assert given["grpc.max_metadata_size"] == given["grpc.absolute_max_metadata_size"]


def test_pings_go_on_for_as_long_as_the_stream_is_quiet(config: Configs) -> None:
    given = dict(arguments(config(keep_alive_ping_interval=30.0)))
    assert given["grpc.keepalive_time_ms"] == 30_000
    assert given["grpc.http2.max_pings_without_data"] == 0
    assert given["grpc.http2.ping_timeout_ms"] == PING_TIMEOUT_MS


def test_without_an_interval_there_are_no_pings(config: Configs) -> None:
    assert not [name for name, _ in arguments(config()) if "keepalive" in name or "ping" in name]


def test_a_channel_neither_retries_nor_shares_connections(config: Configs) -> None:
    given = dict(arguments(config()))
    assert given["grpc.enable_retries"] == 0
    assert given["grpc.use_local_subchannel_pool"] == 1


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("agent.localhost", True),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("principal.argocd.svc", False),
    ],
)
def test_no_proxy_is_asked_about_this_machine(config: Configs, host: str, own: bool) -> None:
    assert is_loopback(host) is own
    assert dict(arguments(config(server_address=host)))["grpc.enable_http_proxy"] == (0 if own else 1)


def test_addresses_are_written_as_urls_have_them(config: Configs) -> None:
    assert target(config(8443, server_address="principal")) == "principal:8443"
    assert target(config(8443, server_address="::1")) == "[::1]:8443"


def test_this_grpc_is_the_one_whose_arguments_were_measured() -> None:
    assert tuple(int(part) for part in grpc.__version__.split(".")[:2]) >= (1, 85)
