"""A server of h2's making for one connection after another: keeps what callers sent, answers what it was told to."""

import socket
import threading
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded

from principal.door.wire import Headers

FRAME = 16_384
"""Bytes of a frame that every client takes."""


@dataclass
class Script:
    """What is answered to the next call: headers, body and trailers; without headers the trailers alone."""

    headers: Headers = field(default_factory=list)
    body: bytes = b""
    trailers: Headers = field(default_factory=list)


@dataclass
class Captured:
    """What a call sent."""

    headers: Headers
    pieces: list[bytes] = field(default_factory=list)


class CapturingServer:
    """Listens on loopback in a thread of its own until it is closed."""

    def __init__(self) -> None:
        self.script = Script()
        self.calls: list[Captured] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        # A thread in accept() is not woken by a close alone.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for accepted in self._open:
            accepted.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(accepted)
            with accepted:
                self._serve(accepted)
            self._open.remove(accepted)

    def _serve(self, accepted: socket.socket) -> None:
        connection = H2Connection(H2Configuration(client_side=False, validate_inbound_headers=False))
        connection.initiate_connection()
        streams: dict[int, Captured] = {}
        while True:
            accepted.sendall(connection.data_to_send())
            data = accepted.recv(65536)
            if not data:
                return
            for event in connection.receive_data(data):
                if isinstance(event, RequestReceived):
                    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers or ()]
                    streams[event.stream_id] = Captured(fields)
                elif isinstance(event, DataReceived):
                    streams[event.stream_id].pieces.append(event.data or b"")
                    connection.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
                elif isinstance(event, StreamEnded):
                    self.calls.append(streams.pop(event.stream_id))
                    self._answer(connection, event.stream_id)

    def _answer(self, connection: H2Connection, stream: int) -> None:
        script = self.script
        if script.headers:
            connection.send_headers(stream, _raw(script.headers))
            for start in range(0, len(script.body), FRAME):
                connection.send_data(stream, script.body[start : start + FRAME])
        connection.send_headers(stream, _raw(script.trailers), end_stream=True)


def _raw(fields: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
