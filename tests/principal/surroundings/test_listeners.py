"""Who listens, from the kernel's own table."""

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from principal.surroundings.listeners import listening
from tests.conftest import missing

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def test_listeners_are_found_and_connections_are_not() -> None:
    text = HEAD + (
        "   0: 00000000:3A9E 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1337        0 1 1 0 100\n"
        "   1: 0100007F:20FB 0100007F:A001 01 00000000:00000000 00:00000000 00000000  1337        0 2 1 0 100\n"
        "   2: 00000000000000000000000000000000:102F 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 3\n"
    )
    assert listening(text) == {15006, 4143}


@given(st.text(max_size=300))
def test_any_text_gives_ports_or_nothing(text: str) -> None:
    assert all(0 <= port <= 0xFFFF for port in listening(HEAD + text))


@pytest.mark.parametrize(("family", "table"), [(socket.AF_INET, "tcp"), (socket.AF_INET6, "tcp6")])
def test_a_real_listener_is_in_the_real_table(family: socket.AddressFamily, table: str) -> None:
    path = Path("/proc/net") / table
    if not path.exists():
        missing(f"no {path}")
    with socket.create_server(("127.0.0.1" if family == socket.AF_INET else "::1", 0), family=family) as server:
        port = server.getsockname()[1]
        assert port in listening(path.read_text())
    assert port not in listening(path.read_text())
