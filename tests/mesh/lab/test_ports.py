"""A port of the lab is nobody else's, and refuses connections until an Envoy listens."""

import socket
import sys

import pytest

from mesh.lab.ports import LOOPBACK, Port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ports are held on Linux only")


def test_no_two_ports_are_the_same():
    ports = [Port() for _ in range(100)]
    try:
        assert len({port.number for port in ports}) == len(ports)
    finally:
        for port in ports:
            port.release()


def test_a_held_port_cannot_be_taken_by_a_stranger_and_connects_to_nobody():
    port = Port()
    try:
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind((LOOPBACK, port.number))
        with socket.socket() as client, pytest.raises(ConnectionRefusedError):
            client.connect((LOOPBACK, port.number))
    finally:
        port.release()


def test_a_sharing_listener_gets_every_connection():
    port = Port()
    try:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.bind((LOOPBACK, port.number))
            listener.listen(64)
            listener.settimeout(5)
            for _ in range(20):
                with socket.create_connection((LOOPBACK, port.number), timeout=5) as client:
                    accepted, peer = listener.accept()
                    accepted.close()
                    assert peer == client.getsockname()
    finally:
        port.release()


def test_a_released_port_is_free_again():
    port = Port()
    port.release()
    with socket.socket() as other:
        other.bind((LOOPBACK, port.number))
        assert other.getsockname()[1] == port.number
